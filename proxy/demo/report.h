// What the demo measured in a lane, and the verdict on it.
#pragma once

#include <span>
#include <string>

#include "proxy/demo/client.h"

namespace sse_proxy::stage {

// On one machine an event is there within a millisecond; the rest is room for a busy one.
inline constexpr milliseconds kGoodLag{250};

struct Figures {
  size_t events = 0;  // intact and in their order
  size_t damaged = 0;
  microseconds median_lag{0};
  microseconds worst_lag{0};
  size_t lumps = 0;  // of several events that were sent apart and arrived together
  size_t cuts = 0;
  size_t keepalives = 0;
  bool ended = false;  // cleanly
};

Figures measure(std::span<const Sight> sights);
// Everything arrived, at once, whole, and without being cut.
bool is_right(const Figures& figures);

std::string in_seconds(microseconds time);  // "1.23s"
std::string as_lag(microseconds lag);       // "0.4 ms", "12 ms", "4.2 s"

// "11 of 11 events", "median lag 0.4 ms, worst 1.1 ms", "no lump, 1 cut, 3 keep-alives"
std::string events_in_words(const Figures& figures);
std::string lags_in_words(const Figures& figures);
std::string faults_in_words(const Figures& figures);
// One line.
std::string verdict(const Figures& without, const Figures& with);

}  // namespace sse_proxy::stage
