// Rule 1: what the client receives is byte for byte what the upstream sent.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

// Every kind of line end, a BOM, comments, fields without a colon, UTF-8 and control characters.
constexpr std::string_view kMixed =
    "\xEF\xBB\xBF: hello\n\nid: 1\rdata: a\r\rdata: b\r\n\r\ndata\ndata:\n\n\n\nevent: "
    "\xC3\xA4\xF0\x9F\x98\x80\n"
    "data:  two spaces \t\ndata\x01\x7f: odd\n\nretry: 10\r\n\r\n:\r\rid\r\n\ndata: end\n\n";

std::string without_keepalives(std::string body) { return replaced(std::move(body), ": keep-alive\n\n", ""); }

TEST(Rule01Fidelity, EveryByteArrivesHoweverTheUpstreamCutsIt) {
  Rig rig({"--keepalive", "off"});
  for (const size_t step : {size_t{1}, size_t{3}, kMixed.size()}) {
    Stream stream(rig, kGet, kStreamHead);
    std::string_view rest = kMixed;
    while (!rest.empty()) {
      const size_t n = std::min(step, rest.size());
      stream.upstream.send(chunk(rest.substr(0, n)));
      rest.remove_prefix(n);
    }
    stream.upstream.send(kLastChunk);
    const Chunked got = read_chunked_to_end(stream.client);
    EXPECT_EQ(got.body, kMixed) << "in pieces of " << step;
    EXPECT_TRUE(got.complete);
  }
}

TEST(Rule01Fidelity, WithKeepalivesTakenOutNothingButTheBomIsDifferent) {
  Rig rig({"--keepalive", "20ms", "--first-keepalive", "20ms"});
  Stream stream(rig, kGet, kStreamHead);
  std::string body = stream.client.read_chunk().value_or("");  // before the first byte: the BOM will go
  for (size_t at = 0; at < kMixed.size(); ++at) {
    stream.upstream.send(chunk(kMixed.substr(at, 1)));
    if (at % 16 == 0) std::this_thread::sleep_for(Millis(25));  // silence is what is being tried
  }
  stream.upstream.send(kLastChunk);
  body += read_chunked_to_end(stream.client).body;
  EXPECT_EQ(without_keepalives(body), kMixed.substr(3));
  EXPECT_GE(stream.upstream.fd(), 0);
}

TEST(Rule01Fidelity, AnIncompleteLastEventIsPassedOnAtACleanEnd) {
  Rig rig;
  Stream stream(rig, kGet, kStreamHead);
  stream.upstream.send(chunk("data: a\n\ndata: ha") + chunk("lf") + std::string(kLastChunk));
  const Chunked got = read_chunked_to_end(stream.client);
  EXPECT_EQ(got.body, "data: a\n\ndata: half");
  EXPECT_TRUE(got.complete);
}

TEST(Rule01Fidelity, AnIncompleteLastEventIsPassedOnWhenTheUpstreamDies) {
  for (const bool by_reset : {false, true}) {
    Rig rig;
    Stream stream(rig, kGet, kStreamHead);
    stream.upstream.send(chunk("data: a\n\ndata: half"));
    EXPECT_EQ(stream.client.read_chunk(), "data: a\n\n");
    std::this_thread::sleep_for(kQuiet);  // a reset may overtake bytes that the proxy has not read
    by_reset ? stream.upstream.reset() : stream.upstream.close();
    const Chunked got = read_chunked_to_end(stream.client);
    EXPECT_EQ(got.body, "data: half") << (by_reset ? "reset" : "fin");
    EXPECT_FALSE(got.complete);
  }
}

TEST(Rule01Fidelity, AStreamWithAContentLengthIsPassedOnWhole) {
  Rig rig;
  Stream stream(rig, kGet,
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 22\r\n\r\n");
  EXPECT_EQ(field(stream.response_head, "content-length"), "");
  stream.upstream.send("data: a\n\n");
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n\n");
  stream.upstream.send("data: bc\n\ndat");
  const Chunked got = read_chunked_to_end(stream.client);
  EXPECT_EQ(got.body, "data: bc\n\ndat");
  EXPECT_TRUE(got.complete);
}

TEST(Rule01Fidelity, AStreamThatTheCloseEndsIsPassedOnWholeAndEndsCleanly) {
  Rig rig;
  Stream stream(rig, kGet, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: a\n\ndata: b");
  stream.upstream.close();
  const Chunked got = read_chunked_to_end(stream.client);
  EXPECT_EQ(got.body, "data: a\n\ndata: b");
  EXPECT_TRUE(got.complete);
}

TEST(Rule01Fidelity, AnEmptyStreamStaysEmpty) {
  Rig rig;
  Stream stream(rig, kGet, std::string(kStreamHead) + std::string(kLastChunk));
  const Chunked got = read_chunked_to_end(stream.client);
  EXPECT_EQ(got.body, "");
  EXPECT_TRUE(got.complete);
}

}  // namespace
}  // namespace sse_proxy::test
