// Upgraded connections: who gets one, and how it lives and ends (RFC 9110 section 7.8).
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

constexpr std::string_view kAsk =
    "GET /chat?x=1 HTTP/1.1\r\nHost: example.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
constexpr std::string_view kAgree =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

// A tunnel through the proxy, both heads exchanged.
struct Tunnelled {
  explicit Tunnelled(Rig& rig, const ConnectOptions& options = {}) : client(rig.client(options)) {
    client.send(kAsk);
    upstream = rig.origin.accept();
    request_head = upstream.read_head();
    upstream.send(kAgree);
    response_head = client.read_head();
  }
  Peer client;
  Peer upstream;
  std::string request_head;
  std::string response_head;
};

TEST(Tunnel, AWebSocketUpgradeReachesTheUpstreamAndItsAnswerTheClient) {
  Rig rig;
  const Tunnelled tunnel(rig);
  EXPECT_TRUE(tunnel.request_head.starts_with("GET /chat?x=1 HTTP/1.1\r\n"));
  EXPECT_EQ(field(tunnel.request_head, "upgrade"), "websocket");
  EXPECT_EQ(field(tunnel.request_head, "connection"), "upgrade");
  EXPECT_EQ(field(tunnel.request_head, "sec-websocket-key"), "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_TRUE(tunnel.response_head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
  EXPECT_EQ(field(tunnel.response_head, "upgrade"), "websocket");
  EXPECT_EQ(field(tunnel.response_head, "connection"), "upgrade");
  EXPECT_EQ(field(tunnel.response_head, "sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(field(tunnel.response_head, "transfer-encoding"), "");
}

TEST(Tunnel, BytesPassBothWaysUntouched) {
  Rig rig;
  Tunnelled tunnel(rig);
  const std::string odd("\0\x81\xff GET / HTTP/1.1\r\n\r\n", 22);
  tunnel.client.send(odd);
  EXPECT_EQ(tunnel.upstream.read_exactly(odd.size()), odd);
  tunnel.upstream.send(odd + "back");
  EXPECT_EQ(tunnel.client.read_exactly(odd.size() + 4), odd + "back");
}

TEST(Tunnel, BytesSentAheadOfTheAnswerAndRightBehindItAreNotLost) {
  Rig rig;
  Peer client = rig.client();
  client.send(std::string(kAsk) + "early frame");
  Peer upstream = rig.origin.accept();
  upstream.read_head();
  EXPECT_EQ(upstream.read_for(kQuiet), "") << "not before the upstream has agreed";
  upstream.send(std::string(kAgree) + "welcome");
  EXPECT_EQ(upstream.read_exactly(11), "early frame");
  client.read_head();
  EXPECT_EQ(client.read_exactly(7), "welcome");
}

TEST(Tunnel, EachSideMayEndAloneAndTheOtherGoesOn) {
  Rig rig;
  Tunnelled tunnel(rig);
  tunnel.client.send("last words");
  tunnel.client.half_close();
  EXPECT_EQ(tunnel.upstream.read_to_end(), "last words");
  EXPECT_EQ(tunnel.upstream.ending(), Ending::fin);
  tunnel.upstream.send("an answer to them");
  EXPECT_EQ(tunnel.client.read_exactly(17), "an answer to them");
  tunnel.upstream.half_close();
  EXPECT_EQ(tunnel.client.read_to_end(), "");
  EXPECT_EQ(tunnel.client.ending(), Ending::fin);
  const std::string line = rig.proxy.wait_for_log("tunnel ");
  EXPECT_NE(line.find("status=101 in=10 out=17"), std::string::npos) << line;
  EXPECT_NE(line.find("end=complete"), std::string::npos) << line;
}

TEST(Tunnel, AResetOfOneSideIsAResetForTheOther) {
  Rig rig;
  Tunnelled of_client(rig);
  of_client.client.reset();
  of_client.upstream.read_to_end();
  EXPECT_EQ(of_client.upstream.ending(), Ending::reset);
  Tunnelled of_upstream(rig);
  of_upstream.upstream.reset();
  of_upstream.client.read_to_end();
  EXPECT_EQ(of_upstream.client.ending(), Ending::reset);
}

TEST(Tunnel, ASlowSideStopsTheReadingOfTheOtherAndNothingIsLost) {
  Rig rig({"--buffer-bytes", "16KiB"});
  Tunnelled tunnel(rig, {.receive_buffer = 4096});
  constexpr size_t kLimit = 64 << 20;
  const size_t sent = tunnel.upstream.send_until_blocked(kLimit);
  EXPECT_LT(sent, kLimit) << "the upstream is held back";
  tunnel.client.forget_received();
  tunnel.upstream.half_close();
  EXPECT_EQ(tunnel.client.read_to_end().size(), sent);
}

TEST(Tunnel, OneOnWhichNothingMovesEndsAfterTheTunnelTimeout) {
  Rig rig({"--tunnel-timeout", "300ms", "--read-timeout", "100ms", "--response-timeout", "100ms"});
  Tunnelled tunnel(rig);
  const auto start = Clock::now();
  tunnel.client.read_to_end();
  EXPECT_GE(since(start), Millis(280));
  EXPECT_TRUE(tunnel.upstream.wait_for_close());
  EXPECT_NE(rig.proxy.wait_for_log("tunnel ").find("end=idle-timeout"), std::string::npos);
}

TEST(Tunnel, AnIdleEndWithBytesThatWereNeverTakenIsNoCleanEnd) {
  Rig rig({"--tunnel-timeout", "500ms", "--buffer-bytes", "16KiB"});
  Tunnelled tunnel(rig);
  tunnel.client.send_until_blocked(64 << 20, Millis(100));
  EXPECT_NE(rig.proxy.wait_for_log("tunnel ").find("end=idle-timeout"), std::string::npos);
  tunnel.upstream.forget_received();
  tunnel.upstream.read_to_end();
  EXPECT_EQ(tunnel.upstream.ending(), Ending::reset);
}

TEST(Tunnel, AClientThatTakesNothingIsDroppedAfterTheWriteTimeout) {
  Rig rig({"--write-timeout", "400ms", "--buffer-bytes", "16KiB"});
  Tunnelled tunnel(rig, {.receive_buffer = 4096});
  tunnel.upstream.send_until_blocked(64 << 20, Millis(100));
  EXPECT_TRUE(tunnel.upstream.wait_for_close());
  rig.proxy.wait_for_log("client took nothing for timeouts.write");
  EXPECT_EQ(rig.proxy.stop_and_count()["slow_clients_dropped"], 1U);
}

TEST(Tunnel, AnUpgradeThatNoRuleAllowsIsForwardedWithoutIt) {
  Rig rig;
  Peer client = rig.client();
  client.send(replaced(std::string(kAsk), "Upgrade: websocket", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk"));
  Peer upstream = rig.origin.accept();
  const std::string head = upstream.read_head();
  EXPECT_EQ(field(head, "upgrade"), "");
  EXPECT_EQ(field(head, "connection"), "");
  upstream.send(text_response("plain"));
  EXPECT_EQ(read_response(client).body, "plain");
}

TEST(Tunnel, RulesSayWhichProtocolsAPathMaySwitchTo) {
  const ConfigurationFile file(
      "[[rule]]\npath = \"/never\"\nupgrades = []\n[[rule]]\npath = \"/mqtt\"\nupgrades = [\"mqtt\"]\n");
  Rig rig({"--config", file.path()});
  const auto forwarded = [&](std::string_view target, std::string_view protocol) {
    Peer client = rig.client();
    client.send("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: " +
                std::string(protocol) + "\r\n\r\n");
    return field(rig.origin.accept().read_head(), "upgrade");
  };
  EXPECT_EQ(forwarded("/never", "websocket"), "");
  EXPECT_EQ(forwarded("/mqtt", "websocket"), "");
  EXPECT_EQ(forwarded("/mqtt", "websocket, mqtt"), "mqtt");
  EXPECT_EQ(forwarded("/other", "websocket"), "websocket");
}

TEST(Tunnel, ARefusedUpgradeIsAnOrdinaryAnswerAndTheConnectionGoesOn) {
  Rig rig;
  Peer client = rig.client();
  client.send(kAsk);
  Peer upstream = rig.origin.accept();
  upstream.read_head();
  upstream.send(
      "HTTP/1.1 426 Upgrade Required\r\nUpgrade: foo\r\nConnection: upgrade\r\nContent-Length: 2\r\n\r\nno");
  const Response refused = read_response(client);
  EXPECT_EQ(status_of(refused.head), 426);
  EXPECT_EQ(refused.body, "no");
  client.send(kGet);
  upstream.read_head();
  upstream.send(text_response("next"));
  EXPECT_EQ(read_response(client).body, "next");
}

TEST(Tunnel, ASwitchToSomethingElseIs502AndNothingOfItPasses) {
  Rig rig;
  for (const char* answer :
       {"Upgrade: h2c\r\nConnection: upgrade\r\n", "Upgrade: websocket\r\n", "Connection: upgrade\r\n"}) {
    Peer client = rig.client();
    client.send(kAsk);
    Peer upstream = rig.origin.accept();
    upstream.read_head();
    upstream.send("HTTP/1.1 101 Switching Protocols\r\n" + std::string(answer) + "\r\nsecret");
    const Response response = read_response(client);
    EXPECT_EQ(status_of(response.head), 502) << answer;
    EXPECT_EQ(response.body.find("secret"), std::string::npos);
    EXPECT_TRUE(upstream.wait_for_close());
  }
}

TEST(Tunnel, DuringTheDrainItMayFinishAndIsCutAtTheTimeout) {
  Rig rig({"--drain-timeout", "700ms"});
  Tunnelled finishes(rig);
  Tunnelled stays(rig);
  rig.proxy.signal(SIGTERM);
  rig.proxy.wait_for_log("draining");
  finishes.client.send("still here");
  EXPECT_EQ(finishes.upstream.read_exactly(10), "still here");
  finishes.client.close();
  EXPECT_EQ(finishes.upstream.read_to_end(), "");
  finishes.upstream.close();
  EXPECT_EQ(rig.proxy.wait_for_exit(), 0);
  EXPECT_TRUE(stays.client.wait_for_close());
  EXPECT_TRUE(stays.upstream.wait_for_close());
  EXPECT_EQ(rig.proxy.count_in_log("end=aborted"), 1U);
}

TEST(Tunnel, TwoHundredAtOnceCarryTheirOwnBytes) {
  Rig rig;
  std::vector<Tunnelled> tunnels;
  for (int i = 0; i < 200; ++i) tunnels.emplace_back(rig);
  for (size_t i = 0; i < tunnels.size(); ++i) tunnels[i].client.send("n" + std::to_string(i) + "\n");
  for (size_t i = 0; i < tunnels.size(); ++i) {
    EXPECT_EQ(tunnels[i].upstream.read_until("\n"), "n" + std::to_string(i) + "\n");
  }
}

}  // namespace
}  // namespace sse_proxy::test
