#include "tests/integration/abuse_helpers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

namespace sse_proxy::test {

namespace {

constexpr Millis kProbeBound{100};
constexpr Millis kRestBound{50};  // of CPU time in a second
constexpr size_t kTestsOwn = 200;

std::optional<std::chrono::microseconds> probe(const Proxy& proxy) {
  const auto start = Clock::now();
  Peer client = proxy.client();
  client.send("GET /probe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const Response response = read_response(client);
  if (status_of(response.head) != 200 || !response.complete) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
}

double millis(std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1000; }

}  // namespace

void answer_all(Peer& peer) {
  while (peer.wait_for_request(Millis(60'000))) peer.send(text_response("a"));
}

Args in_front_of(const Origin& origin, Args more) {
  more.insert(more.end(),
              {"--upstream", origin.url(), "--upstream-idle-timeout", "100ms", "--access-log", "off"});
  return more;
}

Probes Probes::run(const Proxy& proxy, int count) {
  Probes probes;
  for (int i = 0; i < count; ++i) {
    if (const auto waited = probe(proxy)) {
      probes.waited_.push_back(*waited);
    } else {
      ++probes.failed_;
    }
  }
  std::sort(probes.waited_.begin(), probes.waited_.end());
  return probes;
}

void Probes::expect_served(const char* name) const {
  EXPECT_EQ(failed_, 0) << name;
  ASSERT_FALSE(waited_.empty()) << name;
  const auto p50 = waited_[waited_.size() / 2];
  const auto p95 = waited_[waited_.size() * 95 / 100];
  std::printf("%s: %zu probes, p50 %.1f ms, p95 %.1f ms, worst %.1f ms\n", name, waited_.size(), millis(p50),
              millis(p95), millis(waited_.back()));
  if (kSanitized) return;
  EXPECT_LT(p95, kProbeBound) << name;
}

size_t affordable_connections(size_t wanted) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  // The proxy has the same limit, and counts two for each connection.
  return std::min<size_t>(wanted, (limit.rlim_cur - kTestsOwn) / 2);
}

void expect_soon(const std::function<bool()>& is_true, const char* what, Millis patience) {
  const auto deadline = Clock::now() + patience;
  while (!is_true()) {
    if (Clock::now() > deadline) {
      ADD_FAILURE() << "waited in vain: " << what;
      return;
    }
    std::this_thread::sleep_for(Millis(5));
  }
}

void limit_descriptors(const Proxy& proxy, rlim_t soft) {
  rlimit limit{};
  ASSERT_EQ(prlimit(proxy.pid(), RLIMIT_NOFILE, nullptr, &limit), 0);
  limit.rlim_cur = soft;
  ASSERT_EQ(prlimit(proxy.pid(), RLIMIT_NOFILE, &limit, nullptr), 0);
}

Baseline::Baseline(const Proxy& proxy) : proxy_(proxy) {
  const size_t before = proxy.open_descriptors();
  Probes::run(proxy, 20);
  expect_soon([&] { return proxy.open_descriptors() <= before; }, "the first clients are gone");
  descriptors_ = proxy.open_descriptors();
  own_memory_kib_ = proxy.own_memory_kib();
}

void Baseline::expect_restored(const char* name) const {
  expect_soon([&] { return proxy_.open_descriptors() <= descriptors_; }, "descriptors as at the start");
  const Millis before = proxy_.cpu_time();
  std::this_thread::sleep_for(Millis(1000));
  const Millis used = proxy_.cpu_time() - before;
  std::printf("%s: %zu descriptors again, %ld ms of CPU time in a second of rest\n", name, descriptors_,
              static_cast<long>(used.count()));
  EXPECT_LT(used, kRestBound) << name;
}

void Baseline::expect_growth_below(long kib, const char* name) const {
  const long grown = proxy_.own_memory_kib() - own_memory_kib_;
  std::printf("%s: %ld KiB more than at rest (bound %ld)\n", name, grown, kib);
  if (kSanitized) return;
  EXPECT_LT(grown, kib) << name;
}

}  // namespace sse_proxy::test
