// The system calls that an event costs, without the cancellation points that glibc's own functions are: in a
// process with threads those take 40 instructions a call, and nobody cancels a worker.
#pragma once

#include <limits.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <span>

namespace sse_proxy::system {

// As read(2), writev(2) and epoll_wait(2): -1 with errno when they fail.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// A sanitizer sees what glibc's functions read and write, and nothing of a bare system call.
inline ssize_t read(int fd, void* to, size_t size) noexcept { return ::read(fd, to, size); }
inline ssize_t writev(int fd, const iovec* pieces, size_t count) noexcept {
  return ::writev(fd, pieces, static_cast<int>(count));
}
inline int epoll_wait(int epoll, epoll_event* events, int most, int timeout_ms) noexcept {
  return ::epoll_wait(epoll, events, most, timeout_ms);
}
#else
inline ssize_t read(int fd, void* to, size_t size) noexcept { return syscall(SYS_read, fd, to, size); }
inline ssize_t writev(int fd, const iovec* pieces, size_t count) noexcept {
  return syscall(SYS_writev, fd, pieces, count);
}
inline int epoll_wait(int epoll, epoll_event* events, int most, int timeout_ms) noexcept {
  constexpr size_t kNoMask = 0;
  return static_cast<int>(syscall(SYS_epoll_pwait, epoll, events, most, timeout_ms, nullptr, kNoMask));
}
#endif

// As writev() for any number of pieces, in the batches that the kernel takes (IOV_MAX). A batch that is not
// taken whole is the last: what follows it would overtake its rest. -1 when nothing was taken.
inline ssize_t write_in_order(int fd, std::span<const iovec> pieces) noexcept {
  ssize_t taken = 0;
  for (;;) {
    const auto batch = pieces.first(std::min<size_t>(IOV_MAX, pieces.size()));
    const ssize_t n = writev(fd, batch.data(), batch.size());
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
