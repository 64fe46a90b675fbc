#include "parser/keepalive.h"

#include <algorithm>

namespace sse_proxy {
namespace {

std::string padded(std::string line, size_t line_ends, size_t padding) {
  if (line.size() + line_ends < padding) line.append(padding - line.size() - line_ends, ' ');
  return line.append(line_ends, '\n');
}

// splitmix64: one addition of state, good enough for jitter.
uint64_t next_random(uint64_t& state) noexcept {
  uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

KeepaliveText comment_keepalive(std::string_view comment, bool blank_line, size_t padding) {
  const std::string line = comment.empty() ? ":" : ": " + std::string(comment);
  return {padded(line, blank_line ? 2 : 1, padding), padded(line, 1, padding)};
}

KeepaliveText event_keepalive(std::string_view event_name) {
  return {"event: " + std::string(event_name) + "\ndata: {}\n\n", ""};
}

KeepaliveClock::KeepaliveClock(Millis interval, Millis first, TimePoint head_written, uint64_t seed) noexcept
    : interval_(interval), silent_since_(head_written), random_(seed) {
  wait_ = early(interval_);
  if (interval_ > Millis::zero() && first > Millis::zero()) first_due_ = head_written + early(first);
}

void KeepaliveClock::on_written(Wrote what, TimePoint now) noexcept {
  if (what != Wrote::anything_else) first_due_ = kNever;
  if (what == Wrote::keepalive) wait_ = early(interval_);
  silent_since_ = now;
}

TimePoint KeepaliveClock::due() const noexcept {
  return interval_ == Millis::zero() ? kNever : std::min(silent_since_ + wait_, first_due_);
}

Millis KeepaliveClock::early(Millis span) noexcept {
  const auto tenth = static_cast<uint64_t>(span.count()) / 10;
  return span - Millis(next_random(random_) % (tenth + 1));
}

}  // namespace sse_proxy
