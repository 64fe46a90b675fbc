#include "proxy/net/event_loop.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
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

}  // namespace

EventLoop::EventLoop() : epoll_(epoll_create1(EPOLL_CLOEXEC)), now_(clock_now()) {
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

EventLoop::~EventLoop() { close(epoll_); }

bool EventLoop::watch(int fd, uint32_t before, uint32_t events, Watcher& watcher) noexcept {
  if (before == events) return true;
  const int what = before == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watcher;
  return epoll_ctl(epoll_, what, fd, &event) == 0;
}

void EventLoop::turn(TimePoint until) {
  int timeout = -1;
  if (until != kNever) {
    const auto left = std::max(Millis::zero(), until - now_).count();
    timeout = static_cast<int>(std::min<decltype(left)>(left, INT_MAX));
  }
  ready_ = std::max(0, system::epoll_wait(epoll_, events_.data(), kMaxReady, timeout));
  now_ = clock_now();
  for (int i = 0; i < ready_; ++i) static_cast<Watcher*>(events_[i].data.ptr)->on_ready(events_[i].events);
}

void EventLoop::end_turn() noexcept {
  if (ready_ > kShortTurn) now_ = clock_now();
}

}  // namespace sse_proxy
