// Rule 9: what one side's end means for the other.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

enum class Leaves { by_close, by_reset, by_half_close };

void leave(Peer& client, Leaves how) {
  switch (how) {
    case Leaves::by_close: return client.close();
    case Leaves::by_reset: return client.reset();
    case Leaves::by_half_close: return client.half_close();
  }
}

// How long after the client left the origin noticed; the median of several tries.
template <class Begin>
Millis median_until_noticed(Leaves how, Begin begin) {
  std::vector<Millis> waits;
  for (int i = 0; i < 7; ++i) {
    auto [client, upstream] = begin();
    const auto start = Clock::now();
    leave(client, how);
    EXPECT_TRUE(upstream.wait_for_close());
    waits.push_back(since(start));
  }
  std::sort(waits.begin(), waits.end());
  return waits[waits.size() / 2];
}

constexpr Millis kAtOnce{kSanitized ? 150 : 50};

class Rule09Disconnect : public testing::TestWithParam<Leaves> {};
INSTANTIATE_TEST_SUITE_P(Client, Rule09Disconnect,
                         testing::Values(Leaves::by_close, Leaves::by_reset, Leaves::by_half_close));

TEST_P(Rule09Disconnect, BeforeTheFirstResponseByteTheUpstreamIsClosedAtOnce) {
  Rig rig;
  const auto begin = [&] {
    Peer client = rig.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}");
    Peer upstream = rig.origin.accept();
    upstream.read_until("{}");
    return std::pair(std::move(client), std::move(upstream));
  };
  EXPECT_LT(median_until_noticed(GetParam(), begin), kAtOnce);
  EXPECT_EQ(rig.proxy.stop_and_count()["client_aborts"], 7U);
}

TEST_P(Rule09Disconnect, InMidStreamTheUpstreamIsClosedAtOnce) {
  Rig rig;
  const auto begin = [&] {
    Stream stream(rig, kGet, std::string(kStreamHead) + chunk("data: a\n\n"));
    stream.client.read_chunk();
    return std::pair(std::move(stream.client), std::move(stream.upstream));
  };
  EXPECT_LT(median_until_noticed(GetParam(), begin), kAtOnce);
  EXPECT_EQ(rig.proxy.stop_and_count()["client_aborts"], 7U);
}

TEST_P(Rule09Disconnect, DrainReadsTheUpstreamToItsEnd) {
  Rig rig({"--on-disconnect", "drain"});
  for (const bool begun : {false, true}) {
    Peer client = rig.client();
    client.send(kGet);
    Peer upstream = rig.origin.accept();
    upstream.read_head();
    if (begun) {
      upstream.send(kStreamHead);
      client.read_head();
    }
    leave(client, GetParam());
    EXPECT_FALSE(upstream.wait_for_close(Millis(100)));
    if (!begun) upstream.send(kStreamHead);
    const std::string much = chunk("data: " + std::string(1 << 20, 'x') + "\n\n");
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(upstream.send(much)) << "20 MiB are read and thrown away";
    upstream.send(kLastChunk);
    if (begun) rig.proxy.wait_for_log("end=");
  }
}

TEST_P(Rule09Disconnect, InAnUploadTheUpstreamIsClosedAtOnce) {
  Rig rig;
  Peer client = rig.client();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
  Peer upstream = rig.origin.accept();
  upstream.read_until("12345");
  leave(client, GetParam());
  EXPECT_TRUE(upstream.wait_for_close(Millis(2000)));
}

TEST(Rule09Upstream, ThatDiesInItsChunkedMessageLeavesNoFinalChunk) {
  Rig rig;
  Stream stream(rig, kGet, std::string(kStreamHead) + "20\r\ndata: a\n\ndata");
  stream.upstream.close();
  const Chunked got = read_chunked_to_end(stream.client);
  EXPECT_EQ(got.body, "data: a\n\ndata");
  EXPECT_FALSE(got.complete);
  EXPECT_EQ(rig.proxy.stop_and_count()["upstream_errors"], 1U);
}

TEST(Rule09Upstream, ThatDiesIsAResetToAClientWhoseBodyOnlyTheCloseEnds) {
  Rig rig;
  Peer client = rig.client();
  client.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  Peer upstream = rig.origin.accept();
  upstream.read_head();
  upstream.send(std::string(kStreamHead) + chunk("data: a\n\n"));
  client.read_until("data: a\n\n");
  upstream.send(chunk("data: b\n\ndat"));
  upstream.close();
  EXPECT_EQ(client.read_to_end(), "data: b\n\ndat") << "what was sent arrives before the reset";
  EXPECT_EQ(client.ending(), Ending::reset);
}

TEST(Rule09Upstream, ThatCutsItsContentLengthShortLeavesAShortBody) {
  Rig rig;
  Stream stream(rig, kGet, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n12345");
  stream.upstream.close();
  EXPECT_EQ(stream.client.read_to_end(), "12345");
}

TEST(Rule09Upstream, ThatResetsABodyWhichTheCloseWouldEndIsNotACleanEnd) {
  Rig rig;
  Stream stream(rig, kGet, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n12345");
  EXPECT_EQ(stream.client.read_chunk(), "12345");
  stream.upstream.reset();
  EXPECT_FALSE(read_chunked_to_end(stream.client).complete);
}

TEST(Rule09Upstream, ThatBreaksItsFramingIsAborted) {
  Rig rig;
  Stream stream(rig, kGet, std::string(kStreamHead) + chunk("data: a\n\n") + "xyz\r\n");
  const Chunked got = read_chunked_to_end(stream.client);
  EXPECT_EQ(got.body, "data: a\n\n");
  EXPECT_FALSE(got.complete);
  EXPECT_TRUE(stream.upstream.wait_for_close());
}

TEST(Rule09Upstream, ThatEndsCleanlyIsACleanEndAndTheClientMayAskAgain) {
  Rig rig;
  Stream stream(rig, kGet, std::string(kStreamHead) + chunk("data: a\n\n") + std::string(kLastChunk));
  EXPECT_TRUE(read_chunked_to_end(stream.client).complete);
  stream.client.send(kGet);
  stream.upstream.read_head();  // on the same connection
  stream.upstream.send(text_response("again"));
  EXPECT_EQ(read_response(stream.client).body, "again");
}

TEST(Rule09Upstream, ThatIsSilentLongerThanItsTimeoutsIsCutOff) {
  Rig rig({"--stream-timeout", "200ms", "--read-timeout", "300ms", "--keepalive", "50ms"});
  Stream stream(rig, kGet, kStreamHead);
  EXPECT_FALSE(read_chunked_to_end(stream.client).complete);
  rig.proxy.wait_for_log("timeouts.stream");
  Stream plain(rig, kGet, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\n123");
  EXPECT_EQ(plain.client.read_to_end(), "123");
  rig.proxy.wait_for_log("timeouts.read");
}

}  // namespace
}  // namespace sse_proxy::test
