#include "proxy/ops/access_log.h"

#include <array>
#include <span>

#include "proxy/ops/log.h"

namespace sse_proxy {

void write_access_line(const AccessLine& line) {
  if (!log::enabled(LogLevel::info)) return;
  std::array<log::Field, 16> fields;
  size_t count = 0;
  const auto add = [&](const log::Field& field) { fields[count++] = field; };
  const EventStreamStats* const stream = line.stream;
  add({"client", line.client});
  if (!line.peer.empty()) add({"peer", line.peer});
  add({"method", line.method});
  add({"path", line.path});
  add({"status", int64_t{line.status}});
  add({"in", line.request_bytes});
  add({"out", stream == nullptr ? line.response_bytes : stream->bytes});
  add({"ms", static_cast<int64_t>(line.duration.count())});
  if (stream != nullptr) {
    add({"events", stream->events});
    add({"keepalives", uint64_t{stream->keepalives}});
    add({"partial_releases", uint64_t{stream->partial_releases}});
    add({"longest_silence_ms", static_cast<int64_t>(stream->longest_silence.count())});
  }
  add({"end", name_of(line.outcome)});
  add({"id", line.id});
  const char* const what = stream != nullptr ? "stream" : line.upgraded ? "tunnel" : "exchange";
  log::write(LogLevel::info, what, std::span(fields).first(count));
}

}  // namespace sse_proxy
