// A client that resets its connection in any phase of an exchange: its upstream is let go, and nothing stays.
#include <gtest/gtest.h>

#include "tests/integration/abuse_helpers.h"

namespace sse_proxy::test {
namespace {

constexpr std::string_view kPost = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf of it";

// The upstream's side of an exchange that has just reached the origin.
Peer reach_origin(Rig& rig) {
  Peer upstream = rig.origin.accept();
  upstream.read_head();
  return upstream;
}

void serve_one(Rig& rig) {
  Peer client = rig.client();
  client.send(kGet);
  reach_origin(rig).send(text_response("well", "Connection: close\r\n"));
  EXPECT_EQ(read_response(client).body, "well");
  client.close();
}

struct Phase {
  const char* name;
  // Brings `client` into the phase and returns the upstream's side, if the request has come so far.
  std::optional<Peer> (*enter)(Rig& rig, Peer& client);
};

const Phase kPhases[] = {
    {"AfterConnect", [](Rig&, Peer&) -> std::optional<Peer> { return std::nullopt; }},
    {"InMidHead",
     [](Rig&, Peer& client) -> std::optional<Peer> {
       client.send("GET / HTTP/1.1\r\nHos");
       return std::nullopt;
     }},
    {"InMidBody",
     [](Rig& rig, Peer& client) -> std::optional<Peer> {
       client.send(kPost);
       Peer upstream = reach_origin(rig);
       upstream.read_until("half of it");
       return upstream;
     }},
    {"BeforeTheResponse",
     [](Rig& rig, Peer& client) -> std::optional<Peer> {
       client.send(kGet);
       return reach_origin(rig);
     }},
    {"WhileTheResponseRuns",
     [](Rig& rig, Peer& client) -> std::optional<Peer> {
       client.send(kGet);
       Peer upstream = reach_origin(rig);
       upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
       client.read_until("half");
       return upstream;
     }},
    {"WhileAStreamRuns",
     [](Rig& rig, Peer& client) -> std::optional<Peer> {
       client.send(kGetExpected);
       Peer upstream = reach_origin(rig);
       upstream.send(kStreamHead);
       upstream.send(chunk("data: a\n\nda"));
       client.read_until("data: a\n\n");
       return upstream;
     }},
    {"WhileTheAnswerIsQueued",
     [](Rig& rig, Peer& client) -> std::optional<Peer> {
       client.send(kGet);
       Peer upstream = reach_origin(rig);
       upstream.send("HTTP/1.1 200 OK\r\n\r\n");
       upstream.send_until_blocked(64U << 20, Millis(30));
       return upstream;
     }},
    {"WithARequestInThePipeline",
     [](Rig& rig, Peer& client) -> std::optional<Peer> {
       client.send(kGet);
       client.send(kGet);
       return reach_origin(rig);
     }},
    {"AfterAnOwnAnswer",
     [](Rig&, Peer& client) -> std::optional<Peer> {
       client.send("GET / HTTP/1.1\r\n\r\n");  // 400: no Host
       client.read_head();
       return std::nullopt;
     }},
};

void PrintTo(const Phase& phase, std::ostream* out) { *out << phase.name; }

class AbuseResets : public testing::TestWithParam<Phase> {};
INSTANTIATE_TEST_SUITE_P(Of, AbuseResets, testing::ValuesIn(kPhases),
                         [](const auto& phase) { return std::string(phase.param.name); });

TEST_P(AbuseResets, LeaveNothingBehind) {
  Rig rig({"--write-timeout", "1m"});
  const size_t descriptors = rig.proxy.open_descriptors();
  for (int i = 0; i < 20; ++i) {
    Peer client = rig.client({.receive_buffer = 4096});
    std::optional<Peer> upstream = GetParam().enter(rig, client);
    client.reset();
    EXPECT_TRUE(!upstream || upstream->wait_for_close()) << "the upstream works for nobody";
  }
  expect_soon([&] { return rig.proxy.open_descriptors() == descriptors; }, "descriptors as at the start");
  serve_one(rig);
}

}  // namespace
}  // namespace sse_proxy::test
