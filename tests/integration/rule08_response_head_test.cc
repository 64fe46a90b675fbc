// Rule 8: the response head of an event stream.
#include <gtest/gtest.h>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

std::string head_with(std::string_view fields) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + std::string(fields) + "\r\n";
}

TEST(Rule08ResponseHead, CacheControlGainsNoCacheAndNoTransform) {
  struct Case {
    std::string_view upstream;
    std::vector<std::string_view> has;
    std::string_view lacks;
  };
  const Case cases[] = {
      {"", {"no-cache", "no-transform"}, "no-store"},
      {"Cache-Control: no-cache\r\n", {"no-cache", "no-transform"}, "no-cache, no-cache"},
      {"Cache-Control: no-store\r\n", {"no-store", "no-transform"}, "no-cache"},
      {"Cache-Control: private, max-age=3\r\n",
       {"private", "max-age=3", "no-cache", "no-transform"},
       "no-store"},
      {"Cache-Control: No-Transform\r\nCache-Control: NO-STORE\r\n",
       {"No-Transform", "NO-STORE"},
       "no-cache"},
  };
  Rig rig;
  for (const Case& c : cases) {
    Stream stream(rig, kGet, head_with(c.upstream));
    const std::string value = field(stream.response_head, "cache-control");
    for (const std::string_view word : c.has) EXPECT_NE(value.find(word), std::string::npos) << value;
    EXPECT_EQ(value.find(c.lacks), std::string::npos) << value;
  }
}

TEST(Rule08ResponseHead, FieldsThatDescribeTheOldBodyGo) {
  Rig rig;
  Stream stream(rig, kGet,
                head_with("Content-Length: 9\r\nETag: \"a\"\r\nAccept-Ranges: bytes\r\nContent-MD5: x\r\n"
                          "Digest: sha-256=x\r\nContent-Digest: sha-256=:x:\r\nX-Accel-Buffering: yes\r\n"
                          "X-Mine: kept\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nServer: origin\r\n"
                          "Keep-Alive: timeout=5\r\nConnection: X-Hop\r\nX-Hop: 1\r\n"));
  const std::string& head = stream.response_head;
  for (const char* name : {"Content-Length", "ETag", "Accept-Ranges", "Content-MD5", "Digest",
                           "Content-Digest", "Keep-Alive", "X-Hop"}) {
    EXPECT_EQ(field(head, name), "") << name;
  }
  EXPECT_EQ(field(head, "X-Accel-Buffering"), "no");
  EXPECT_EQ(field(head, "X-Mine"), "kept");
  EXPECT_EQ(field(head, "Set-Cookie"), "a=1, b=2");
  EXPECT_EQ(field(head, "Server"), "origin");
  EXPECT_EQ(field(head, "Transfer-Encoding"), "chunked");
}

TEST(Rule08ResponseHead, FramingIsTheClients) {
  Rig rig({"--keepalive", "off"});
  Peer client = rig.client();
  client.send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  Peer upstream = rig.origin.accept();
  EXPECT_TRUE(upstream.read_head().starts_with("GET / HTTP/1.1\r\n"));
  upstream.send(std::string(kStreamHead) + chunk("data: a\n\n"));
  const std::string head = client.read_head();
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200")) << head;
  EXPECT_EQ(field(head, "transfer-encoding"), "");
  EXPECT_EQ(field(head, "connection"), "close");
  EXPECT_EQ(client.read_exactly(9), "data: a\n\n");
  upstream.send(chunk("data: b\n\n") + std::string(kLastChunk));
  EXPECT_EQ(client.read_to_end(), "data: b\n\n");
  EXPECT_EQ(client.ending(), Ending::fin);
}

}  // namespace
}  // namespace sse_proxy::test
