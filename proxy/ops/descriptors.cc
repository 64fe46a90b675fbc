#include "proxy/ops/descriptors.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace sse_proxy {
namespace {

constexpr size_t kRoom = 16384;  // 128 KiB in the kernel; who has more streams waits for it once or twice

}  // namespace

void open_standard_descriptors() noexcept {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(fd, F_GETFD) < 0) (void)open("/dev/null", O_RDWR);  // the lowest that is free: this one
  }
}

size_t raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return SIZE_MAX;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur == RLIM_INFINITY ? SIZE_MAX : limit.rlim_cur;
}

void make_room_for_descriptors() noexcept {
  const size_t room = std::min(raise_descriptor_limit(), kRoom);
  const int highest = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, static_cast<int>(room - 1));
  if (highest >= 0) close(highest);
}

}  // namespace sse_proxy
