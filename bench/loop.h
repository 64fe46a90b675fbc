// What the origin, the clients and the relay of the bench share: loopback sockets, a clock and one epoll
// loop. Each program is one thread; whatever fails ends the program with a message.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

constexpr int64_t kSecond = 1'000'000'000;

// One clock for origin and clients, so that a delay is a difference.
inline int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

[[noreturn]] inline void die(const char* what) {
  std::perror(what);
  std::exit(2);
}

inline void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) die("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) die("setrlimit");
}

inline sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

inline void set(int fd, int level, int option) {
  const int on = 1;
  if (setsockopt(fd, level, option, &on, sizeof on) != 0) die("setsockopt");
}

inline int listen_on(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (fd < 0) die("socket");
  set(fd, SOL_SOCKET, SO_REUSEADDR);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) die("bind");
  if (listen(fd, 4096) != 0) die("listen");
  return fd;
}

// The next waiting connection, or -1.
inline int accept_from(int listener) {
  const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0 && errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) die("accept");
  if (fd >= 0) set(fd, IPPROTO_TCP, TCP_NODELAY);
  return fd;
}

// Connects without waiting: the socket becomes writable once it is done.
inline int connect_to(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (fd < 0) die("socket");
  set(fd, IPPROTO_TCP, TCP_NODELAY);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS) {
    die("connect");
  }
  return fd;
}

// Readiness and timers, both told by the id of what they are about. Ids are never used twice, so whatever is
// told late finds nobody.
class Loop {
 public:
  Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) die("epoll_create1");
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() { close(epoll_); }

  void watch(int fd, uint64_t id, uint32_t events) { control(EPOLL_CTL_ADD, fd, id, events); }
  void change(int fd, uint64_t id, uint32_t events) { control(EPOLL_CTL_MOD, fd, id, events); }
  void wake_at(int64_t due, uint64_t id) { timers_.push({due, id}); }

  // Waits for one batch and tells `owner`: on_ready(id, events), on_due(id, due).
  template <class Owner>
  void turn(Owner& owner) {
    Ready ready;
    const int n = wait(ready);
    if (n < 0 && errno != EINTR) die("epoll");
    for (int i = 0; i < n; ++i) owner.on_ready(ready[i].data.u64, ready[i].events);
    for (const int64_t now = now_ns(); !timers_.empty() && timers_.top().due <= now;) {
      const Timer timer = timers_.top();
      timers_.pop();
      owner.on_due(timer.id, timer.due);
    }
  }

 private:
  using Ready = std::array<epoll_event, 256>;

  struct Timer {
    int64_t due;
    uint64_t id;
    bool operator>(const Timer& other) const { return due > other.due; }
  };

  int wait(Ready& ready) {
    constexpr auto kMost = static_cast<int>(std::tuple_size_v<Ready>);
    if (timers_.empty()) return epoll_wait(epoll_, ready.data(), kMost, 1000);
    const int64_t pause = std::clamp<int64_t>(timers_.top().due - now_ns(), 0, kSecond);
    const timespec timeout{pause / kSecond, pause % kSecond};
    return epoll_pwait2(epoll_, ready.data(), kMost, &timeout, nullptr);
  }

  void control(int operation, int fd, uint64_t id, uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = id;
    if (epoll_ctl(epoll_, operation, fd, &event) != 0) die("epoll_ctl");
  }

  int epoll_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
};

// The number behind `name` in a target like /events?rate=10&size=200.
inline int64_t parameter(std::string_view target, std::string_view name, int64_t otherwise) {
  for (size_t at = target.find('?'); at != std::string_view::npos; at = target.find('&', at)) {
    const std::string_view rest = target.substr(++at);
    if (rest.starts_with(name) && rest.size() > name.size() && rest[name.size()] == '=') {
      return std::strtoll(std::string(rest.substr(name.size() + 1, 20)).c_str(), nullptr, 10);
    }
  }
  return otherwise;
}

}  // namespace bench
