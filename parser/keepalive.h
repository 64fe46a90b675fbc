// When a keep-alive is due, and what its bytes are. Where it may go, the event stream knows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "parser/clock.h"

namespace sse_proxy {

// What to write when a stream falls silent, ready to be sent. Built once per route and shared by its streams.
struct KeepaliveText {
  std::string at_boundary;  // comment (with its blank line in `block` form), or the named event
  std::string at_line_end;  // bare comment line, after a partial release; empty: nothing may go there
};

// `comment` has no line end in it. `padding` fills comments with spaces to that many bytes, line ends
// included.
KeepaliveText comment_keepalive(std::string_view comment, bool blank_line, size_t padding);
// `event: NAME` with `data: {}`; it is a whole event, so it can go at boundaries only.
KeepaliveText event_keepalive(std::string_view event_name);

// KeepaliveClock says when the next keep-alive is due.
//   Owned by  its event stream. Thread: its owner's.
// Due times come up to 10 % early, jittered, so that ten thousand streams don't share a tick.
class KeepaliveClock {
 public:
  // `interval` and `first` of 0 mean never. `seed` makes the jitter; equal seeds give equal clocks.
  KeepaliveClock(Millis interval, Millis first, TimePoint head_written, uint64_t seed) noexcept;

  enum class Wrote : uint8_t {
    upstream_bytes,
    keepalive,
    anything_else
  };  // the first two end the wait for the first
  // Bytes went to the client: silence counts from here.
  void on_written(Wrote what, TimePoint now) noexcept;
  [[nodiscard]] TimePoint due() const noexcept;

 private:
  [[nodiscard]] Millis early(Millis span) noexcept;

  Millis interval_;
  Millis wait_;  // until the next one: a little less than the interval, drawn anew for each
  TimePoint silent_since_;
  TimePoint first_due_ = kNever;
  uint64_t random_;
};

}  // namespace sse_proxy
