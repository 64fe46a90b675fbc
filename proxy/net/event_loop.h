// Waits for descriptors to become ready, and for a moment: epoll(7).
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>

#include "parser/clock.h"

namespace sse_proxy {

// Told when its descriptor is ready for what was asked for, or has an error (EPOLLERR, EPOLLHUP).
class Watcher {
 public:
  virtual void on_ready(uint32_t epoll_events) = 0;

 protected:
  ~Watcher() = default;
};

// EventLoop is what a worker sleeps in. The data path has it in place of libuv's loop, which serves the rest
// of the process: a turn costs some 60 instructions in place of 400, a descriptor no memory in place of 160
// bytes, and a new connection one epoll_ctl() in place of four (docs/performance.md).
//   Owned by  a worker. Borrows the watchers, which outlive the turn in which their descriptor is closed.
//   Thread    its worker's.
//   Fails     in the constructor alone, with std::system_error.
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Asks for `events` of `fd` where `before` were asked for; 0 is none, not even errors. With EPOLLET they
  // are told when they come about, else as long as they last. False, with errno, when the kernel has no room.
  // A descriptor that is closed is forgotten by itself.
  bool watch(int fd, uint32_t before, uint32_t events, Watcher& watcher) noexcept;
  // Tells those of the EPOLLET `events` that last once more, in the next turn.
  void tell_again(int fd, uint32_t events, Watcher& watcher) noexcept;

  // Sleeps until something is ready or `until` has come, then tells the watchers: one turn.
  void turn(TimePoint until);
  // The turn's work is done: now() moves on, if the work was enough to take time.
  void end_turn() noexcept;

  // When this turn began, or ended, in the milliseconds of the steady clock.
  [[nodiscard]] TimePoint now() const noexcept { return now_; }

 private:
  static constexpr int kMaxReady = 256;  // in one turn; the others come in the next

  // Ends the sleep.
  class Alarm final : public Watcher {
    void on_ready(uint32_t) override {}
  };

  bool control(int operation, int fd, uint32_t events, Watcher& watcher) noexcept;

  int epoll_;
  int timer_;  // a sleep with a time-out of its own would be an hrtimer started and cancelled, each turn
  TimePoint alarm_at_ = kNever;  // what the timer is set to
  Alarm alarm_;
  int ready_ = 0;  // in this turn
  TimePoint now_;
  std::array<epoll_event, kMaxReady> events_;
};

}  // namespace sse_proxy
