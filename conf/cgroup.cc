#include "conf/cgroup.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <vector>

namespace sse_proxy {
namespace {

// v1 says "no limit" with a number near 2^63; no machine has that much.
constexpr unsigned long long kNoLimit = 1ull << 60;

// The first numbers of a one-line file; `max` and whatever else is no number ends them.
std::vector<long long> read_numbers(const std::string& path) {
  std::ifstream file(path);
  std::vector<long long> numbers;
  for (long long number; file >> number;) numbers.push_back(number);
  return numbers;
}

template <class T>
void lower(std::optional<T>& limit, T value) {
  limit = limit ? std::min(*limit, value) : value;
}

void lower_memory(Cgroup& cgroup, const std::string& path) {
  const auto numbers = read_numbers(path);
  if (numbers.empty() || numbers[0] <= 0 || static_cast<unsigned long long>(numbers[0]) >= kNoLimit) return;
  lower(cgroup.memory_limit, static_cast<size_t>(numbers[0]));
}

// Rounded up: with 1.5 CPUs two loops can use more than one.
void lower_cpus(Cgroup& cgroup, long long quota, long long period) {
  if (quota <= 0 || period <= 0) return;
  lower(cgroup.cpu_limit,
        static_cast<unsigned>(std::clamp<long long>((quota + period - 1) / period, 1, 1 << 20)));
}

// `/a/b` gives base/a/b, base/a, base. Within a container the path may be one of the host's: what is
// not there simply gives nothing, and base itself is the container's own.
template <class Visit>
void walk_up(const std::string& base, std::string path, const Visit& visit) {
  while (path.size() > 1 && path.find("..") == std::string::npos) {
    visit(base + path + "/");
    path.resize(path.rfind('/'));
  }
  visit(base + "/");
}

bool names(const std::string& controllers, const std::string& controller) {
  return ("," + controllers + ",").find("," + controller + ",") != std::string::npos;
}

void read_v2(Cgroup& cgroup, const std::string& base, const std::string& path) {
  walk_up(base, path, [&](const std::string& folder) {
    lower_memory(cgroup, folder + "memory.max");
    const auto cpu = read_numbers(folder + "cpu.max");
    if (cpu.size() == 2) lower_cpus(cgroup, cpu[0], cpu[1]);
  });
}

void read_v1(Cgroup& cgroup, const std::string& base, const std::string& controllers,
             const std::string& path) {
  if (names(controllers, "memory")) {
    walk_up(base + "/memory", path,
            [&](const std::string& folder) { lower_memory(cgroup, folder + "memory.limit_in_bytes"); });
  }
  if (!names(controllers, "cpu")) return;
  for (const std::string& mount : {base + "/cpu", base + "/" + controllers}) {
    walk_up(mount, path, [&](const std::string& folder) {
      const auto quota = read_numbers(folder + "cpu.cfs_quota_us");
      const auto period = read_numbers(folder + "cpu.cfs_period_us");
      if (!quota.empty() && !period.empty()) lower_cpus(cgroup, quota[0], period[0]);
    });
  }
}

}  // namespace

Cgroup Cgroup::read(const std::string& root) {
  Cgroup cgroup;
  const std::string base = root + "/sys/fs/cgroup";
  std::ifstream lines(root + "/proc/self/cgroup");
  for (std::string line; std::getline(lines, line);) {  // number:controllers:path
    std::istringstream parts(line);
    std::string number, controllers, path;
    std::getline(parts, number, ':');
    std::getline(parts, controllers, ':');
    std::getline(parts, path);
    if (number == "0" && controllers.empty()) {
      read_v2(cgroup, base, path);
    } else {
      read_v1(cgroup, base, controllers, path);
    }
  }
  return cgroup;
}

unsigned allowed_cpus(const Cgroup& cgroup) {
  unsigned cpus = 1;
  cpu_set_t set;
  // A machine with more CPUs than the set holds fails here; one loop then, and `workers` can say more.
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    cpus = static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  return cgroup.cpu_limit ? std::min(cpus, *cgroup.cpu_limit) : cpus;
}

}  // namespace sse_proxy
