// Clients that take and give nothing back, by the thousand, beside one that behaves.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/integration/abuse_helpers.h"

namespace sse_proxy::test {
namespace {

constexpr long kKibPerHalfOpen = 8;

TEST(AbuseFloods, FiveThousandHalfOpenClients) {
  Origin origin(answer_all);
  const size_t count = affordable_connections(5000);
  const Proxy proxy(in_front_of(origin, {"--header-timeout", "1m"}));
  const Baseline baseline(proxy);
  const std::string name = std::to_string(count) + " half-open clients";
  std::vector<Peer> half_open;
  for (size_t i = 0; i < count; ++i) {
    half_open.push_back(proxy.client());
    if (i % 2 == 0) half_open.back().send("GET / HTTP/1.1\r\nHost: a\r\nX-Ha");
  }
  Probes::run(proxy).expect_served(name.c_str());
  baseline.expect_growth_below(static_cast<long>(count) * kKibPerHalfOpen, name.c_str());
  half_open.clear();
  baseline.expect_restored(name.c_str());
}

// Each connection sends a byte now and then, which extends nothing: after the header timeout all are gone.
TEST(AbuseFloods, ASlowlorisOfAThousandConnections) {
  Origin origin(answer_all);
  const size_t count = affordable_connections(1000);
  const Proxy proxy(in_front_of(origin, {"--header-timeout", "4s"}));
  const Baseline baseline(proxy);
  std::vector<Peer> drips;
  for (size_t i = 0; i < count; ++i) {
    drips.push_back(proxy.client());
    drips.back().send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
  }
  const auto start = Clock::now();
  std::atomic<bool> stop{false};
  std::atomic<size_t> rounds{0};
  std::thread dripping([&] {
    while (!stop) {
      for (Peer& drip : drips) drip.send("x", Millis(0));
      ++rounds;
      std::this_thread::sleep_for(Millis(100));
    }
  });
  Probes::run(proxy).expect_served("a slowloris of 1,000");
  EXPECT_LT(since(start), Millis(kSanitized ? 60000 : 4000)) << "the probes ran beside it";
  expect_soon([&] { return proxy.count_in_log("status=408") > 0; }, "the first are told 408");
  stop = true;
  dripping.join();
  EXPECT_GT(rounds, 5U);
  for (Peer& drip : drips) {
    const std::string answer = drip.read_to_end();
    ASSERT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
  }
  drips.clear();
  baseline.expect_restored("a slowloris of 1,000");
}

// An upload that drips is not cut off (it is alive), and costs the others nothing.
TEST(AbuseFloods, AHundredUploadsThatDrip) {
  Origin origin([](Peer& peer) {
    while (peer.next_request(Millis(60'000)).starts_with("GET")) peer.send(text_response("a"));
    peer.wait_for_close(Millis(60'000));
  });
  const Proxy proxy(in_front_of(origin));
  const Baseline baseline(proxy);
  std::vector<Peer> uploads;
  for (int i = 0; i < 100; ++i) {
    uploads.push_back(proxy.client());
    uploads.back().send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  }
  std::atomic<bool> stop{false};
  std::thread dripping([&] {
    while (!stop) {
      for (Peer& upload : uploads) upload.send("x", Millis(0));
      std::this_thread::sleep_for(Millis(20));
    }
  });
  Probes::run(proxy).expect_served("100 uploads that drip");
  stop = true;
  dripping.join();
  uploads.clear();
  baseline.expect_restored("100 uploads that drip");
}

TEST(AbuseFloods, AHundredStalledReaders) {
  constexpr long kBufferKib = 64;
  constexpr size_t kEach = 8U << 20;
  const std::string big(kEach, 'x');
  Origin origin([&](Peer& peer) {
    for (std::string head; !(head = peer.next_request(Millis(60'000))).empty();) {
      peer.send(text_response(head.starts_with("GET /big") ? big : "a"), Millis(60'000));
    }
  });
  const Proxy proxy(
      in_front_of(origin, {"--write-timeout", "1m", "--buffer-bytes", std::to_string(kBufferKib) + "KiB"}));
  const Baseline baseline(proxy);
  std::vector<Peer> stalled;
  for (int i = 0; i < 100; ++i) {
    stalled.push_back(proxy.client({.receive_buffer = 4096}));
    stalled.back().send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    stalled.back().read_head();
  }
  Probes::run(proxy).expect_served("100 stalled readers");
  // What is queued, and as much again for one read that came on top and the allocator's slack.
  baseline.expect_growth_below(100 * 2 * kBufferKib, "100 stalled readers");
  stalled.clear();
  baseline.expect_restored("100 stalled readers");
}

TEST(AbuseFloods, AStormOfConnectionsThatAreResetAtOnce) {
  Origin origin(answer_all);
  const Proxy proxy(in_front_of(origin));
  const Baseline baseline(proxy);
  std::atomic<bool> stop{false};
  std::atomic<size_t> storms{0};
  std::thread storm([&] {
    for (size_t i = 0; !stop; ++i) {
      Peer peer = proxy.client();
      if (i % 2 == 1) peer.send("GET / HTTP/1.1\r\nHos");
      peer.reset();
      ++storms;
    }
  });
  Probes::run(proxy).expect_served("a storm of resets");
  stop = true;
  storm.join();
  std::printf("a storm of resets: %zu connections beside the probes\n", storms.load());
  baseline.expect_restored("a storm of resets");
}

}  // namespace
}  // namespace sse_proxy::test
