// What the upstream and the log are told about where a request came from.
#include <gtest/gtest.h>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

constexpr std::string_view kClaims =
    "GET /p HTTP/1.1\r\nHost: app.test:81\r\nX-Forwarded-For: 203.0.113.9, 10.0.0.7\r\nX-Forwarded-Proto: "
    "https\r\n"
    "X-Real-IP: 203.0.113.9\r\nX-Request-Id: abc-123\r\nX-Client-Cert-Verified: SUCCESS\r\n"
    "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\ntracestate: a=1,b=2\r\n\r\n";

std::string head_of(Origin& origin, Peer& client, std::string_view request) {
  client.send(request);
  Peer upstream = origin.accept();
  std::string head = upstream.read_head();
  upstream.send(text_response("ok", "Connection: close\r\n"));
  EXPECT_EQ(read_response(client).body, "ok");
  return head;
}

TEST(Forwarding, ATrustedPeersWordIsKeptAndTheLogHasTheClientThePeerAndTheId) {
  Rig rig;
  Peer client = rig.client();
  const std::string head = head_of(rig.origin, client, kClaims);
  EXPECT_EQ(field(head, "x-forwarded-for"), "203.0.113.9, 10.0.0.7, 127.0.0.1");
  EXPECT_EQ(field(head, "x-forwarded-proto"), "https");
  EXPECT_EQ(field(head, "x-forwarded-host"), "app.test:81");
  EXPECT_EQ(field(head, "x-real-ip"), "203.0.113.9");
  EXPECT_EQ(field(head, "x-request-id"), "abc-123");
  EXPECT_EQ(field(head, "x-client-cert-verified"), "");
  EXPECT_EQ(field(head, "traceparent"), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  EXPECT_EQ(field(head, "tracestate"), "a=1,b=2");
  const std::string line = rig.proxy.wait_for_log("path=/p");
  EXPECT_NE(line.find(" client=203.0.113.9 peer=127.0.0.1:"), std::string::npos) << line;
  EXPECT_NE(line.find(" id=abc-123"), std::string::npos) << line;
}

TEST(Forwarding, OthersWordIsReplaced) {
  Rig rig({"--trusted-proxies", "none"});
  Peer client = rig.client();
  const std::string head = head_of(rig.origin, client, kClaims);
  EXPECT_EQ(field(head, "x-forwarded-for"), "127.0.0.1");
  EXPECT_EQ(field(head, "x-forwarded-proto"), tls_towards_clients() ? "https" : "http");
  EXPECT_EQ(field(head, "x-forwarded-host"), "app.test:81");
  EXPECT_EQ(field(head, "x-real-ip"), "");
  const std::string line = rig.proxy.wait_for_log("path=/p");
  EXPECT_NE(line.find(" client=127.0.0.1:"), std::string::npos) << line;
  EXPECT_EQ(line.find(" peer="), std::string::npos) << line;
}

TEST(Forwarding, EveryRequestWithoutAnIdGetsOneOfItsOwn) {
  Rig rig;
  std::string last;
  for (int i = 0; i < 2; ++i) {
    Peer client = rig.client();
    const std::string id = field(head_of(rig.origin, client, kGet), "x-request-id");
    EXPECT_EQ(id.size(), 32U) << id;
    EXPECT_NE(id, last);
    rig.proxy.wait_for_log("id=" + id);
    last = id;
  }
}

TEST(Forwarding, AClientOnAUnixSocketHasNoAddressButMayNameOthers) {
  const std::string path = "/tmp/sse-proxy-forwarding-" + std::to_string(getpid()) + ".sock";
  Rig rig({"--listen", "unix:" + path});
  Peer plain = connect_to_unix(path);
  EXPECT_EQ(field(head_of(rig.origin, plain, kGet), "x-forwarded-for"), "");
  Peer naming = connect_to_unix(path);
  EXPECT_EQ(field(head_of(rig.origin, naming, kClaims), "x-forwarded-for"), "203.0.113.9, 10.0.0.7");
  rig.proxy.wait_for_log("client=203.0.113.9 peer=unix");
}

}  // namespace
}  // namespace sse_proxy::test
