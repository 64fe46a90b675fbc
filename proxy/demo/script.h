// What the demo's origin says: a fixed script of events, and how an event looks on the wire.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sse_proxy::stage {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// The one clock of the demo: every part runs in this process, so send and arrival times compare.
microseconds clock_now();

struct Line {
  milliseconds pause;      // before the event is sent
  std::string_view text;   // the event's payload
  std::string_view title;  // how the screen shows it, where the payload itself is too long
  [[nodiscard]] std::string_view shown() const { return title.empty() ? text : title; }
};

inline constexpr milliseconds kSilence{3600};     // the origin's longest pause
inline constexpr milliseconds kPatience{3000};    // of the middlebox, with a silent upstream
inline constexpr size_t kHeldBytes = 4096;        // by the middlebox, unless told not to
inline constexpr milliseconds kPauseAtEnd{200};   // after the last event
inline constexpr milliseconds kKeepalive{1000};   // of the proxy
inline constexpr milliseconds kTimeLimit{20000};  // a lane that is not over by then is given up

std::span<const Line> script();
// The first event that comes after the long silence.
size_t first_after_silence();

// The demo's clients ask for the long texts; who tries the stream with curl sees titles in their place.
inline constexpr std::string_view kWithLongTexts = "/events?long-texts";

// An event in two pieces. The tear is in the middle of its text, inside a UTF-8 character where there is one.
std::string event_start(size_t index, std::string_view text);
std::string event_rest(std::string_view text, microseconds sent);

// One event as it must arrive (without the blank line that ends it), and what a client reads out of it.
struct Received {
  size_t index;
  microseconds sent;
  bool intact;  // byte for byte what was sent
};
std::optional<Received> read_event(std::string_view block);

}  // namespace sse_proxy::stage
