#include "proxy/net/timer_wheel.h"

#include <algorithm>

namespace sse_proxy {

void Timer::unlink() noexcept {
  if (link_ == nullptr) return;
  *link_ = next_;
  if (next_ != nullptr) next_->link_ = link_;
  next_ = nullptr;
  link_ = nullptr;
}

TimerWheel::TimerWheel(TimePoint now) noexcept
    : done_(static_cast<uint64_t>(now.time_since_epoch() / kTick)) {}

// Rounded up: a timer may not fire early.
uint64_t TimerWheel::tick_of(TimePoint time) noexcept {
  return static_cast<uint64_t>((time.time_since_epoch() + kTick - Millis(1)) / kTick);
}

void TimerWheel::link(Timer& timer, Timer** list) noexcept {
  timer.next_ = *list;
  timer.link_ = list;
  if (*list != nullptr) (*list)->link_ = &timer.next_;
  *list = &timer;
}

void TimerWheel::schedule(Timer& timer, TimePoint deadline) noexcept {
  if (deadline == kNever) {
    timer.unlink();
    return;
  }
  if (timer.linked() && timer.deadline_ <= deadline) return;
  timer.unlink();
  timer.deadline_ = deadline;
  const uint64_t tick = std::max(tick_of(deadline), done_ + 1);
  link(timer, &slots_[tick % kSlots]);
  wake_ = std::min(wake_, tick);
}

void TimerWheel::advance(TimePoint now) {
  const auto target = static_cast<uint64_t>(now.time_since_epoch() / kTick);
  if (target <= done_) return;
  const uint64_t last = std::min(target, done_ + kSlots);  // a full rotation visits every slot
  for (uint64_t tick = done_ + 1; tick <= last; ++tick) {
    for (Timer* timer = slots_[tick % kSlots]; timer != nullptr;) {
      Timer* const next = timer->next_;
      if (timer->deadline_ <= now) {
        timer->unlink();
        link(*timer, &due_);
      }
      timer = next;
    }
  }
  done_ = target;
  wake_ = UINT64_MAX;
  while (due_ != nullptr) {
    Timer& timer = *due_;
    timer.unlink();
    timer.on_timer(now);
  }
  for (uint64_t tick = done_ + 1; tick <= done_ + kSlots; ++tick) {
    if (slots_[tick % kSlots] == nullptr) continue;
    wake_ = tick;
    break;
  }
}

TimePoint TimerWheel::next_wake() const noexcept {
  if (wake_ == UINT64_MAX) return kNever;
  return TimePoint(wake_ * kTick);
}

}  // namespace sse_proxy
