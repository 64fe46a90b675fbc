// Rule 3: heads and events leave in the turn in which they came.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

TEST(Rule03Unbuffering, TheHeadArrivesBeforeAnyBodyByte) {
  Rig rig({"--keepalive", "off"});
  for (const std::string_view type : {"text/event-stream", "text/plain"}) {
    Peer client = rig.client();
    client.send(kGet);
    Peer upstream = rig.origin.accept();
    upstream.read_head();
    upstream.send("HTTP/1.1 200 OK\r\nContent-Type: " + std::string(type) +
                  "\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(status_of(client.read_head()), 200) << type;  // the origin has sent no body byte
  }
}

TEST(Rule03Unbuffering, EveryEventArrivesBeforeTheOriginSendsTheNext) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGetExpected, kStreamHead);
  for (int i = 0; i < 300; ++i) {
    const std::string event = "id: " + std::to_string(i) + "\ndata: " + std::string(i * 7, 'x') + "\n\n";
    stream.upstream.send(chunk(event));
    ASSERT_EQ(stream.client.read_chunk(), event);
  }
}

TEST(Rule03Unbuffering, AnEventInPiecesLeavesWithItsLastByte) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGetExpected, kStreamHead);
  std::vector<Millis> waits;
  for (int i = 0; i < 50; ++i) {
    stream.upstream.send("9\r\ndata: ");
    stream.upstream.send("a\n\n");
    const auto start = Clock::now();
    stream.upstream.send("\r\n");
    ASSERT_EQ(stream.client.read_chunk(), "data: a\n\n");
    waits.push_back(since(start));
  }
  // Nagle's algorithm against a delayed acknowledgement would cost 40 ms each time.
  std::nth_element(waits.begin(), waits.begin() + 25, waits.end());
  EXPECT_LT(waits[25], Millis(20));
}

TEST(Rule03Unbuffering, AnEventNeedsNoMoreOfItsChunk) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamHead);
  stream.upstream.send("20\r\ndata: a\n\ndata");  // 0x20 bytes are announced
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n\n");
}

TEST(Rule03Unbuffering, HeadAndEventsInOneReadArriveTogether) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, std::string(kStreamHead) + chunk("data: a\n\n") + std::string(kLastChunk));
  const Chunked got = read_chunked_to_end(stream.client);
  EXPECT_EQ(got.body, "data: a\n\n");
  EXPECT_TRUE(got.complete);
}

TEST(Rule03Unbuffering, TheHeadOfTheRequestDoesNotWaitForItsBody) {
  Rig rig;
  Peer client = rig.client();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
  Peer upstream = rig.origin.accept();
  EXPECT_TRUE(upstream.read_head().starts_with("POST / HTTP/1.1\r\n"));
  client.send("a");
  EXPECT_EQ(upstream.read_exactly(1), "a");
  client.send("bc");
  EXPECT_EQ(upstream.read_exactly(2), "bc");
}

}  // namespace
}  // namespace sse_proxy::test
