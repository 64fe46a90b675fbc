// PROXY headers in front of the first request of a connection.
#include <gtest/gtest.h>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

const std::string kV1 = "PROXY TCP4 203.0.113.9 198.51.100.1 4321 80\r\n";
// 2001:db8::9 port 4321, with a TLV
const std::string kV2(
    "\r\n\r\n\0\r\nQUIT\n\x21\x21\x00\x29"
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
    "\x10\xe1\x00\x50\x01\x00\x02h2",
    57);
const std::string kLocal("\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00", 16);

const ConnectOptions kBeforeTls{.handshake = false};

// Sends the header, before the handshake where there is one (haproxy.org's proxy-protocol.txt, section 2),
// then a request.
void ask_behind(const std::string& header, Peer& client, std::string_view request = kGet) {
  client.send(header);
  EXPECT_TRUE(!tls_towards_clients() || client.start_tls(tls_client(test_ca_file())));
  client.send(request);
}

// The head that the origin gets for the request that `client` has sent; it is answered.
std::string forwarded(Origin& origin, Peer& client) {
  Peer upstream = origin.accept();
  std::string head = upstream.read_head();
  upstream.send(text_response("ok", "Connection: close\r\n"));
  EXPECT_EQ(read_response(client).body, "ok");
  return head;
}

TEST(ProxyProtocol, TheSourceIsTheClientForTheUpstreamAndTheLog) {
  Rig rig({"--proxy-protocol", "on"});
  Peer first = rig.client(kBeforeTls);
  ask_behind(kV1, first);
  EXPECT_EQ(field(forwarded(rig.origin, first), "x-forwarded-for"), "203.0.113.9");
  const std::string line = rig.proxy.wait_for_log("client=203.0.113.9:4321");
  EXPECT_NE(line.find(" peer=127.0.0.1:"), std::string::npos) << line;
  first.send(kGet);
  EXPECT_EQ(field(forwarded(rig.origin, first), "x-forwarded-for"), "203.0.113.9") << "of each request";
  Peer second = rig.client(kBeforeTls);
  ask_behind(kV2, second);
  EXPECT_EQ(field(forwarded(rig.origin, second), "x-forwarded-for"), "2001:db8::9");
}

TEST(ProxyProtocol, AHeaderOfThePeersOwnNamesNobody) {
  Rig rig({"--proxy-protocol", "on"});
  for (const std::string& header : {kLocal, std::string("PROXY UNKNOWN\r\n")}) {
    Peer client = rig.client(kBeforeTls);
    ask_behind(header, client);
    EXPECT_EQ(field(forwarded(rig.origin, client), "x-forwarded-for"), "127.0.0.1");
  }
}

TEST(ProxyProtocol, TrustIsJudgedOnThePeerThatSendsTheHeader) {
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n";
  for (const auto& [trusted, expected] :
       {std::pair{"private", "192.0.2.1, 203.0.113.9"}, {"none", "203.0.113.9"}}) {
    Rig rig({"--proxy-protocol", "on", "--trusted-proxies", trusted});
    Peer client = rig.client(kBeforeTls);
    ask_behind(kV1, client, request);
    EXPECT_EQ(field(forwarded(rig.origin, client), "x-forwarded-for"), expected);
    rig.proxy.wait_for_log("client=203.0.113.9:4321");
  }
}

TEST(ProxyProtocol, TheHeaderMayComeByteByByte) {
  Rig rig({"--proxy-protocol", "on"});
  for (const std::string& header : {kV1, kV2}) {
    Peer client = rig.client(kBeforeTls);
    for (const char byte : header.substr(0, header.size() - 1)) client.send({&byte, 1});
    ask_behind(header.substr(header.size() - 1), client);
    EXPECT_NE(field(forwarded(rig.origin, client), "x-forwarded-for"), "127.0.0.1");
  }
}

TEST(ProxyProtocol, WhatFollowsTheHeaderInTheSameReadIsNotLost) {
  Rig rig({"--proxy-protocol", "on"});
  Peer client = rig.client(kBeforeTls);
  client.send(kV1 + std::string(kGet));
  if (tls_towards_clients()) {
    EXPECT_EQ(status_of(client.read_head()), 400) << "it is no TLS";
  } else {
    EXPECT_EQ(field(forwarded(rig.origin, client), "x-forwarded-for"), "203.0.113.9");
  }
}

TEST(ProxyProtocol, ItHoldsOnUnixSocketsToo) {
  const std::string path = "/tmp/sse-proxy-header-" + std::to_string(getpid()) + ".sock";
  Rig rig({"--proxy-protocol", "on", "--listen", "unix:" + path, "--workers", "2"});
  for (int i = 0; i < 2; ++i) {
    Peer client = connect_to_unix(path, kBeforeTls);
    ask_behind(kV1, client);
    EXPECT_EQ(field(forwarded(rig.origin, client), "x-forwarded-for"), "203.0.113.9");
  }
}

TEST(ProxyProtocol, AConnectionWithoutAValidHeaderIsClosedWithoutAnAnswerLoggedAndCounted) {
  Rig rig({"--proxy-protocol", "on"});
  const std::string wrong[] = {std::string(kGet), kV1.substr(1), replaced(kV1, "TCP4", "TCP6"), "\r\n" + kV1};
  for (const std::string& bytes : wrong) {
    Peer client = rig.client(kBeforeTls);
    client.send(bytes);
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_NE(client.ending(), Ending::open);
  }
  EXPECT_EQ(rig.origin.connections(), 0U);
  EXPECT_EQ(rig.proxy.stop_and_count()["proxy_headers_refused"], std::size(wrong));
  EXPECT_EQ(rig.proxy.count_in_log("no PROXY header"), std::size(wrong)) << "the log is whole by now";
}

TEST(ProxyProtocol, TheHeaderTimeoutCoversItFromAcceptOn) {
  Rig rig({"--proxy-protocol", "on", "--header-timeout", "300ms"});
  Peer silent = rig.client(kBeforeTls);
  Peer partial = rig.client(kBeforeTls);
  partial.send(kV1.substr(0, 20));
  Peer without_request = rig.client(kBeforeTls);
  without_request.send(kV1);
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_EQ(partial.read_to_end(), "");
  EXPECT_EQ(without_request.read_to_end(), "") << "no byte of a request came: closed silently";
  rig.proxy.wait_for_log("not complete within timeouts.header");
  EXPECT_EQ(rig.proxy.stop_and_count()["proxy_headers_refused"], 1U)
      << "a health check that only connects is none";
}

TEST(ProxyProtocol, TheLogSaysAtStartWhoseForwardedFieldsAreKept) {
  Rig rig({"--proxy-protocol", "on"});
  rig.proxy.wait_for_log("set trusted_proxies = []");
  Rig chosen({"--proxy-protocol", "on", "--trusted-proxies", "private"});
  EXPECT_EQ(chosen.proxy.count_in_log("trusted_proxies"), 0U);
}

}  // namespace
}  // namespace sse_proxy::test
