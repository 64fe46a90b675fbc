#include "proxy/net/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace sse_proxy {

void Timer::unlink() noexcept {
  if (link_ == nullptr) return;
  *link_ = next_;
  if (next_ != nullptr) next_->link_ = link_;
  next_ = nullptr;
  link_ = nullptr;
}

template <size_t Size>
uint64_t TimerSlots<Size>::next(uint64_t from) noexcept {
  const size_t first = from % Size;
  for (size_t i = 0; i <= kWords; ++i) {  // the first word is looked at twice: from `first` on, and up to it
    const size_t word = (first / 64 + i) % kWords;
    const uint64_t from_first = ~uint64_t{0} << (first % 64);
    const uint64_t mask = i == 0 ? from_first : i == kWords ? ~from_first : ~uint64_t{0};
    for (uint64_t left = filled_[word] & mask; left != 0; left &= left - 1) {
      const size_t slot = word * 64 + static_cast<size_t>(std::countr_zero(left));
      if (slots_[slot] != nullptr) return from + (slot + Size - first) % Size;
      filled_[word] &= ~(left & -left);
    }
  }
  return UINT64_MAX;
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
  wake_ = std::min(wake_, place(timer));
}

// Links it where it belongs; the tick at which there is something to do about it.
uint64_t TimerWheel::place(Timer& timer) noexcept {
  const uint64_t tick = std::max(tick_of(timer.deadline_), done_ + 1);
  if (tick - done_ <= kSlots) {
    link(timer, &ticks_.fill(tick));
    return tick;
  }
  const uint64_t round = std::min(tick / kSlots, done_ / kSlots + kRounds - 1);
  link(timer, &rounds_.fill(round));
  return round * kSlots;
}

void TimerWheel::open_round(uint64_t round) noexcept {
  while (Timer* const timer = rounds_.at(round)) {
    timer->unlink();
    place(*timer);
  }
}

uint64_t TimerWheel::next_tick() noexcept {
  const uint64_t round = rounds_.next(done_ / kSlots + 1);
  return std::min(ticks_.next(done_ + 1), round == UINT64_MAX ? round : round * kSlots);
}

void TimerWheel::advance(TimePoint now) {
  const auto target = static_cast<uint64_t>(now.time_since_epoch() / kTick);
  if (target < wake_) {
    done_ = std::max(done_, target);
    return;
  }
  Timer** last = &due_;  // after a sleep that was too long, what was due first fires first
  for (uint64_t tick; (tick = next_tick()) <= target; done_ = tick) {
    done_ = tick - 1;
    if (tick % kSlots == 0) open_round(tick / kSlots);
    while (Timer* const timer = ticks_.at(tick)) {
      timer->unlink();
      link(*timer, last);
      last = &timer->next_;
    }
  }
  done_ = std::max(done_, target);
  while (due_ != nullptr) {
    Timer& timer = *due_;
    timer.unlink();
    timer.on_timer(now);
  }
  wake_ = next_tick();
}

}  // namespace sse_proxy
