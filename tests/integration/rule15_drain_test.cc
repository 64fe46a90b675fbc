// Rule 15: how the proxy ends.
#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>
#include <set>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

int retry_of(const std::string& chunk_bytes) {
  if (!chunk_bytes.starts_with("retry: ") || !chunk_bytes.ends_with("\n\n")) {
    ADD_FAILURE() << "no retry: " << chunk_bytes;
    return -1;
  }
  return std::stoi(chunk_bytes.substr(7));
}

TEST(Rule15Drain, AnIdleProxyEndsAtOnceWithZero) {
  for (const int number : {SIGTERM, SIGINT}) {
    Rig rig;
    Peer never_used = rig.client();
    Stream used(rig, kGet, text_response("a"));
    EXPECT_EQ(used.client.read_exactly(1), "a");
    const auto start = Clock::now();
    rig.proxy.signal(number);
    EXPECT_EQ(rig.proxy.wait_for_exit(), 0);
    EXPECT_LT(since(start), Millis(5000));
    EXPECT_EQ(used.client.read_to_end(), "");
    EXPECT_EQ(never_used.read_to_end(), "");
    rig.proxy.wait_for_log("stopped: connections=2 ");
  }
}

TEST(Rule15Drain, NewConnectionsAreRefused) {
  Rig rig;
  Peer client = rig.client();
  client.send(kGet);
  Peer upstream = rig.origin.accept();
  rig.proxy.signal(SIGTERM);
  const auto deadline = Clock::now() + kPatience;
  while (try_to_connect(rig.proxy.port()) == 0 && Clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(try_to_connect(rig.proxy.port()), ECONNREFUSED);
}

TEST(Rule15Drain, APlainRequestFinishesAndItsConnectionCloses) {
  Rig rig;
  Peer client = rig.client();
  client.send(kGet);
  Peer upstream = rig.origin.accept();
  upstream.read_head();
  rig.proxy.signal(SIGTERM);
  rig.proxy.wait_for_log("draining");
  while (try_to_connect(rig.proxy.port()) == 0) std::this_thread::yield();
  upstream.send(text_response("whole"));
  const Response response = read_response(client);
  EXPECT_EQ(response.body, "whole");
  EXPECT_EQ(field(response.head, "connection"), "close");
  client.half_close();
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(rig.proxy.wait_for_exit(), 0);
}

TEST(Rule15Drain, AGetStreamEndsCleanlyAtABoundaryAfterARetry) {
  Rig rig({"--drain-timeout", "1s", "--keepalive", "off"});
  Stream stream(rig, kGet, std::string(kStreamHead) + chunk("data: a\n\n"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n\n");
  rig.proxy.signal(SIGTERM);
  const int retry = retry_of(stream.client.read_chunk().value_or(""));
  EXPECT_GE(retry, 1000);
  EXPECT_LE(retry, 3000);
  EXPECT_EQ(stream.client.read_chunk(), "");
  stream.client.half_close();
  EXPECT_TRUE(stream.upstream.wait_for_close());
  rig.proxy.wait_for_log("end=drained");
  EXPECT_EQ(rig.proxy.wait_for_exit(), 0);
}

TEST(Rule15Drain, AHeldEventIsWaitedFor) {
  Rig rig({"--drain-timeout", "1s", "--keepalive", "off"});
  Stream stream(rig, kGet, std::string(kStreamHead) + chunk("data: a\n\ndata: ha"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n\n");
  rig.proxy.signal(SIGTERM);
  rig.proxy.wait_for_log("draining");
  EXPECT_EQ(stream.client.read_for(Millis(900)), "") << "a boundary is where nothing is pending";
  stream.upstream.send(chunk("lf\n\n"));
  EXPECT_EQ(stream.client.read_chunk(), "data: half\n\n");
  EXPECT_GT(retry_of(stream.client.read_chunk().value_or("")), 0);
  EXPECT_EQ(stream.client.read_chunk(), "");
}

TEST(Rule15Drain, TheRetryIsNearTheStreamsLastOneAndSpread) {
  Rig rig({"--drain-timeout", "500ms", "--keepalive", "off"});
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 12; ++i) {
    streams.push_back(std::make_unique<Stream>(
        rig, kGet, std::string(kStreamHead) + chunk("retry: 9\n\nretry: 600\ndata: a\n\nretry: x\n\n")));
    streams.back()->client.read_chunk();
  }
  rig.proxy.signal(SIGTERM);
  std::set<int> times;
  for (auto& stream : streams) {
    const int retry = retry_of(stream->client.read_chunk().value_or(""));
    EXPECT_GE(retry, 300);
    EXPECT_LE(retry, 900);
    EXPECT_EQ(stream->client.read_chunk(), "");
    times.insert(retry);
    stream->client.close();
  }
  EXPECT_GT(times.size(), 2U);
  EXPECT_EQ(rig.proxy.wait_for_exit(), 0);
}

TEST(Rule15Drain, StreamsEndAtMomentsSpreadOverTheDrain) {
  Rig rig({"--drain-timeout", "2s", "--keepalive", "off"});
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 16; ++i) {
    streams.push_back(std::make_unique<Stream>(rig, kGet, std::string(kStreamHead) + chunk("data: a\n\n")));
    streams.back()->client.read_chunk();
  }
  const auto start = Clock::now();
  rig.proxy.signal(SIGTERM);
  std::vector<Millis> ends(streams.size());
  std::vector<std::thread> readers;
  for (size_t i = 0; i < streams.size(); ++i) {
    readers.emplace_back([&, i] {
      EXPECT_TRUE(read_chunked_to_end(streams[i]->client).complete);
      ends[i] = since(start);
      streams[i]->client.close();
    });
  }
  for (std::thread& reader : readers) reader.join();
  const auto [first, last] = std::minmax_element(ends.begin(), ends.end());
  EXPECT_GT(*last - *first, Millis(500)) << "once in ten million runs by chance";
}

TEST(Rule15Drain, AStreamInTheMiddleOfAPartlyWrittenEventEndsAtItsBoundary) {
  Rig rig({"--drain-timeout", "3s", "--keepalive", "off", "--partial-flush", "30ms"});
  Stream stream(rig, kGet, std::string(kStreamHead) + chunk("data: a\n"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n");
  rig.proxy.signal(SIGTERM);
  rig.proxy.wait_for_log("draining");
  std::this_thread::sleep_for(Millis(200));
  stream.upstream.send(chunk("data: b\n\n"));
  const Chunked got = read_chunked_to_end(stream.client);
  EXPECT_TRUE(got.complete);
  EXPECT_TRUE(got.body.starts_with("data: b\n\n")) << got.body;
}

TEST(Rule15Drain, APostStreamRunsOnAndIsAbortedAtTheTimeout) {
  Rig rig({"--drain-timeout", "600ms", "--keepalive", "off"});
  Stream stream(rig, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", kStreamHead);
  rig.proxy.signal(SIGTERM);
  const auto start = Clock::now();
  rig.proxy.wait_for_log("draining");
  stream.upstream.send(chunk("data: a\n\n"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n\n");
  stream.upstream.send(chunk("data: half"));
  const Chunked got = read_chunked_to_end(stream.client);
  EXPECT_FALSE(got.complete);
  EXPECT_EQ(got.body, "data: half");
  EXPECT_GE(since(start), Millis(400));
  EXPECT_TRUE(stream.upstream.wait_for_close());
  EXPECT_EQ(rig.proxy.wait_for_exit(), 0);
  EXPECT_NE(rig.proxy.log().find("end=aborted"), std::string::npos);
}

TEST(Rule15Drain, APostStreamMayFinish) {
  Rig rig({"--drain-timeout", "20s"});
  Stream stream(rig, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", kStreamHead);
  rig.proxy.signal(SIGTERM);
  rig.proxy.wait_for_log("draining");
  stream.upstream.send(chunk("data: a\n\n") + std::string(kLastChunk));
  const Chunked got = read_chunked_to_end(stream.client);
  EXPECT_EQ(got.body, "data: a\n\n");
  EXPECT_TRUE(got.complete);
  stream.client.close();
  EXPECT_EQ(rig.proxy.wait_for_exit(Millis(5000)), 0) << "nothing is left to wait for";
}

TEST(Rule15Drain, ASecondSignalEndsAtOnce) {
  Rig rig({"--drain-timeout", "1m"});
  Stream stream(rig, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", kStreamHead);
  rig.proxy.signal(SIGTERM);
  rig.proxy.wait_for_log("draining");
  const auto start = Clock::now();
  rig.proxy.signal(SIGTERM);
  EXPECT_EQ(rig.proxy.wait_for_exit(), 0);
  EXPECT_LT(since(start), Millis(3000));
  EXPECT_FALSE(read_chunked_to_end(stream.client).complete);
}

TEST(Rule15Drain, SignalsDuringTheLastMomentsDoNotChangeTheExitCode) {
  for (int i = 0; i < 5; ++i) {
    Process proxy({"--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:1"});
    proxy.wait_for_log("listening on");
    proxy.signal(SIGTERM);
    while (proxy.running()) {
      for (const int number : {SIGINT, SIGHUP, SIGTERM}) proxy.signal(number);
      std::this_thread::sleep_for(Millis(1));  // without a pause it would do nothing but take signals
    }
    EXPECT_EQ(proxy.wait_for_exit(), 0);
  }
}

TEST(Rule15Drain, DrainDelayKeepsAcceptingForAWhile) {
  Rig rig({"--drain-delay", "600ms"});
  const auto start = Clock::now();
  rig.proxy.signal(SIGTERM);
  rig.proxy.wait_for_log("draining");
  Stream stream(rig, kGet, text_response("still here"));
  EXPECT_EQ(stream.client.read_exactly(10), "still here");
  EXPECT_EQ(rig.proxy.wait_for_exit(), 0);
  EXPECT_GE(since(start), Millis(500));
}

TEST(Rule15Drain, SighupEndsNothing) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamHead);
  for (int i = 0; i < 3; ++i) {
    rig.proxy.signal(SIGHUP);
    stream.upstream.send(chunk("data: a\n\n"));
    EXPECT_EQ(stream.client.read_chunk(), "data: a\n\n");
  }
  Stream another(rig, kGet, text_response("a"));
  EXPECT_EQ(another.client.read_exactly(1), "a");
  EXPECT_TRUE(rig.proxy.running());
}

TEST(Rule15Drain, MaxStreamAgeEndsAGetStreamInTheSameWay) {
  Rig rig({"--max-stream-age", "500ms", "--keepalive", "off"});
  Stream post(rig, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", kStreamHead);
  Stream get(rig, kGet, std::string(kStreamHead) + chunk("data: a\n\n"));
  const auto start = Clock::now();
  EXPECT_EQ(get.client.read_chunk(), "data: a\n\n");
  const int retry = retry_of(get.client.read_chunk().value_or(""));
  EXPECT_GE(retry, 1000);
  EXPECT_LE(retry, 3000);
  EXPECT_EQ(get.client.read_chunk(), "");
  EXPECT_GE(since(start), Millis(350));
  EXPECT_LE(since(start), Millis(2000));
  EXPECT_TRUE(get.upstream.wait_for_close(Millis(2000)));
  get.client.send(kGet);  // its connection serves on
  Peer next = rig.origin.accept();
  next.read_head();
  post.upstream.send(chunk("data: a\n\n"));
  EXPECT_EQ(post.client.read_chunk(), "data: a\n\n") << "a POST stream has no such end";
}

}  // namespace
}  // namespace sse_proxy::test
