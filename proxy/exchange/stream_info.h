// A live event stream as the admin listener shows it.
#pragma once

#include <cstdint>
#include <string>

#include "parser/clock.h"
#include "parser/ip_address.h"

namespace sse_proxy {

// A copy, so that it can leave the worker's thread.
struct StreamInfo {
  uint32_t number = 0;  // of its worker
  PeerAddress client;
  std::string method;
  std::string path;  // without its query, which may hold secrets
  std::string upstream;
  Millis age{0};
  uint64_t events = 0;
  uint64_t bytes = 0;  // decoded
  uint32_t keepalives = 0;
  uint32_t partial_releases = 0;
  Millis silence{0};  // of the upstream, now
  Millis longest_silence{0};
  size_t queued = 0;  // bytes that the client has yet to take
  size_t held = 0;    // of an incomplete event
};

}  // namespace sse_proxy
