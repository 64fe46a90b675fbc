#include "proxy/ops/access_log.h"

#include "proxy/ops/log.h"

namespace sse_proxy {

std::string_view name_of(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::complete: return "complete";
    case Outcome::refused: return "refused";
    case Outcome::reconnect: return "reconnect";
    case Outcome::error_event: return "error-event";
    case Outcome::client_gone: return "client-gone";
    case Outcome::upstream_failed: return "upstream-failed";
    case Outcome::drained: return "drained";
    case Outcome::too_old: return "max-stream-age";
    case Outcome::aborted: return "aborted";
  }
  return "";
}

void write_access_line(const AccessLine& line) {
  const auto duration = static_cast<int64_t>(line.duration.count());
  if (line.stream == nullptr) {
    return log::info("exchange", {{"client", line.client},
                                  {"method", line.method},
                                  {"path", line.path},
                                  {"status", int64_t{line.status}},
                                  {"in", line.request_bytes},
                                  {"out", line.response_bytes},
                                  {"ms", duration},
                                  {"end", name_of(line.outcome)}});
  }
  const EventStreamStats& stream = *line.stream;
  log::info("stream", {{"client", line.client},
                       {"method", line.method},
                       {"path", line.path},
                       {"status", int64_t{line.status}},
                       {"in", line.request_bytes},
                       {"out", stream.bytes},
                       {"ms", duration},
                       {"events", stream.events},
                       {"keepalives", uint64_t{stream.keepalives}},
                       {"partial_releases", uint64_t{stream.partial_releases}},
                       {"longest_silence_ms", static_cast<int64_t>(stream.longest_silence.count())},
                       {"end", name_of(line.outcome)}});
}

}  // namespace sse_proxy
