// The system calls that an event costs, without the cancellation points that glibc's own functions are: in a
// process with threads those take 40 instructions a call, and nobody cancels a worker.
#pragma once

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstddef>

namespace sse_proxy::system {

// As read(2), writev(2) and epoll_wait(2): -1 with errno when they fail.
inline ssize_t read(int fd, void* to, size_t size) noexcept { return syscall(SYS_read, fd, to, size); }
inline ssize_t writev(int fd, const iovec* pieces, size_t count) noexcept {
  return syscall(SYS_writev, fd, pieces, count);
}
inline int epoll_wait(int epoll, epoll_event* events, int most, int timeout_ms) noexcept {
  constexpr size_t kNoMask = 0;
  return static_cast<int>(syscall(SYS_epoll_pwait, epoll, events, most, timeout_ms, nullptr, kNoMask));
}

}  // namespace sse_proxy::system
