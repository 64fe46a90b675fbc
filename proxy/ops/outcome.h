// Why an exchange ended, as the access log and the metrics say it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sse_proxy {

enum class Outcome : uint8_t {
  complete,         // the response was passed on whole
  refused,          // an answer of our own
  reconnect,        // `retry:` in place of our own error (rule 14)
  error_event,      // an early head, then the error as an event (rule 12)
  client_gone,      // the client left first
  upstream_failed,  // the response was cut off
  drained,          // ended at a boundary because the proxy stops
  too_old,          // ended at a boundary at sse.max_stream_age
  aborted,          // cut off because the proxy stops
  idle_timeout,     // a tunnel on which nothing moved
  ended_by_admin,   // DELETE /streams/ID
};

// In the order of the enumerators.
inline constexpr std::array<std::string_view, 11> kOutcomeNames = {
    "complete", "refused",        "reconnect", "error-event",  "client-gone", "upstream-failed",
    "drained",  "max-stream-age", "aborted",   "idle-timeout", "admin"};

[[nodiscard]] constexpr std::string_view name_of(Outcome outcome) noexcept {
  return kOutcomeNames[static_cast<size_t>(outcome)];
}

}  // namespace sse_proxy
