// What the container allows this process: CPUs and memory, from cgroup v2 or v1.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace sse_proxy {

// Reads <root>/proc/self/cgroup and <root>/sys/fs/cgroup; `root` is empty but for tests. What can't be
// read counts as not limited. The nearest limit on the way up to the root counts, whichever is lowest.
struct Cgroup {
  std::optional<size_t> memory_limit;  // bytes
  std::optional<unsigned> cpu_limit;   // whole CPUs, rounded up, at least 1

  static Cgroup read(const std::string& root);
};

// The CPUs this process may run on, by affinity mask and cgroup; at least 1.
unsigned allowed_cpus(const Cgroup& cgroup);

}  // namespace sse_proxy
