// Which connection a request takes: pools, retries, several upstreams, Unix sockets, IPv6, workers, limits.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

constexpr std::string_view kPost = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";

// Answers every request on a connection with `body`, until the connection ends.
Origin::Script answers(std::string body) {
  return [body = std::move(body)](Peer& peer) {
    while (peer.wait_for_request()) peer.send(text_response(body));
  };
}

std::string get(const Proxy& proxy) {
  Peer client = proxy.client();
  client.send(kGet);
  return read_response(client).body;
}

std::string temporary_path(const std::string& name) {
  return "/tmp/sse-proxy-test-" + std::to_string(getpid()) + "-" + name;
}

TEST(Upstreams, OneThatRefusesIsLeftOutAndTriedAgainAfterAWhile) {
  Origin origin(answers("a"));
  const std::string refusing = "http://127.0.0.1:" + std::to_string(refused_port());
  Proxy proxy({"--upstream", refusing, "--upstream", origin.url()});
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get(proxy), "a");
  const std::string tried =
      "cannot connect to the upstream reason=\"Connection refused\" upstream=" + refusing;
  proxy.wait_for_log(tried);
  EXPECT_EQ(proxy.count_in_log(tried), 1U) << "19 did not try it";
  EXPECT_EQ(proxy.count_in_log("is left out for a while upstream=" + refusing + " ms=1000"), 1U);
  const auto deadline = Clock::now() + kPatience;
  const std::string again = "is left out for a while upstream=" + refusing + " ms=2000";
  while (proxy.count_in_log(again) == 0 && Clock::now() < deadline) EXPECT_EQ(get(proxy), "a");
  EXPECT_EQ(proxy.count_in_log(again), 1U);
}

TEST(Upstreams, OneThatAnswersNothingIsLeftOutAfterThreeRequestsAndComesBack) {
  std::atomic<bool> well{false};
  Origin flaky([&](Peer& peer) {
    while (peer.wait_for_request()) {
      if (!well) return;  // closed without an answer
      peer.send(text_response("b"));
    }
  });
  Origin origin(answers("a"));
  Proxy proxy({"--upstream", flaky.url(), "--upstream", origin.url()});
  size_t failures = 0;
  for (int i = 0; i < 30; ++i) failures += get(proxy) == "a" ? 0 : 1;
  EXPECT_EQ(failures, 3U);
  well = true;
  const auto deadline = Clock::now() + kPatience;
  while (get(proxy) != "b" && Clock::now() < deadline) std::this_thread::yield();
  proxy.wait_for_log("upstream answers again upstream=" + flaky.url());
  EXPECT_EQ(proxy.stop_and_count()["upstream_ejections"], 1U);
}

TEST(Upstreams, AKeptConnectionIsClosedWhenTheUpstreamsOwnTimeIsUp) {
  Rig rig({"--upstream-idle-timeout", "1h"});
  Stream first(rig, kGet, text_response("a", "Keep-Alive: max=5, timeout=1\r\n"));
  EXPECT_EQ(first.client.read_exactly(1), "a");
  EXPECT_TRUE(first.upstream.wait_for_close());
}

TEST(Upstreams, AFailureSaysWhichUpstreamInWhatPhaseAndForHowLong) {
  Rig rig({"--response-timeout", "100ms"});
  Peer client = rig.client();
  client.send(kGet);
  Peer upstream = rig.origin.accept();
  EXPECT_EQ(status_of(client.read_head()), 504);
  const std::string line = rig.proxy.wait_for_log("timeouts.response");
  EXPECT_NE(line.find("phase=awaiting-head upstream=" + rig.origin.url() + " ms="), std::string::npos)
      << line;
}

TEST(Upstreams, AConnectionIsReusedByTheNextClient) {
  Origin origin(answers("a"));
  const Proxy proxy({"--upstream", origin.url()});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get(proxy), "a");
  EXPECT_EQ(origin.connections(), 1U);
}

