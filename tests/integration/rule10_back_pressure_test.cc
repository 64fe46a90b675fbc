// Rule 10: memory is bounded, and a slow client slows nobody else down.
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

constexpr std::string_view kPlainHead = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
constexpr std::string_view kStreamToClose = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
constexpr size_t kFarTooMuch = 64 << 20;
constexpr size_t kKernelsShare = 24 << 20;  // four socket buffers

TEST(Rule10BackPressure, AStalledClientStopsTheReadingOfItsOwnUpstream) {
  Rig rig({"--write-timeout", "1m"});
  for (const std::string_view head : {kPlainHead, kStreamToClose}) {
    Stream stream(rig, kGet, head, {.receive_buffer = 4096});
    EXPECT_LT(stream.upstream.send_until_blocked(kFarTooMuch), kKernelsShare);
  }
}

TEST(Rule10BackPressure, OtherStreamsGoOn) {
  Rig rig({"--write-timeout", "1m", "--keepalive", "off"});
  Stream stalled(rig, kGet, kPlainHead, {.receive_buffer = 4096});
  EXPECT_LT(stalled.upstream.send_until_blocked(kFarTooMuch), kKernelsShare);
  Stream other(rig, kGet, kStreamHead);
  for (int i = 0; i < 100; ++i) {
    other.upstream.send(chunk("data: a\n\n"));
    ASSERT_EQ(other.client.read_chunk(), "data: a\n\n");
  }
}

TEST(Rule10BackPressure, AStalledClientThatReadsAgainGetsEverything) {
  Rig rig({"--write-timeout", "1m", "--keepalive", "off"});
  Stream stream(rig, kGet, kPlainHead, {.receive_buffer = 4096});
  const size_t sent = stream.upstream.send_until_blocked(kFarTooMuch);
  std::thread origin([&] {
    stream.upstream.send("the end");
    stream.upstream.close();
  });
  const Chunked got = read_chunked_to_end(stream.client);
  origin.join();
  EXPECT_TRUE(got.complete);
  EXPECT_EQ(got.body.size(), sent + 7);
  EXPECT_TRUE(got.body.ends_with("xthe end"));
}

TEST(Rule10BackPressure, AClientThatTakesNothingForTheWriteTimeoutIsDropped) {
  Rig rig({"--write-timeout", "300ms"});
  Stream stream(rig, kGet, kStreamToClose, {.receive_buffer = 4096});
  const std::string event = "data: " + std::string(60000, 'x') + "\n\n";
  while (stream.upstream.send(event, Millis(2000))) {
  }
  EXPECT_TRUE(stream.upstream.wait_for_close());
  rig.proxy.wait_for_log("timeouts.write");
  EXPECT_EQ(rig.proxy.stop_and_count()["slow_clients_dropped"], 1U);
}

// A client of /patient that takes nothing is served when it takes again, after more than the 300 ms of
// others.
void expect_patience(Rig& rig) {
  Stream stream(rig, "GET /patient HTTP/1.1\r\nHost: a\r\n\r\n", kPlainHead, {.receive_buffer = 4096});
  const size_t sent = stream.upstream.send_until_blocked(kFarTooMuch);
  EXPECT_FALSE(stream.upstream.wait_for_close(Millis(1200)));
  stream.upstream.close();
  const Chunked got = read_chunked_to_end(stream.client);
  EXPECT_TRUE(got.complete);
  EXPECT_EQ(got.body.size(), sent);
}

TEST(Rule10BackPressure, TheWriteTimeoutOfARuleHoldsWhereItIsLonger) {
  const ConfigurationFile file(
      "timeouts.write = \"300ms\"\n[[rule]]\npath = \"/patient\"\ntimeouts.write = \"1m\"\n");
  Rig rig({"--config", file.path()});
  expect_patience(rig);
}

TEST(Rule10BackPressure, AWriteTimeoutThatAReloadMadeLongerHolds) {
  const ConfigurationFile file("timeouts.write = \"300ms\"\n");
  Rig rig({"--config", file.path()});
  file.write("timeouts.write = \"1m\"\n");
  rig.proxy.signal(SIGHUP);
  rig.proxy.wait_for_log("configuration reloaded");
  expect_patience(rig);
}

TEST(Rule10BackPressure, AClientThatTakesALittleIsNotDropped) {
  Rig rig({"--write-timeout", "1s"});
  Stream stream(rig, kGet, kPlainHead, {.receive_buffer = 8192});
  stream.upstream.send_until_blocked(kFarTooMuch);
  const auto start = Clock::now();
  while (since(start) < Millis(2500)) {
    stream.client.read_exactly(8192);
    std::this_thread::sleep_for(Millis(20));
  }
  EXPECT_EQ(rig.proxy.stop_and_count()["slow_clients_dropped"], 0U);
}

TEST(Rule10BackPressure, OverTheBufferMemoryHeldEventsStreamThrough) {
  Rig rig({"--keepalive", "off", "--partial-flush", "off", "--buffer-memory", "256KiB"});
  Stream small(rig, kGet, kStreamHead);
  small.upstream.send(chunk("data: " + std::string(100 << 10, 'x')));
  EXPECT_EQ(small.client.read_for(kQuiet), "") << "there is room for it";
  Stream big(rig, kGet, kStreamHead);
  big.upstream.send(chunk("data: " + std::string(400 << 10, 'y')));
  size_t got = 0;
  while (got < (100U << 10)) {
    const auto bytes = big.client.read_chunk();
    ASSERT_TRUE(bytes);
    got += bytes->size();
  }
  big.upstream.send(chunk("\n\n"));
  big.client.read_until("y\r\n");
}

TEST(Rule10BackPressure, AnUploadIsReadNoFasterThanTheOriginTakesIt) {
  Origin origin({.address = "127.0.0.1", .unix_path = "", .receive_buffer = 4096});
  const Proxy proxy({"--upstream", origin.url(), "--write-timeout", "1m"});
  Peer client = proxy.client();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
  Peer upstream = origin.accept();
  upstream.read_head();
  EXPECT_LT(client.send_until_blocked(kFarTooMuch), kKernelsShare);
  if (!kSanitized) {
    EXPECT_LT(proxy.own_memory_kib(), 32 * 1024);
  }
}

}  // namespace
}  // namespace sse_proxy::test
