#include "proxy/net/event_loop.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>

#include "proxy/net/system_calls.h"

namespace sse_proxy {
namespace {

constexpr int kShortTurn = 8;  // so few descriptors are handled within the clock's millisecond

TimePoint clock_now() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return TimePoint(Millis(time.tv_sec * 1000 + time.tv_nsec / 1'000'000));
}

timespec time_of(TimePoint time) noexcept {
  const int64_t ms = time.time_since_epoch().count();
  return {ms / 1000, ms % 1000 * 1'000'000};
}

}  // namespace

EventLoop::EventLoop()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)),
      timer_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)),
      now_(clock_now()) {
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  if (timer_ < 0 || !watch(timer_, 0, EPOLLIN | EPOLLET, alarm_))
    throw std::system_error(errno, std::generic_category(), "timerfd_create");
}

EventLoop::~EventLoop() {
  close(timer_);
  close(epoll_);
}

bool EventLoop::control(int operation, int fd, uint32_t events, Watcher& watcher) noexcept {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watcher;
  return epoll_ctl(epoll_, operation, fd, &event) == 0;
}

bool EventLoop::watch(int fd, uint32_t before, uint32_t events, Watcher& watcher) noexcept {
  if (before == events) return true;
  return control(before == 0   ? EPOLL_CTL_ADD
                 : events == 0 ? EPOLL_CTL_DEL
                               : EPOLL_CTL_MOD,
                 fd, events, watcher);
}

void EventLoop::tell_again(int fd, uint32_t events, Watcher& watcher) noexcept {
  (void)control(EPOLL_CTL_MOD, fd, events, watcher);  // it needs no memory, which is all that could lack
}

void EventLoop::turn(TimePoint until) {
  if (until != alarm_at_) {  // it moves when a timer fires: not with each event
    const itimerspec alarm{{}, time_of(until)};
    (void)timerfd_settime(timer_, TFD_TIMER_ABSTIME, &alarm, nullptr);
    alarm_at_ = until;
  }
  constexpr int kForEver = -1;
  ready_ = std::max(0, system::epoll_wait(epoll_, events_.data(), kMaxReady, kForEver));
  now_ = clock_now();
  for (int i = 0; i < ready_; ++i) static_cast<Watcher*>(events_[i].data.ptr)->on_ready(events_[i].events);
}

void EventLoop::end_turn() noexcept {
  if (ready_ > kShortTurn) now_ = clock_now();
}

}  // namespace sse_proxy
