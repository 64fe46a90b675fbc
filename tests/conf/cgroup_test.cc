#include "conf/cgroup.h"

#include <gtest/gtest.h>

#include "tests/conf/conf_helpers.h"

namespace sse_proxy {
namespace {

using testing::TempFolder;

TEST(Cgroup, WithoutFilesNothingIsLimited) {
  const TempFolder root;
  const Cgroup cgroup = Cgroup::read(root.path());
  EXPECT_FALSE(cgroup.memory_limit);
  EXPECT_FALSE(cgroup.cpu_limit);
  EXPECT_GE(allowed_cpus(cgroup), 1u);
}

TEST(Cgroup, VersionTwoSaysMaxWhereThereIsNoLimit) {
  const TempFolder root;
  root.write("proc/self/cgroup", "0::/\n");
  root.write("sys/fs/cgroup/memory.max", "max\n");
  root.write("sys/fs/cgroup/cpu.max", "max 100000\n");
  const Cgroup cgroup = Cgroup::read(root.path());
  EXPECT_FALSE(cgroup.memory_limit);
  EXPECT_FALSE(cgroup.cpu_limit);
}

TEST(Cgroup, VersionTwoIsReadInAContainer) {
  const TempFolder root;
  root.write("proc/self/cgroup", "0::/\n");
  root.write("sys/fs/cgroup/memory.max", "67108864\n");
  root.write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  const Cgroup cgroup = Cgroup::read(root.path());
  EXPECT_EQ(cgroup.memory_limit, 67108864u);
  EXPECT_EQ(cgroup.cpu_limit, 2u);
}

TEST(Cgroup, TheLowestLimitOnTheWayUpCounts) {
  const TempFolder root;
  root.write("proc/self/cgroup", "0::/system.slice/app.service\n");
  root.write("sys/fs/cgroup/system.slice/app.service/memory.max", "max\n");
  root.write("sys/fs/cgroup/system.slice/memory.max", "1073741824\n");
  root.write("sys/fs/cgroup/memory.max", "2147483648\n");
  root.write("sys/fs/cgroup/system.slice/app.service/cpu.max", "400000 100000\n");
  root.write("sys/fs/cgroup/system.slice/cpu.max", "50000 100000\n");
  const Cgroup cgroup = Cgroup::read(root.path());
  EXPECT_EQ(cgroup.memory_limit, 1073741824u);
  EXPECT_EQ(cgroup.cpu_limit, 1u);
}

TEST(Cgroup, VersionOneIsReadPerController) {
  const TempFolder root;
  root.write("proc/self/cgroup", "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n2:cpuset:/\n");
  root.write("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "33554432\n");
  root.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "300000\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n");
  const Cgroup cgroup = Cgroup::read(root.path());
  EXPECT_EQ(cgroup.memory_limit, 33554432u);
  EXPECT_EQ(cgroup.cpu_limit, 3u);
}

TEST(Cgroup, InsideAContainerOfVersionOneThePathIsTheHostsAndTheMountItsOwn) {
  const TempFolder root;
  root.write("proc/self/cgroup", "4:memory:/kubepods/pod7/abc\n");
  root.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "16777216\n");
  EXPECT_EQ(Cgroup::read(root.path()).memory_limit, 16777216u);
}

TEST(Cgroup, AQuotaOfMinusOneOrRubbishIsNoLimit) {
  const TempFolder root;
  root.write("proc/self/cgroup", "3:cpu:/\n4:memory:/\nrubbish\n");
  root.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  root.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  root.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "lots\n");
  const Cgroup cgroup = Cgroup::read(root.path());
  EXPECT_FALSE(cgroup.memory_limit);
  EXPECT_FALSE(cgroup.cpu_limit);
}

Loaded load_on(const TempFolder& root, std::vector<const char*> more = {}) {
  std::vector<const char*> argv = {"sse-proxy", "--upstream", "http://app"};
  argv.insert(argv.end(), more.begin(), more.end());
  auto loaded = load(static_cast<int>(argv.size()), argv.data(), {}, root.path());
  EXPECT_TRUE(loaded) << loaded.error().message;
  return *std::move(loaded);
}

TEST(Auto, TheMemoriesAreAQuarterOfTheLimitWithinTheirBounds) {
  const struct {
    std::string limit;
    size_t decoders, buffers;
    std::string why;
  } rows[] = {
      {"16777216", 4 * kMiB, 4 * kMiB, "auto: a quarter of the cgroup's memory limit of 16MiB, at most 1GiB"},
      {"2147483648", 256 * kMiB, 512 * kMiB,
       "auto: a quarter of the cgroup's memory limit of 2GiB, at most 1GiB"},
      {"17179869184", 256 * kMiB, 1024 * kMiB,
       "auto: a quarter of the cgroup's memory limit of 16GiB, at most 1GiB"},
      {"1048576", kMiB, kMiB, "auto: a quarter of the cgroup's memory limit of 1MiB, at most 1GiB"},
      {"max", 256 * kMiB, 1024 * kMiB, "auto: the most it takes, as there is no cgroup memory limit"},
  };
  for (const auto& [limit, decoders, buffers, why] : rows) {
    const TempFolder root;
    root.write("proc/self/cgroup", "0::/\n");
    root.write("sys/fs/cgroup/memory.max", limit + "\n");
    const Loaded loaded = load_on(root);
    EXPECT_EQ(loaded.options.decoder_memory, decoders) << limit;
    EXPECT_EQ(loaded.options.limits.buffer_memory, buffers) << limit;
    EXPECT_EQ(testing::source_of(loaded, "limits.buffer_memory"), why);
  }
}

TEST(Auto, AMemoryThatIsGivenIsKept) {
  const TempFolder root;
  root.write("proc/self/cgroup", "0::/\n");
  root.write("sys/fs/cgroup/memory.max", "16777216\n");
  const Loaded loaded = load_on(root, {"--decoder-memory", "8MiB", "--buffer-memory", "1GiB"});
  EXPECT_EQ(loaded.options.decoder_memory, 8 * kMiB);
  EXPECT_EQ(loaded.options.limits.buffer_memory, 1024 * kMiB);
}

TEST(Auto, WorkersAreTheCpusThatTheCgroupAllows) {
  const TempFolder root;
  root.write("proc/self/cgroup", "0::/\n");
  root.write("sys/fs/cgroup/cpu.max", "50000 100000\n");
  EXPECT_EQ(load_on(root, {"--workers", "auto"}).options.workers, 1u);
  EXPECT_EQ(load_on(root, {"--workers", "7"}).options.workers, 7u);
  EXPECT_EQ(load_on(root).options.workers, 1u);
}

}  // namespace
}  // namespace sse_proxy
