// Deadlines that wait: a hierarchical timing wheel (Varghese and Lauck, 1987, scheme 7). Time is an argument.
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

// Slots of timers, and a bit for each that may have some: a slot that was emptied is noticed when it comes
// up.
template <size_t Size>
class TimerSlots {
 public:
  // The slot of `index`, which counts on and wraps around; it is about to have a timer.
  Timer*& fill(uint64_t index) noexcept {
    const size_t slot = index % Size;
    filled_[slot / 64] |= uint64_t{1} << (slot % 64);
    return slots_[slot];
  }
  Timer*& at(uint64_t index) noexcept { return slots_[index % Size]; }
  // The first index from `from` on whose slot has timers; UINT64_MAX: none has.
  [[nodiscard]] uint64_t next(uint64_t from) noexcept;

 private:
  static constexpr size_t kWords = Size / 64;
  std::array<Timer*, Size> slots_{};
  std::array<uint64_t, kWords> filled_{};
};

// TimerWheel fires timers in whole ticks: never early, at most one tick late.
//   Owned by  a worker. Borrows the timers. Thread: its worker's.
//   Costs     O(1) to schedule, cancel and fire; nothing for those that wait, but for one move from a coarse
//             slot to a fine one.
class TimerWheel {
 public:
  static constexpr Millis kTick{10};
  static constexpr size_t kSlots = 2048;  // of a tick each: a round of 20 s
  static constexpr size_t kRounds =
      256;  // of later ones: 87 minutes; what is later still is looked at again then

  explicit TimerWheel(TimePoint now) noexcept;

  // Asks for on_timer() at `deadline`; kNever: not at all. A later deadline than the one that stands costs
  // nothing: the timer stays where it is and is asked when that one comes up.
  void schedule(Timer& timer, TimePoint deadline) noexcept;

  // Fires all that is due, tick by tick.
  void advance(TimePoint now);

  // When advance() has something to do; kNever when the wheel is empty.
  [[nodiscard]] TimePoint next_wake() const noexcept {
    return wake_ == UINT64_MAX ? kNever : TimePoint(wake_ * kTick);
  }

 private:
  [[nodiscard]] static uint64_t tick_of(TimePoint time) noexcept;
  static void link(Timer& timer, Timer** list) noexcept;
  uint64_t place(Timer& timer) noexcept;
  void open_round(uint64_t round) noexcept;
  [[nodiscard]] uint64_t next_tick() noexcept;

  TimerSlots<kSlots> ticks_;    // those of the next round's length
  TimerSlots<kRounds> rounds_;  // whole rounds of ticks, for timers that are later
  uint64_t done_;               // all ticks up to this one have fired
  uint64_t wake_ = UINT64_MAX;  // nothing is to be done before this tick
  Timer* due_ = nullptr;        // being fired
};

}  // namespace sse_proxy
