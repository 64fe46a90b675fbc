// Time as everything below proxy/ sees it: an argument, in milliseconds, never read from the system here.
#pragma once

#include <chrono>

namespace sse_proxy {

using Millis = std::chrono::milliseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Millis>;

inline constexpr TimePoint kNever = TimePoint::max();

}  // namespace sse_proxy
