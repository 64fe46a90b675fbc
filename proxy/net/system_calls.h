// The system calls that an event costs, without the cancellation points that glibc's own functions are: in a
// process with threads those take 40 instructions a call, and nobody cancels a worker.
#pragma once

#include <limits.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <span>

namespace sse_proxy::system {

// As recv(2), send(2) and sendmsg(2) without flags and without SIGPIPE, and epoll_wait(2): -1 with errno when
// they fail.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// A sanitizer sees what glibc's functions read and write, and nothing of a bare system call.
inline ssize_t recv(int fd, void* to, size_t size) noexcept { return ::recv(fd, to, size, 0); }
inline ssize_t send(int fd, const void* from, size_t size) noexcept {
  return ::send(fd, from, size, MSG_NOSIGNAL);
}
inline ssize_t sendmsg(int fd, const msghdr& message) noexcept {
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}
inline int epoll_wait(int epoll, epoll_event* events, int most, int timeout_ms) noexcept {
  return ::epoll_wait(epoll, events, most, timeout_ms);
}
#else
inline ssize_t recv(int fd, void* to, size_t size) noexcept {
  return syscall(SYS_recvfrom, fd, to, size, 0, nullptr, nullptr);
}
inline ssize_t send(int fd, const void* from, size_t size) noexcept {
  return syscall(SYS_sendto, fd, from, size, MSG_NOSIGNAL, nullptr, size_t{0});
}
inline ssize_t sendmsg(int fd, const msghdr& message) noexcept {
  return syscall(SYS_sendmsg, fd, &message, MSG_NOSIGNAL);
}
inline int epoll_wait(int epoll, epoll_event* events, int most, int timeout_ms) noexcept {
  constexpr size_t kNoMask = 0;
  return static_cast<int>(syscall(SYS_epoll_pwait, epoll, events, most, timeout_ms, nullptr, kNoMask));
}
#endif

// Sends any number of pieces in order, in the batches that the kernel takes (IOV_MAX). A batch that is not
// taken whole is the last: what follows it would overtake its rest. -1 when nothing was taken.
inline ssize_t send_in_order(int fd, std::span<const iovec> pieces) noexcept {
  ssize_t taken = 0;
  for (;;) {
    const auto batch = pieces.first(std::min<size_t>(IOV_MAX, pieces.size()));
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(batch.data());
    message.msg_iovlen = batch.size();
    const ssize_t n = sendmsg(fd, message);
    if (n < 0) return taken > 0 ? taken : n;
    taken += n;
    pieces = pieces.subspan(batch.size());
    if (pieces.empty()) return taken;
    size_t bytes = 0;
    for (const iovec& piece : batch) bytes += piece.iov_len;
    if (static_cast<size_t>(n) < bytes) return taken;
  }
}

}  // namespace sse_proxy::system