TEST(Upstreams, AnUnfinishedConnectionIsNeverReused) {
  Rig rig;
  {
    Stream stream(rig, kGet, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123");
    stream.client.close();
    EXPECT_TRUE(stream.upstream.wait_for_close());
  }
  Stream next(rig, kGet, text_response("a"));  // accepts a new one
  EXPECT_EQ(next.client.read_exactly(1), "a");
}

TEST(Upstreams, AnAnswerWithBytesAfterItsEndIsNotTrustedAgain) {
  Rig rig;
  Stream stream(rig, kGet, text_response("a") + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
  EXPECT_EQ(stream.client.read_exactly(1), "a");
  EXPECT_TRUE(stream.upstream.wait_for_close());
  stream.client.send(kGet);
  Peer fresh = rig.origin.accept();
  fresh.read_head();
  fresh.send(text_response("b"));
  EXPECT_EQ(read_response(stream.client).body, "b");
}

TEST(Upstreams, AStaleConnectionIsRetriedForGet) {
  Rig rig;
  Stream first(rig, kGet, text_response("a"));
  EXPECT_EQ(first.client.read_exactly(1), "a");
  first.client.send(kGet);
  first.upstream.read_head();
  first.upstream.close();  // as a server does whose keep-alive time was up
  Peer second = rig.origin.accept();
  second.read_head();
  second.send(text_response("b"));
  EXPECT_EQ(read_response(first.client).body, "b");
  EXPECT_EQ(rig.proxy.stop_and_count()["stale_retries"], 1U);
}

TEST(Upstreams, AStaleConnectionIsNotRetriedForPost) {
  Rig rig;
  Stream first(rig, kGet, text_response("a"));
  EXPECT_EQ(first.client.read_exactly(1), "a");
  first.client.send(kPost);
  first.upstream.read_until("{}");
  first.upstream.reset();
  EXPECT_EQ(status_of(first.client.read_head()), 502);
  EXPECT_FALSE(rig.origin.accept_within(kQuiet));
}

TEST(Upstreams, AFreshConnectionThatDiesIsNotRetried) {
  Rig rig;
  Peer client = rig.client();
  client.send(kGet);
  Peer upstream = rig.origin.accept();
  upstream.read_head();
  upstream.close();
  EXPECT_EQ(status_of(client.read_head()), 502);
  EXPECT_FALSE(rig.origin.accept_within(kQuiet));
}

TEST(Upstreams, SeveralTakeTurnsAndADeadOneIsPassedOver) {
  Origin one(answers("1"));
  Origin two(answers("2"));
  const Proxy proxy({"--upstream", one.url(), "--upstream", two.url()});
  std::multiset<std::string> seen;
  for (int i = 0; i < 10; ++i) seen.insert(get(proxy));
  EXPECT_EQ(seen.count("1"), 5U);
  EXPECT_EQ(seen.count("2"), 5U);

  const std::string dead = "http://127.0.0.1:" + std::to_string(refused_port());
  const Proxy with_dead({"--upstream", dead, "--upstream", two.url()});
  for (int i = 0; i < 6; ++i) {
    Peer client = with_dead.client();
    client.send(kPost);  // nothing was sent to the dead one: any method may go on to the next
    EXPECT_EQ(read_response(client).body, "2");
  }
}

TEST(Upstreams, UnixSocketsWorkOnBothSides) {
  const std::string up = temporary_path("up.sock");
  const std::string down = temporary_path("down.sock");
  unlink(up.c_str());
  Origin origin({.address = "", .unix_path = up});
  {
    Proxy proxy({"--listen", "unix:" + down, "--upstream", origin.url()});
    struct stat info {};
    ASSERT_EQ(stat(down.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0660U);
    Peer client = connect_to_unix(down);
    client.send(kGet);
    Peer upstream = origin.accept();
    upstream.read_head();
    upstream.send(std::string(kStreamHead) + chunk("data: a\n\n"));
    client.read_head();
    EXPECT_EQ(client.read_chunk(), "data: a\n\n");
    client.close();
    EXPECT_TRUE(upstream.wait_for_close(Millis(2000)));

    Process second({"--listen", "unix:" + down, "--upstream", origin.url()});
    EXPECT_EQ(second.wait_for_exit(), 1) << "somebody listens there";
    EXPECT_EQ(second.count_in_log("\n"), 1U);
    EXPECT_NE(second.log().find(down), std::string::npos);
    connect_to_unix(down);  // and still does
    proxy.signal(SIGKILL);
    proxy.wait_for_exit();
  }
  EXPECT_EQ(access(down.c_str(), F_OK), 0) << "it was killed and left its path behind";
  {
    const Proxy proxy({"--listen", "unix:" + down, "--upstream", origin.url(), "--unix-mode", "0600"});
    struct stat info {};
    ASSERT_EQ(stat(down.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
    connect_to_unix(down);
  }
  EXPECT_NE(access(down.c_str(), F_OK), 0) << "a clean end removes it";
  unlink(up.c_str());
}

TEST(Upstreams, Ipv6WorksOnBothSides) {
  if (access("/proc/net/if_inet6", R_OK) != 0) GTEST_SKIP() << "no IPv6";
  Origin origin({.address = "::1", .unix_path = ""});
  const Proxy proxy({"--listen", "[::1]:0", "--upstream", origin.url()});
  Peer client = proxy.client({.address = "::1"});
  client.send(kGet);
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.send(text_response("six"));
  EXPECT_EQ(read_response(client).body, "six");
}

TEST(Upstreams, ANameIsResolved) {
  Origin origin(answers("a"));
  const Proxy proxy({"--upstream", replaced(origin.url(), "127.0.0.1", "localhost")});
  EXPECT_EQ(get(proxy), "a");
}

TEST(Upstreams, TwoWorkersServeFiftyStreams) {
  for (const bool over_unix : {false, true}) {
    Origin origin([](Peer& peer) {
      while (peer.wait_for_request()) {
        peer.send(kStreamHead);
        for (int i = 0; i < 40; ++i) peer.send(chunk("data: " + std::to_string(i) + "\n\n"));
        peer.send(kLastChunk);
      }
    });
    const std::string path = temporary_path("workers.sock");
    Proxy proxy({"--upstream", origin.url(), "--workers", "2", "--listen",
                 over_unix ? "unix:" + path : "127.0.0.1:0"});
    std::vector<std::thread> clients;
    std::atomic<int> whole{0};
    for (int i = 0; i < 50; ++i) {
      clients.emplace_back([&] {
        Peer client = over_unix ? connect_to_unix(path) : proxy.client();
        client.send(kGetExpected);
        client.read_head();
        const Chunked got = read_chunked_to_end(client);
        if (got.complete && got.body.ends_with("data: 39\n\n")) ++whole;
      });
    }
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(whole, 50);
    const auto counts = proxy.stop_and_count();
    EXPECT_EQ(counts.at("connections"), 50U);
    EXPECT_EQ(counts.at("events"), 2000U);
  }
}

}  // namespace
}  // namespace sse_proxy::test
