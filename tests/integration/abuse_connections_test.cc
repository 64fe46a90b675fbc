// More connections than there is room for: who gives way, who waits, who is turned away.
#include <gtest/gtest.h>

#include "tests/integration/abuse_helpers.h"

namespace sse_proxy::test {
namespace {

constexpr std::string_view kHalfHead = "GET / HTTP/1.1\r\nHost: a\r\nX-Ha";

std::vector<Peer> connect_many(const Proxy& proxy, size_t count, std::string_view greeting = "") {
  std::vector<Peer> peers;
  for (size_t i = 0; i < count; ++i) {
    peers.push_back(proxy.client());
    if (!greeting.empty()) peers.back().send(greeting);
  }
  return peers;
}

std::string get(const Proxy& proxy) {
  Peer client = proxy.client();
  client.send(kGet);
  return read_response(client).body;
}

TEST(AbuseConnections, AtTheLimitASilentClientGivesWay) {
  Origin origin(answer_all);
  Proxy proxy(in_front_of(origin, {"--max-connections", "3"}));
  std::vector<Peer> silent = connect_many(proxy, 3);
  const auto start = Clock::now();
  EXPECT_EQ(get(proxy), "a");
  EXPECT_GE(since(start), Millis(900)) << "a client has a second to speak before others take its place";
  EXPECT_TRUE(silent[0].wait_for_close()) << "the one that was idle for longest";
  EXPECT_EQ(silent[0].ending(), Ending::fin);
  for (size_t i : {1U, 2U}) {
    silent[i].send(kGet);
    EXPECT_EQ(read_response(silent[i]).body, "a");
  }
  EXPECT_EQ(proxy.stop_and_count()["idle_clients_closed"], 1U);
}

TEST(AbuseConnections, AtTheLimitTheKeptAliveClientThatWasServedFirstGivesWay) {
  Origin origin(answer_all);
  const Proxy proxy(in_front_of(origin, {"--max-connections", "3"}));
  std::vector<Peer> kept = connect_many(proxy, 3);
  for (size_t i : {1U, 2U, 0U}) {
    kept[i].send(kGet);
    EXPECT_EQ(read_response(kept[i]).body, "a");
  }
  EXPECT_EQ(get(proxy), "a");
  EXPECT_TRUE(kept[1].wait_for_close());
  for (size_t i : {0U, 2U}) {
    kept[i].send(kGet);
    EXPECT_EQ(read_response(kept[i]).body, "a");
  }
}

TEST(AbuseConnections, AtTheLimitNoBusyClientGivesWayAndNewOnesWait) {
  Rig rig({"--max-connections", "3"});
  std::vector<Peer> busy = connect_many(rig.proxy, 3, kGet);
  std::vector<Peer> upstreams;
  for (size_t i = 0; i < busy.size(); ++i) upstreams.push_back(rig.origin.accept());
  for (Peer& upstream : upstreams) upstream.read_head();
  Peer fourth = rig.client();
  fourth.send(kGet);
  EXPECT_EQ(fourth.read_for(Millis(200)), "") << "it waits in the listen queue";
  upstreams[0].send(text_response("first"));
  upstreams[0].read_head();  // the one that was answered is idle, and gives way
  upstreams[0].send(text_response("fourth"));
  EXPECT_EQ(read_response(fourth).body, "fourth");
  for (size_t i : {1U, 2U}) upstreams[i].send(text_response("busy"));
  size_t answered_later = 0;
  for (Peer& client : busy) answered_later += read_response(client).body == "busy" ? 1 : 0;
  EXPECT_EQ(answered_later, 2U);
}

TEST(AbuseConnections, HalfHeadsHoldTheirPlacesForTheHeaderTimeoutAndNoLonger) {
  Origin origin(answer_all);
  const Proxy proxy(in_front_of(origin, {"--max-connections", "3", "--header-timeout", "500ms"}));
  const std::vector<Peer> half = connect_many(proxy, 3, kHalfHead);
  const auto start = Clock::now();
  EXPECT_EQ(get(proxy), "a");
  EXPECT_LT(since(start), Millis(kSanitized ? 10000 : 1500)) << "nobody waits for the 408s to be read";
}

TEST(AbuseConnections, AFloodOfSilentClientsTakesNobodysPlace) {
  Origin origin(answer_all);
  const Proxy proxy(in_front_of(origin, {"--max-connections", "100", "--header-timeout", "1m"}));
  const Baseline baseline(proxy);
  std::vector<Peer> silent = connect_many(proxy, affordable_connections(1000));
  Probes::run(proxy).expect_served("1,000 silent clients for 100 places");
  silent.clear();
  baseline.expect_restored("1,000 silent clients for 100 places");
}

TEST(AbuseConnections, WithTheDescriptorsOf64AWellBehavedClientIsServed) {
  Origin origin(answer_all);
  const Proxy proxy(in_front_of(origin, {"--header-timeout", "1m"}), 64);
  const Baseline baseline(proxy);
  std::vector<Peer> silent = connect_many(proxy, 200);
  Probes::run(proxy).expect_served("200 silent clients, 64 descriptors");
  EXPECT_LT(proxy.open_descriptors(), 64U);
  silent.clear();
  baseline.expect_restored("200 silent clients, 64 descriptors");
}

TEST(AbuseConnections, TheLimitIsHalfOfTheDescriptorsThatAreNotKeptBack) {
  Origin origin;
  Proxy proxy(in_front_of(origin, {}), 64);
  EXPECT_NE(proxy.wait_for_log("at most ").find("at most 24 client connections"), std::string::npos);
}

TEST(AbuseConnections, WithoutADescriptorLeftANewClientIsTurnedAwayWith503) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGetExpected, kStreamHead);
  limit_descriptors(rig.proxy, rig.proxy.lowest_free_descriptor());
  for (int i = 0; i < 50; ++i) {
    Peer client = rig.client();
    client.send(kGet);
    const Response response = read_response(client);
    ASSERT_EQ(status_of(response.head), 503) << response.head;
    EXPECT_EQ(field(response.head, "connection"), "close");
    EXPECT_TRUE(response.body.starts_with("{\"error\":{\"code\":503,")) << response.body;
  }
  stream.upstream.send(chunk("data: a\n\n"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n\n") << "who was there before goes on";
  const Millis before = rig.proxy.cpu_time();
  EXPECT_EQ(stream.client.read_for(Millis(500)), "");
  EXPECT_LT(rig.proxy.cpu_time() - before, Millis(50)) << "it does not spin";

  limit_descriptors(rig.proxy, 1024);
  Peer after = rig.client();
  after.send(kGet);
  Peer upstream = rig.origin.accept();
  upstream.read_head();
  upstream.send(text_response("again"));
  EXPECT_EQ(read_response(after).body, "again");
  EXPECT_EQ(rig.proxy.count_in_log("raise the limit of open files"), 1U) << "not a line for each";
  EXPECT_EQ(rig.proxy.stop_and_count()["clients_turned_away"], 50U);
}

TEST(AbuseConnections, NobodyGivesWayToNobody) {
  Origin origin(answer_all);
  Proxy proxy(in_front_of(origin));
  const size_t last_one = proxy.lowest_free_descriptor();
  limit_descriptors(proxy, last_one + 1);
  Peer last = proxy.client();
  EXPECT_FALSE(last.wait_for_close(Millis(200)));
  EXPECT_GT(proxy.lowest_free_descriptor(), last_one);
  limit_descriptors(proxy, 1024);
  last.send(kGet);
  EXPECT_EQ(read_response(last).body, "a");
  EXPECT_EQ(proxy.stop_and_count()["idle_clients_closed"], 0U);
}

TEST(AbuseConnections, WithoutADescriptorLeftAnIdleClientGivesWay) {
  Origin origin(answer_all);
  Proxy proxy(in_front_of(origin));
  EXPECT_EQ(get(proxy), "a");
  std::vector<Peer> silent = connect_many(proxy, 4);
  silent.back().send(kGet);  // all have been accepted when it is answered
  EXPECT_EQ(read_response(silent.back()).body, "a");
  limit_descriptors(proxy, proxy.lowest_free_descriptor());
  EXPECT_EQ(get(proxy), "a") << "it needs two: one for itself, one for its upstream";
  EXPECT_TRUE(silent[0].wait_for_close());
  EXPECT_EQ(proxy.stop_and_count()["clients_turned_away"], 0U);
}

}  // namespace
}  // namespace sse_proxy::test
