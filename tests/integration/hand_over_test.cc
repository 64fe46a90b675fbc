// A deploy: one instance drains while another one takes over.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdio>

#include "tests/integration/abuse_helpers.h"
#include "tests/integration/admin_helpers.h"
#include "tests/integration/hand_over_helpers.h"

namespace sse_proxy::test {
namespace {

constexpr size_t kReaders = kSanitized ? 200 : 1000, kPosts = kReaders;
constexpr std::chrono::seconds kDrainTimeout{8};
constexpr double kWindow = 0.9 * 8;  // in seconds: the last tenth is for streams in the middle of an event
constexpr double kLeastRetry = 0.1, kMostRetry = 0.3;  // in seconds: of the origin's 200 ms, spread
constexpr std::chrono::seconds kEnough{40};

constexpr size_t kBuckets = 10;
using Histogram = std::array<size_t, kBuckets>;

// What comes before or after the window counts for its first or last bucket.
Histogram histogram(const std::vector<int64_t>& moments, int64_t start, double from) {
  Histogram counts{};
  for (const int64_t moment : moments) {
    const double at = static_cast<double>(moment - start) / 1e9 - from;
    ++counts[static_cast<size_t>(std::clamp(at / kWindow * kBuckets, 0.0, double{kBuckets - 1}))];
  }
  return counts;
}

void print(const char* name, const Histogram& counts, double from) {
  std::printf("%s\n", name);
  for (size_t i = 0; i < kBuckets; ++i) {
    std::printf("%5.1f s %5zu %s\n", from + kWindow / kBuckets * static_cast<double>(i), counts[i],
                std::string(counts[i] * 200 / kReaders, '#').c_str());
  }
}

double divergence(double s, double p) {
  return (s > 0 ? s * std::log(s / p) : 0) + (s < 1 ? (1 - s) * std::log((1 - s) / (1 - p)) : 0);
}

// Independent, uniform moments, each noticed up to `late` seconds later. A bucket then has a share of at
// least what is drawn in it but for its last `late` seconds, and at most what is drawn in it and in the
// `late` seconds before. By Chernoff's bound a share s of n draws is on the far side of its mean p with a
// probability of at most exp(-n D(s, p)). All buckets of two histograms raise a false alarm less than once in
// a million runs.
void expect_even(const char* name, const Histogram& counts, double late) {
  constexpr double kFalseAlarm = 1e-6, kSides = 2 * 2 * kBuckets, kWidth = kWindow / kBuckets;
  const double least = std::max(0.0, kWidth - late) / kWindow,
               most = std::min(1.0, (kWidth + late) / kWindow);
  for (const size_t count : counts) {
    const double share = static_cast<double>(count) / kReaders;
    const double surprise = share < least  ? divergence(share, least)
                            : share > most ? divergence(share, most)
                                           : 0;
    EXPECT_LT(kReaders * surprise, std::log(kSides / kFalseAlarm))
        << name << ": " << count << " of " << kReaders << ", noticed up to " << late << " s late";
  }
}

TEST(HandOver, NoEventIsLostAndClientsComeBackEvenlyWhenASecondInstanceTakesOver) {
  ASSERT_EQ(affordable_connections(kReaders + kPosts), kReaders + kPosts);
  NumberedOrigin origin;
  const Args args = {"--upstream",  origin.url(), "--reuse-port", "on",  "--drain-timeout", "8s",
                     "--keepalive", "1s",         "--access-log", "off", "--admin",         "127.0.0.1:0"};
  const auto on_port = [&args](uint16_t port) {
    Args all = args;
    all.insert(all.end(), {"--listen", "127.0.0.1:" + std::to_string(port)});
    return all;
  };
  Proxy first(on_port(0));
  Crowd crowd(kReaders, kPosts, first.port());
  const Crowd::Counts& counts = crowd.counts();
  ASSERT_TRUE(crowd.run_until([&] { return counts.live == kReaders + kPosts; }, kEnough)) << counts.live;
  Proxy second(on_port(first.port()));

  const size_t before = counts.events;  // what came while the second one started is late by our own doing
  ASSERT_TRUE(crowd.run_until([&] { return counts.events >= before + 2 * (kReaders + kPosts); }, kEnough));
  crowd.forget_latest();
  const int64_t start = bench::now_ns();
  int64_t exit = 0;
  first.signal(SIGTERM);
  origin.end_posts_within(std::chrono::milliseconds(5000));
  EXPECT_TRUE(crowd.run_until(
      [&] {
        if (exit == 0 && !first.running()) exit = bench::now_ns();
        return exit != 0 && counts.caught_up == kReaders;
      },
      kEnough));

  const Histogram ends = histogram(crowd.ends(), start, 0),
                  returns = histogram(crowd.returns(), start, kLeastRetry);
  print("GET streams end, in seconds from SIGTERM:", ends, 0);
  print("their clients are back:", returns, kLeastRetry);
  const double seconds = static_cast<double>(exit - start) / 1e9;
  const double late =
      static_cast<double>(counts.latest) / 1e9;  // with the 50 ms between halves, and of a timer
  std::printf("%zu events, the latest after %.2f s; exit after %.2f s\n", counts.events, late, seconds);

  EXPECT_EQ(first.wait_for_exit(Millis(0)), 0);
  EXPECT_LT(seconds, static_cast<double>(kDrainTimeout.count()) + late)
      << "nothing was left for drain-timeout to end";
  EXPECT_EQ(counts.missing, 0U);
  EXPECT_EQ(counts.doubled, 0U);
  EXPECT_EQ(counts.broken, 0U);
  EXPECT_EQ(counts.whole_posts, kPosts);
  EXPECT_EQ(counts.caught_up, kReaders);
  EXPECT_EQ(crowd.ends().size(), kReaders);
  EXPECT_EQ(crowd.returns().size(), kReaders);
  expect_even("ends", ends, late);
  expect_even("returns", returns, kMostRetry - kLeastRetry + 2 * late);
  const std::string totals = first.wait_for_log("stopped: ");
  EXPECT_NE(totals.find(" streams_opened=" + std::to_string(kReaders + kPosts) + " "), std::string::npos)
      << totals << ": the second instance has served the others";
}

bool anyone_listens(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

TEST(HandOver, ASocketFileBelongsToTheInstanceThatListensThere) {
  const std::string path = "/tmp/sse-proxy-hand-over-" + std::to_string(getpid());
  Rig first({"--listen", "unix:" + path});
  Peer client = connect_to_unix(path);
  client.send(kGet);
  Peer upstream = first.origin.accept();
  upstream.read_head();
  first.proxy.signal(SIGTERM);
  expect_soon([&] { return !anyone_listens(path); }, "the listener is closed");
  {
    const Rig second({"--listen", "unix:" + path});
    upstream.send(text_response("whole"));
    EXPECT_EQ(read_response(client).body, "whole");
    client.close();
    EXPECT_EQ(first.proxy.wait_for_exit(), 0);
    EXPECT_TRUE(anyone_listens(path)) << "it was not the first one's to remove any more";
  }
  EXPECT_NE(access(path.c_str(), F_OK), 0) << "the second one removes it";
}

TEST(HandOver, AListenerWithAFullQueueIsNoReasonToHang) {
  const std::string path = "/tmp/sse-proxy-full-" + std::to_string(getpid());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const auto* const name = reinterpret_cast<const sockaddr*>(&address);
  const Fd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(bind(listener.get(), name, sizeof address), 0);
  ASSERT_EQ(listen(listener.get(), 0), 0);
  const Fd waiting(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(connect(waiting.get(), name, sizeof address), 0);
  Process proxy({"--listen", "unix:" + path, "--upstream", "http://127.0.0.1:1"});
  EXPECT_EQ(proxy.wait_for_exit(Millis(5000)), 1);
  EXPECT_NE(proxy.log().find("another process listens there"), std::string::npos) << proxy.log();
  unlink(path.c_str());
}

}  // namespace
}  // namespace sse_proxy::test
