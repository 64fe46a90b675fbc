// /streams, DELETE /streams/ID and /config.
#include <gtest/gtest.h>
#include <signal.h>

#include <list>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/integration/abuse_helpers.h"
#include "tests/integration/admin_helpers.h"

namespace sse_proxy::test {
namespace {

using nlohmann::json;

json streams(const AdminRig& rig) { return json::parse(rig.get("/streams")).at("streams"); }

TEST(AdminStreams, EachLiveStreamIsListed) {
  AdminRig rig({"--keepalive", "off"});
  EXPECT_EQ(streams(rig), json::array());
  Stream stream(rig, "GET /news?token=secret HTTP/1.1\r\nHost: a\r\n\r\n", kStreamHead);
  stream.upstream.send(chunk("data: a\n\ndata: ha"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n\n");
  const json list = streams(rig);
  ASSERT_EQ(list.size(), 1U);
  const json& one = list[0];
  EXPECT_EQ(one.at("id"), "0.1");
  EXPECT_EQ(one.at("method"), "GET");
  EXPECT_EQ(one.at("path"), "/news") << "without its query";
  EXPECT_EQ(one.at("upstream"), rig.origin.url());
  EXPECT_EQ(one.at("events"), 1);
  EXPECT_EQ(one.at("bytes"), 17);
  EXPECT_EQ(one.at("held_bytes"), 8);
  EXPECT_EQ(one.at("queued_bytes"), 0);
  EXPECT_GE(one.at("longest_silence_ms"), one.at("silence_ms"));
  stream.client.close();
  expect_soon([&] { return streams(rig).empty(); }, "no stream");
}

TEST(AdminStreams, PlainExchangesAndIdleConnectionsAreNone) {
  AdminRig rig;
  Peer idle = rig.client();
  Peer waiting = rig.client();
  waiting.send(kGet);
  Peer upstream = rig.origin.accept();
  upstream.read_head();
  EXPECT_EQ(streams(rig), json::array());
}

TEST(AdminStreams, AllOfThemAreListedOnceWithinManySlicesAndWorkers) {
  AdminRig rig({"--keepalive", "off", "--workers", "2"});
  std::vector<std::unique_ptr<Stream>> running;
  for (int i = 0; i < 300; ++i) running.push_back(std::make_unique<Stream>(rig, kGet, kStreamHead));
  std::set<std::string> ids;
  for (const json& one : streams(rig)) ids.insert(one.at("id"));
  EXPECT_EQ(ids.size(), 300U);
}

TEST(AdminStreams, StreamsThatComeAndGoMeanwhileDisturbNoList) {
  const size_t count =
      affordable_connections(kSanitized ? 600 : 3000);  // the origin keeps its ends to the end
  AdminRig rig({"--keepalive", "off", "--access-log", "off"});
  rig.origin.serve([](Peer& peer) {
    while (peer.wait_for_request()) peer.send(kStreamHead);
  });
  std::atomic<bool> over{false};
  std::thread churn([&] {
    std::list<Peer> clients;
    for (size_t i = 0; i < count; ++i) {
      clients.push_back(rig.client());
      clients.back().send(kGet);
      if (clients.size() > 200) clients.pop_front();
      if (clients.size() % 7 == 0) clients.erase(std::next(clients.begin(), clients.size() / 2));
    }
    over = true;
  });
  while (!over) (void)streams(rig);
  churn.join();
}

TEST(AdminStreams, AClientThatLeavesInTheMiddleOfTheListLeavesNothingBehind) {
  AdminRig rig({"--keepalive", "off"});
  std::vector<std::unique_ptr<Stream>> running;
  for (int i = 0; i < 200; ++i) running.push_back(std::make_unique<Stream>(rig, kGet, kStreamHead));
  for (int i = 0; i < 50; ++i) {
    Peer peer = rig.admin();
    peer.send("GET /streams HTTP/1.1\r\nHost: a\r\n\r\n");
    peer.reset();
  }
  EXPECT_EQ(streams(rig).size(), 200U);
}

TEST(AdminStreams, DeleteEndsAGetStreamAtABoundary) {
  AdminRig rig({"--keepalive", "off"});
  Stream other(rig, kGet, kStreamHead), stream(rig, kGet, kStreamHead);
  stream.upstream.send(chunk("data: a\n\n"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n\n");
  EXPECT_EQ(status_of(rig.ask("/streams/0.2", "DELETE").head), 204);
  const Chunked end = read_chunked_to_end(stream.client);
  EXPECT_TRUE(end.complete);
  EXPECT_TRUE(end.body.starts_with("retry: ")) << end.body;
  rig.proxy.wait_for_log("end=admin");
  EXPECT_EQ(streams(rig).size(), 1U);
  rig.expect_metric("sse_proxy_streams_ended_total{reason=\"admin\"}", 1);
}

void delete_within_an_event(const AdminRig& rig, Stream& stream) {
  stream.upstream.send(chunk("data: a\n\ndata: ha"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n\n");
  EXPECT_EQ(status_of(rig.ask("/streams/0.1", "DELETE").head), 202);
}

TEST(AdminStreams, DeleteWaitsForTheEventThatIsUnderWay) {
  AdminRig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamHead);
  delete_within_an_event(rig, stream);
  stream.upstream.send(chunk("lf\n\n"));
  EXPECT_EQ(stream.client.read_chunk(), "data: half\n\n");
  EXPECT_TRUE(read_chunked_to_end(stream.client).complete);
}

TEST(AdminStreams, ADrainDoesNotTakeADeletionOver) {
  AdminRig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamHead);
  delete_within_an_event(rig, stream);
  rig.proxy.signal(SIGTERM);
  rig.proxy.wait_for_log("draining");
  stream.upstream.send(chunk("lf\n\n"));
  EXPECT_TRUE(read_chunked_to_end(stream.client).complete);
  rig.proxy.wait_for_log("end=admin");
}

TEST(AdminStreams, DeleteCutsAPostStreamOff) {
  AdminRig rig({"--keepalive", "off"});
  Stream stream(rig, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", kStreamHead);
  EXPECT_EQ(status_of(rig.ask("/streams/0.1", "DELETE").head), 204);
  EXPECT_FALSE(read_chunked_to_end(stream.client).complete);
  EXPECT_TRUE(stream.upstream.wait_for_close());
}

TEST(AdminStreams, DeleteKnowsNoOtherStreams) {
  AdminRig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamHead);
  for (const char* id : {"0.2", "1.1", "0", "0.", ".1", "0.1x", "x", "", "-1.1", "0.99999999999"})
    EXPECT_EQ(status_of(rig.ask(std::string("/streams/") + id, "DELETE").head), 404) << id;
  EXPECT_EQ(status_of(rig.ask("/streams/0.1").head), 405);
  EXPECT_EQ(field(rig.ask("/streams/0.1").head, "allow"), "DELETE");
  EXPECT_EQ(status_of(rig.ask("/streams/0.1", "DELETE", "Sec-Fetch-Site: cross-site\r\n").head), 403);
  EXPECT_EQ(streams(rig).size(), 1U);
}

TEST(AdminPage, ItMayLoadNothingFromElsewhereAndBeInNobodysFrame) {
  const AdminRig rig;
  const Response page = rig.ask("/");
  EXPECT_EQ(field(page.head, "content-type"), "text/html; charset=utf-8");
  const std::string policy = field(page.head, "content-security-policy");
  EXPECT_TRUE(policy.starts_with("default-src 'none'; ")) << policy;
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
  for (const char* path : {"/page.js", "/page.css"}) EXPECT_EQ(status_of(rig.ask(path).head), 200) << path;
}

TEST(AdminPage, ItsFeedTellsWhatStreamsDo) {
  AdminRig rig({"--keepalive", "off", "--workers", "2"});
  Stream stream(rig, kGet, kStreamHead);
  stream.upstream.send(chunk("data: a\n\n"));
  Peer watcher = rig.admin();
  watcher.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(field(watcher.read_head(), "content-type"), "text/event-stream");
  for (int events = 0; events != 1;) {
    const auto event = watcher.read_chunk();
    ASSERT_TRUE(event && event->starts_with("data: {") && event->ends_with("}\n\n"));
    const json told = json::parse(event->substr(6));
    EXPECT_EQ(told.at("open"), 1);
    ASSERT_EQ(told.at("streams").size(), 1U);
    events = told.at("streams")[0].at("events");
  }
}

TEST(AdminPage, AHeadOfItsFeedTakesNoPlace) {
  const AdminRig rig;
  Peer watcher = rig.admin(), asker = rig.admin();
  watcher.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  watcher.read_head();
  EXPECT_TRUE(watcher.read_chunk());
  for (int i = 0; i < 20; ++i) {
    asker.send("HEAD /events HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(status_of(asker.read_head()), 200) << i;
  }
}

TEST(AdminPage, NoMoreThanSixteenMayWatch) {
  AdminRig rig;
  std::vector<Peer> watchers;
  for (int i = 0; i < 16; ++i) {
    watchers.push_back(rig.admin());
    watchers.back().send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(status_of(watchers.back().read_head()), 200);
  }
  EXPECT_EQ(status_of(rig.ask("/events").head), 503);
  watchers.clear();
  expect_soon(
      [&] {
        Peer peer = rig.admin();
        peer.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
        return status_of(peer.read_head()) == 200;
      },
      "a place");
}

TEST(AdminConfig, EachValueHasItsSource) {
  const AdminRig rig({"--keepalive", "20s", "--behind", "alb"});
  const json options = json::parse(rig.get("/config")).at("options");
  EXPECT_EQ(options.at("sse.keepalive"), (json{{"value", "20s"}, {"source", "--keepalive"}}));
  EXPECT_EQ(options.at("behind").at("value"), json::array({"alb"}));
  EXPECT_EQ(options.at("workers"), (json{{"value", 1}, {"source", "default"}}));
  EXPECT_EQ(options.at("log.access").at("value"), true);
  EXPECT_EQ(options.at("timeouts.idle").at("value"), "75s");
}

}  // namespace
}  // namespace sse_proxy::test
