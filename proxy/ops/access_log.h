// One line per finished exchange.
#pragma once

#include <cstdint>
#include <string_view>

#include "parser/event_stream.h"
#include "proxy/ops/outcome.h"

namespace sse_proxy {

struct AccessLine {
  std::string_view client;  // its address, as far as whoever stands in front can be trusted
  std::string_view peer;    // the other end of the connection; empty: the client
  std::string_view id;      // X-Request-Id
  std::string_view method;
  std::string_view path;
  int status;              // 0: none was sent
  uint64_t request_bytes;  // bodies, as they came
  uint64_t response_bytes;
  Millis duration;
  Outcome outcome;
  bool upgraded;                   // a tunnel: the bytes are those of its two directions
  const EventStreamStats* stream;  // null for what is no event stream
};

void write_access_line(const AccessLine& line);

}  // namespace sse_proxy
