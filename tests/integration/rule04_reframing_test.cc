// Rule 4: chunks end at event boundaries, and the two safety valves.
#include <gtest/gtest.h>

#include <random>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

TEST(Rule04Reframing, ChunksEndAtEventBoundaries) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamHead);
  std::mt19937 random(7);
  std::string body;
  for (int i = 0; i < 400; ++i) {
    body += "id: " + std::to_string(i) + "\ndata: " + std::string(random() % 300, 'd') + "\n\n";
  }
  std::thread origin([&] {
    std::string_view rest = body;
    while (!rest.empty()) {
      const size_t n = std::min<size_t>(1 + random() % 700, rest.size());
      stream.upstream.send(chunk(rest.substr(0, n)));
      rest.remove_prefix(n);
    }
    stream.upstream.send(kLastChunk);
  });
  const Chunked got = read_chunked_to_end(stream.client);
  origin.join();
  EXPECT_TRUE(got.complete);
  EXPECT_EQ(got.body, body);
  for (const std::string& bytes : got.chunks) EXPECT_TRUE(bytes.ends_with("\n\n")) << bytes;
}

TEST(Rule04Reframing, AnIncompleteEventIsHeldBack) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamHead);
  stream.upstream.send(chunk("data: a\n\ndata: b\nid: 2"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n\n");
  EXPECT_EQ(stream.client.read_for(kQuiet), "");
  stream.upstream.send(chunk("\n"));
  EXPECT_EQ(stream.client.read_for(kQuiet), "");
  stream.upstream.send(chunk("\ndata"));
  EXPECT_EQ(stream.client.read_chunk(), "data: b\nid: 2\n\n");
}

TEST(Rule04Reframing, ACommentBetweenEventsIsABoundary) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamHead);
  stream.upstream.send(chunk(": ping\n"));
  EXPECT_EQ(stream.client.read_chunk(), ": ping\n");
  stream.upstream.send(chunk("data: a\n: inside\n"));
  EXPECT_EQ(stream.client.read_for(kQuiet), "") << "a comment inside an event is none";
  stream.upstream.send(chunk("\n"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n: inside\n\n");
}

TEST(Rule04Reframing, AnEventLargerThanTheLimitStreamsThrough) {
  Rig rig({"--keepalive", "off", "--max-event-bytes", "4KiB", "--partial-flush", "off"});
  Stream stream(rig, kGet, kStreamHead);
  stream.upstream.send(chunk("data: " + std::string(3000, 'a')));
  EXPECT_EQ(stream.client.read_for(kQuiet), "");
  stream.upstream.send(chunk(std::string(3000, 'b')));
  std::string got;
  while (got.size() < 6006) {
    const auto bytes = stream.client.read_chunk();
    ASSERT_TRUE(bytes);
    got += *bytes;
  }
  EXPECT_EQ(got, "data: " + std::string(3000, 'a') + std::string(3000, 'b'));
  stream.upstream.send(chunk("c"));
  EXPECT_EQ(stream.client.read_chunk(), "c") << "the rest of it streams";
  stream.upstream.send(chunk("\n\ndata: next"));
  EXPECT_EQ(stream.client.read_chunk(), "\n\n");
  EXPECT_EQ(stream.client.read_for(kQuiet), "") << "the next event is whole again";
}

TEST(Rule04Reframing, AStalledEventIsReleasedUpToItsLastLineEnd) {
  Rig rig({"--keepalive", "off", "--partial-flush", "100ms"});
  Stream stream(rig, kGet, kStreamHead);
  const auto start = Clock::now();
  stream.upstream.send(chunk("data: a\nda"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n");
  EXPECT_GE(since(start), Millis(85));
  stream.upstream.send(chunk("ta: b\nid"));
  EXPECT_EQ(stream.client.read_chunk(), "data: b\n") << "from now on line by line";
  stream.upstream.send(chunk(": 1\n\ndata: c\n"));
  EXPECT_EQ(stream.client.read_chunk(), "id: 1\n\n");
  stream.upstream.send(chunk("\n"));
  EXPECT_EQ(stream.client.read_chunk(), "data: c\n\n") << "after a blank line events are whole again";
}

TEST(Rule04Reframing, AStalledEventWithoutALineEndIsHeldOn) {
  Rig rig({"--keepalive", "off", "--partial-flush", "50ms"});
  Stream stream(rig, kGet, kStreamHead);
  stream.upstream.send(chunk("data: a"));
  EXPECT_EQ(stream.client.read_for(Millis(200)), "");
  stream.upstream.send(chunk("\n"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n");
}

TEST(Rule04Reframing, WithPartialFlushOffNothingIsReleased) {
  Rig rig({"--keepalive", "off", "--partial-flush", "off"});
  Stream stream(rig, kGet, kStreamHead);
  stream.upstream.send(chunk("data: a\n"));
  EXPECT_EQ(stream.client.read_for(Millis(200)), "");
}

TEST(Rule04Reframing, ABackendThatNeverSendsBlankLinesIsPassedOnLineByLine) {
  Rig rig({"--keepalive", "off", "--partial-flush", "50ms"});
  Stream stream(rig, kGet, kStreamHead);
  stream.upstream.send(chunk("data: 0\n"));
  EXPECT_EQ(stream.client.read_chunk(), "data: 0\n");
  for (int i = 1; i < 20; ++i) {
    const std::string line = "data: " + std::to_string(i) + "\n";
    const auto start = Clock::now();
    stream.upstream.send(chunk(line));
    ASSERT_EQ(stream.client.read_chunk(), line);
    EXPECT_LT(since(start), Millis(2000));
  }
  const std::string counts = [&] {
    stream.upstream.send(kLastChunk);
    return rig.proxy.wait_for_log("end=complete");
  }();
  EXPECT_NE(counts.find("partial_releases=1 "), std::string::npos) << counts;
}

}  // namespace
}  // namespace sse_proxy::test
