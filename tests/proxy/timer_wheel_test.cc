#include "proxy/net/timer_wheel.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace sse_proxy {
namespace {

constexpr TimePoint kStart{Millis(1'000'003)};  // on no tick

// Notes when it was asked, and does what the test wants then.
class Probe final : public Timer {
 public:
  void on_timer(TimePoint now) override {
    fired.push_back(now);
    if (then) then(now);
  }
  std::vector<TimePoint> fired;
  std::function<void(TimePoint)> then;
};

// Advances in steps of a millisecond, as a loop that wakes at will.
void run(TimerWheel& wheel, TimePoint from, Millis span) {
  for (Millis t{0}; t <= span; t += Millis(1)) wheel.advance(from + t);
}

TEST(TimerWheelTest, NeverFiresEarlyAndAtMostOneTickLate) {
  for (int delay : {0, 1, 9, 10, 11, 499, 5'000, 25'000, 61'000, 600'000}) {
    TimerWheel wheel(kStart);
    Probe probe;
    const TimePoint deadline = kStart + Millis(delay);
    wheel.schedule(probe, deadline);
    run(wheel, kStart, Millis(delay + 50));
    ASSERT_EQ(probe.fired.size(), 1U) << delay;
    EXPECT_GE(probe.fired[0], deadline) << delay;
    EXPECT_LE(probe.fired[0], std::max(deadline, kStart + Millis(1)) + TimerWheel::kTick) << delay;
  }
}

TEST(TimerWheelTest, ANearerDeadlineMovesTheTimerAtOnce) {
  TimerWheel wheel(kStart);
  Probe probe;
  wheel.schedule(probe, kStart + Millis(5'000));
  wheel.schedule(probe, kStart + Millis(100));
  EXPECT_LE(wheel.next_wake(), kStart + Millis(100) + TimerWheel::kTick);
  run(wheel, kStart, Millis(200));
  EXPECT_EQ(probe.fired.size(), 1U);
}

TEST(TimerWheelTest, ALaterDeadlineLeavesTheTimerWhereItIsToBeAskedThen) {
  TimerWheel wheel(kStart);
  Probe probe;
  wheel.schedule(probe, kStart + Millis(100));
  const TimePoint wake = wheel.next_wake();
  wheel.schedule(probe, kStart + Millis(5'000));
  EXPECT_EQ(wheel.next_wake(), wake);
  probe.then = [&](TimePoint) { wheel.schedule(probe, kStart + Millis(300)); };
  run(wheel, kStart, Millis(250));
  EXPECT_EQ(probe.fired.size(), 1U);
  probe.then = nullptr;
  run(wheel, kStart + Millis(250), Millis(100));
  EXPECT_EQ(probe.fired.size(), 2U);
}

TEST(TimerWheelTest, SaysWhenItHasSomethingToDoAndNothingWhenItIsEmpty) {
  TimerWheel wheel(kStart);
  EXPECT_EQ(wheel.next_wake(), kNever);
  Probe probe;
  wheel.schedule(probe, kStart + Millis(700));
  EXPECT_GE(wheel.next_wake(), kStart + Millis(700));
  EXPECT_LE(wheel.next_wake(), kStart + Millis(700) + TimerWheel::kTick);
  wheel.advance(wheel.next_wake());
  EXPECT_EQ(probe.fired.size(), 1U);
  EXPECT_EQ(wheel.next_wake(), kNever);
}

TEST(TimerWheelTest, ACancelledTimerIsNotAsked) {
  TimerWheel wheel(kStart);
  Probe probe;
  wheel.schedule(probe, kStart + Millis(50));
  wheel.schedule(probe, kNever);
  run(wheel, kStart, Millis(200));
  EXPECT_TRUE(probe.fired.empty());
}

TEST(TimerWheelTest, ATimerMayDestroyAnotherThatIsDueInTheSameTick) {
  TimerWheel wheel(kStart);
  auto first = std::make_unique<Probe>();
  auto second = std::make_unique<Probe>();
  int asked = 0;
  first->then = [&](TimePoint) { ++asked, second.reset(); };
  second->then = [&](TimePoint) { ++asked, first.reset(); };
  wheel.schedule(*first, kStart + Millis(20));
  wheel.schedule(*second, kStart + Millis(20));
  wheel.advance(kStart + Millis(100));
  EXPECT_EQ(asked, 1);
}

TEST(TimerWheelTest, ATimerThatAsksForNowIsAskedInTheNextTickAndDoesNotSpin) {
  TimerWheel wheel(kStart);
  Probe probe;
  probe.then = [&](TimePoint now) { wheel.schedule(probe, now); };
  wheel.schedule(probe, kStart);
  wheel.advance(kStart + Millis(100));
  EXPECT_EQ(probe.fired.size(), 1U);
  wheel.advance(kStart + Millis(110));
  EXPECT_EQ(probe.fired.size(), 2U);
}

TEST(TimerWheelTest, ALongSleepFiresAllThatIsDueOnce) {
  TimerWheel wheel(kStart);
  std::vector<std::unique_ptr<Probe>> probes;
  std::mt19937 random(7);
  for (int i = 0; i < 2'000; ++i) {
    probes.push_back(std::make_unique<Probe>());
    wheel.schedule(*probes.back(), kStart + Millis(random() % 60'000));
  }
  wheel.advance(kStart + Millis(90'000));  // more than a rotation
  for (const auto& probe : probes) EXPECT_EQ(probe->fired.size(), 1U);
  EXPECT_EQ(wheel.next_wake(), kNever);
}

TEST(TimerWheelTest, AfterALongSleepWhatWasDueFirstFiresFirst) {
  TimerWheel wheel(kStart);
  std::vector<int> order;
  std::array<Probe, 4> probes;
  static constexpr std::array kDelays{300, 40'000, 20, 2'000};
  for (size_t i = 0; i < probes.size(); ++i) {
    probes.at(i).then = [&order, i](TimePoint) { order.push_back(kDelays.at(i)); };
    wheel.schedule(probes.at(i), kStart + Millis(kDelays.at(i)));
  }
  wheel.advance(kStart + Millis(50'000));
  EXPECT_EQ(order, (std::vector{20, 300, 2'000, 40'000}));
}

TEST(TimerWheelTest, WaitingForHoursTakesAFewLooks) {
  for (const auto& [hours, looks] : {std::pair{1, 2}, {30, 23}}) {  // one a coarse slot, and its own
    TimerWheel wheel(kStart);
    Probe probe;
    const TimePoint deadline = kStart + std::chrono::hours(hours);
    wheel.schedule(probe, deadline);
    int wakes = 0;
    for (; wheel.next_wake() != kNever; ++wakes) wheel.advance(wheel.next_wake());
    EXPECT_LE(wakes, looks) << hours;
    ASSERT_EQ(probe.fired.size(), 1U);
    EXPECT_GE(probe.fired[0], deadline);
    EXPECT_LE(probe.fired[0], deadline + TimerWheel::kTick);
  }
}

TEST(TimerWheelTest, WakesInTimeForEveryTimerWhenItIsAdvancedOnlyAtNextWake) {
  TimerWheel wheel(kStart);
  std::vector<std::unique_ptr<Probe>> probes;
  std::vector<TimePoint> deadlines;
  std::mt19937 random(11);
  for (int i = 0; i < 500; ++i) {
    probes.push_back(std::make_unique<Probe>());
    deadlines.push_back(kStart + Millis(random() % (i % 2 == 0 ? 50'000 : 20'000'000)));
    wheel.schedule(*probes.back(), deadlines.back());
  }
  while (wheel.next_wake() != kNever) wheel.advance(wheel.next_wake());
  for (size_t i = 0; i < probes.size(); ++i) {
    ASSERT_EQ(probes[i]->fired.size(), 1U);
    EXPECT_LE(probes[i]->fired[0] - deadlines[i], TimerWheel::kTick);
  }
}

}  // namespace
}  // namespace sse_proxy
