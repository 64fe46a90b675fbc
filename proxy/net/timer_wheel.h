// Deadlines that wait: a hashed timing wheel (Varghese and Lauck, 1987, scheme 6). Time is an argument.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "parser/clock.h"

namespace sse_proxy {

class TimerWheel;

// One deadline of one object, linked into the wheel without allocation. Destruction takes it out.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // The deadline has come, or an earlier one that was asked for before: act on what is due by `now` and
  // schedule the next. May schedule, cancel or destroy any timer.
  virtual void on_timer(TimePoint now) = 0;

 protected:
  virtual ~Timer() { unlink(); }

 private:
  friend class TimerWheel;
  [[nodiscard]] bool linked() const noexcept { return link_ != nullptr; }
  void unlink() noexcept;

  Timer* next_ = nullptr;
  Timer** link_ = nullptr;  // what points at this timer
  TimePoint deadline_ = kNever;
};

// TimerWheel fires timers in whole ticks: never early, at most one tick late.
//   Owned by  a worker. Borrows the timers. Thread: its worker's.
//   Costs     O(1) to schedule, cancel and fire; nothing for those that wait.
class TimerWheel {
 public:
  static constexpr Millis kTick{10};
  static constexpr size_t kSlots = 2048;  // a rotation of 20 s; later deadlines are looked at once a rotation

  explicit TimerWheel(TimePoint now) noexcept;

  // Asks for on_timer() at `deadline`; kNever: not at all. A later deadline than the one that stands costs
  // nothing: the timer stays where it is and is asked when that one comes up.
  void schedule(Timer& timer, TimePoint deadline) noexcept;

  // Fires all that is due.
  void advance(TimePoint now);

  // When advance() has something to do; kNever when the wheel is empty.
  [[nodiscard]] TimePoint next_wake() const noexcept;

 private:
  [[nodiscard]] static uint64_t tick_of(TimePoint time) noexcept;
  void link(Timer& timer, Timer** list) noexcept;

  std::array<Timer*, kSlots> slots_{};
  uint64_t done_;               // all ticks up to this one have fired
  uint64_t wake_ = UINT64_MAX;  // no slot before this tick has timers
  Timer* due_ = nullptr;        // being fired
};

}  // namespace sse_proxy
