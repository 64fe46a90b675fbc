// The admin listener: who may ask for what, and what it says.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "tests/integration/abuse_helpers.h"
#include "tests/integration/admin_helpers.h"

namespace sse_proxy::test {
namespace {

TEST(Admin, ItIsOffUnlessAskedFor) {
  Rig rig;
  rig.proxy.wait_for_log("at most");
  EXPECT_EQ(rig.proxy.count_in_log("admin listens"), 0U);
}

TEST(Admin, ProbesAnswerWithOneWord) {
  const AdminRig rig;
  const Response alive = rig.ask("/healthz");
  EXPECT_EQ(status_of(alive.head), 200);
  EXPECT_EQ(alive.body, "alive\n");
  EXPECT_EQ(field(alive.head, "cache-control"), "no-store");
  expect_soon([&] { return rig.get("/readyz") == "ready\n"; }, "ready");
}

TEST(Admin, ReadinessAsksTheUpstreamsIfTold) {
  AdminRig rig({"--upstream", "http://127.0.0.1:1"});
  EXPECT_EQ(rig.get("/readyz?upstream"), "ready\n") << "one of the two is enough";
  EXPECT_EQ(status_of(rig.ask("/readyz?upstream", "HEAD").head), 200);
  EXPECT_EQ(status_of(rig.ask("/readyz?upstreams").head), 400) << "no other word may look like a check";
  rig.origin.stop_listening();
  const Response refused = rig.ask("/readyz?upstream");
  EXPECT_EQ(status_of(refused.head), 503);
  EXPECT_NE(refused.body.find("http://127.0.0.1:1: Connection refused\n"), std::string::npos) << refused.body;
  EXPECT_EQ(rig.get("/readyz"), "ready\n");
}

TEST(Admin, AnUpstreamThatDoesNotAcceptIsNotWaitedForLongAndAClientThatLeavesNotAtAll) {
  const SilentPort silent;
  AdminRig rig({"--upstream", silent.url()});
  rig.origin.stop_listening();
  EXPECT_EQ(rig.get("/readyz"), "ready\n");  // what a first connection opens stays
  const size_t descriptors = rig.proxy.open_descriptors();
  for (int i = 0; i < 20; ++i) rig.admin().send("GET /readyz?upstream HTTP/1.1\r\nHost: a\r\n\r\n");
  const Response late = rig.ask("/readyz?upstream");
  EXPECT_EQ(status_of(late.head), 503);
  EXPECT_NE(late.body.find("does not accept within a second\n"), std::string::npos) << late.body;
  expect_soon([&] { return rig.proxy.open_descriptors() <= descriptors; }, "no descriptor more");
}

TEST(Admin, AConnectionServesSeveralRequestsAndHead) {
  const AdminRig rig;
  Peer peer = rig.admin();
  peer.send("HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(field(read_response(peer, true).head, "content-length"), "6");
  EXPECT_EQ(read_response(peer).body, "alive\n");
  peer.send("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(read_response(peer).body, "alive\n");
  EXPECT_EQ(peer.read_to_end(), "");
  EXPECT_EQ(peer.ending(), Ending::fin);
}

TEST(Admin, AnHttp10ClientGetsItsAnswerAndAnEnd) {
  const AdminRig rig;
  Peer peer = rig.admin();
  peer.send("GET /metrics HTTP/1.0\r\n\r\n");
  EXPECT_NE(peer.read_to_end().find("sse_proxy_build_info"), std::string::npos);
}

TEST(Admin, ReadinessTurnsAtTheSignalAndProbesAnswerUntilTheEnd) {
  AdminRig rig({"--drain-delay", "300ms", "--drain-timeout", "20s", "--keepalive", "off"});
  Stream stream(rig, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", kStreamHead);
  rig.proxy.signal(SIGTERM);
  rig.proxy.wait_for_log("draining");
  EXPECT_EQ(try_to_connect(rig.proxy.port()), 0) << "the delay is for those who come late";
  const Response ready = rig.ask("/readyz");
  EXPECT_EQ(status_of(ready.head), 503);
  EXPECT_EQ(ready.body, "draining\n");
  while (try_to_connect(rig.proxy.port()) == 0) std::this_thread::sleep_for(Millis(10));
  EXPECT_EQ(rig.get("/healthz"), "alive\n");
  EXPECT_EQ(rig.metric("sse_proxy_draining"), 1);
  EXPECT_EQ(rig.metric("sse_proxy_streams_open"), 1);
  stream.upstream.send(kLastChunk);
  stream.client.close();
  EXPECT_EQ(rig.proxy.wait_for_exit(), 0);
}

TEST(Admin, OtherMethodsAreRefusedAndToldWhichAreNot) {
  const AdminRig rig;
  for (const std::string_view method : {"POST", "DELETE", "OPTIONS", "PUT"}) {
    const Response response = rig.ask("/healthz", method);
    EXPECT_EQ(status_of(response.head), 405) << method;
    EXPECT_EQ(field(response.head, "allow"), "GET, HEAD");
  }
  EXPECT_EQ(status_of(rig.ask("/nothing").head), 404);
}

TEST(Admin, BrokenRequestsAreAnsweredAndTheConnectionEnds) {
  const AdminRig rig;
  for (const std::string& request :
       {std::string("GET /healthz HTTP/1.1\r\n\r\n"), std::string("\x16\x03\x01 nonsense\r\n\r\n"),
        std::string("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n")}) {
    Peer peer = rig.admin();
    peer.send(request);
    EXPECT_EQ(status_of(read_response(peer).head), 400) << request;
    EXPECT_EQ(peer.read_to_end(), "");
  }
  Peer large = rig.admin();
  large.send("GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'x') + "\r\n\r\n");
  EXPECT_EQ(status_of(read_response(large).head), 431);
}

TEST(Admin, SlowRequestsAndIdleConnectionsAreClosed) {
  const AdminRig rig;
  Peer slow = rig.admin(), idle = rig.admin();
  slow.send("GET /healthz HTT");
  EXPECT_TRUE(slow.wait_for_close(Millis(9000)));
  EXPECT_TRUE(idle.wait_for_close(Millis(3000)));
}

TEST(Admin, AProbeGetsThroughWhenIdleConnectionsTakeAllPlaces) {
  const AdminRig rig;
  std::vector<Peer> idle;
  for (int i = 0; i < 64; ++i) {
    idle.push_back(rig.admin());
    idle.back().send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(read_response(idle.back()).body, "alive\n");
  }
  EXPECT_EQ(rig.get("/healthz"), "alive\n");
}

TEST(Admin, AProbeGetsThroughWhenHalfRequestsTakeAllPlaces) {
  const AdminRig rig;
  std::vector<Peer> halves;
  for (int i = 0; i < 64; ++i) {
    halves.push_back(rig.admin());
    halves.back().send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /heal");
    EXPECT_EQ(read_response(halves.back()).body, "alive\n");
  }
  const auto start = Clock::now();
  EXPECT_EQ(rig.get("/healthz"), "alive\n");
  EXPECT_LT(since(start), Millis(kSanitized ? 20000 : 2500));
}

TEST(Admin, AProbeGetsThroughWhenClientsThatTakeNothingHoldAllPlaces) {
  const AdminRig rig;
  std::string many;
  while (many.size() < 7000) many += "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
  std::vector<Peer> takers;
  for (int i = 0; i < 64; ++i) {
    takers.push_back(connect_to(rig.admin_port, {.receive_buffer = 4096}));
    takers.back().send(many);
  }
  const auto start = Clock::now();
  EXPECT_EQ(rig.get("/healthz"), "alive\n");
  EXPECT_LT(since(start), Millis(kSanitized ? 20000 : 2500));
}

TEST(Admin, AProbeGetsThroughWhenNoDescriptorIsLeft) {
  const AdminRig rig;
  limit_descriptors(rig.proxy, rig.proxy.lowest_free_descriptor());
  for (int i = 0; i < 3; ++i) {
    Peer probe = rig.admin();
    probe.send("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(read_response(probe).body, "alive\n");
  }
  const Peer one = rig.admin(), another = rig.admin();  // more than there is a descriptor for
  const Millis before = rig.proxy.cpu_time();
  std::this_thread::sleep_for(Millis(1000));
  EXPECT_LT(rig.proxy.cpu_time() - before, Millis(kSanitized ? 600 : 200))
      << "it does not spin over its queue";
}

TEST(Admin, TheDescriptorThatIsKeptForAProbeIsKeptUntilOneWaits) {
  const AdminRig rig;
  const size_t last = rig.proxy.lowest_free_descriptor();
  limit_descriptors(rig.proxy, last + 1);
  Peer probe = rig.admin();
  probe.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(read_response(probe).body, "alive\n");
  EXPECT_GT(rig.proxy.lowest_free_descriptor(), last) << "all are taken";
}

TEST(Admin, NamesThatCouldBeAWebSitesAreRefusedButForProbes) {
  const AdminRig rig;
  EXPECT_EQ(status_of(rig.ask("/config", "GET", "", "evil.example").head), 403);
  EXPECT_EQ(status_of(rig.ask("/metrics", "GET", "", "node.example").head), 200);
}

TEST(Admin, AUnixSocketServesAsWell) {
  const std::string path = "/tmp/sse-proxy-admin-" + std::to_string(getpid());
  {
    const AdminRig rig({"--admin", "unix:" + path});
    Peer peer = connect_to_unix(path);
    peer.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(read_response(peer).body, "alive\n");
  }
  EXPECT_NE(access(path.c_str(), F_OK), 0) << "it is removed at the end";
}

TEST(Admin, AnAddressInUseIsNamed) {
  const AdminRig rig;
  const std::string address = "127.0.0.1:" + std::to_string(rig.admin_port);
  Process second({"--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:1", "--admin", address});
  EXPECT_EQ(second.wait_for_exit(), 1);
  EXPECT_NE(second.log().find(address), std::string::npos) << second.log();
}

// --- metrics ---

TEST(AdminMetrics, AStreamIsCountedWhileItRunsAndByItsEnd) {
  AdminRig rig({"--keepalive", "50ms"});
  {
    Stream stream(rig, kGet, kStreamHead);
    rig.expect_metric("sse_proxy_streams_open", 1);
    stream.upstream.send(chunk("data: a\n\ndata: b\n\ndata: ha"));
    EXPECT_EQ(stream.client.read_chunk(), "data: a\n\ndata: b\n\n");
    rig.expect_metric("sse_proxy_events_total", 2);
    rig.expect_metric("sse_proxy_stream_bytes_total", 26);
    rig.expect_metric("sse_proxy_reads_held_total", 1);
    rig.expect_metric("sse_proxy_first_event_delay_seconds_count", 1);
    rig.expect_metric("sse_proxy_event_gap_seconds_count", 1);
    rig.expect_metric("sse_proxy_event_delay_seconds_count", 1);
    stream.client.read_until("keep-alive");
    expect_soon([&] { return rig.metric("sse_proxy_keepalives_total") > 0; }, "a keep-alive counted");
  }
  rig.expect_metric("sse_proxy_streams_open", 0);
  rig.expect_metric("sse_proxy_streams_opened_total", 1);
  const double gone = rig.metric("sse_proxy_streams_ended_total{reason=\"client-gone\"}");
  const double failed = rig.metric("sse_proxy_streams_ended_total{reason=\"upstream-failed\"}");
  EXPECT_EQ(gone + failed, 1) << "whichever end was closed first";
}

TEST(AdminMetrics, FailuresAreCountedByPhaseAndRefusalsByReason) {
  AdminRig rig;
  Peer client = rig.client();
  client.send(kGet);
  rig.origin.accept().close();
  EXPECT_EQ(status_of(read_response(client).head), 502);
  rig.expect_metric("sse_proxy_upstream_errors_total{phase=\"awaiting-head\"}", 1);
  Peer bad = rig.client();
  bad.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(status_of(read_response(bad).head), 400);
  rig.expect_metric("sse_proxy_refused_total{reason=\"bad-request\"}", 1);
  rig.origin.stop_listening();
  Peer late = rig.client();
  late.send(kGet);
  EXPECT_EQ(status_of(read_response(late).head), 502);
  rig.expect_metric("sse_proxy_upstream_errors_total{phase=\"connecting\"}", 1);
}

TEST(AdminMetrics, AClientThatIsSlowPausesItsUpstreamAndItsDelayIsMeasured) {
  AdminRig rig({"--buffer-bytes", "4KiB"});
  Stream stream(rig, kGet, kStreamHead, {.receive_buffer = 4096});
  std::string event = "data: " + std::string(60000, 'x') + "\n\n";
  std::thread sender([&] {
    for (int i = 0; i < 200; ++i) {
      if (!stream.upstream.send(chunk(event))) return;
    }
  });
  expect_soon([&] { return rig.metric("sse_proxy_upstream_pauses_total") > 0; }, "a pause");
  size_t bytes = 0;
  while (bytes < 200 * event.size()) {
    const auto piece = stream.client.read_chunk();
    ASSERT_TRUE(piece);
    bytes += piece->size();
  }
  sender.join();
  rig.expect_metric("sse_proxy_events_total", 200);
  EXPECT_GT(rig.metric("sse_proxy_event_delay_seconds_count"), 0);
}

TEST(AdminMetrics, OpenMetricsIsSpokenToThoseWhoAcceptIt) {
  const AdminRig rig;
  const Response plain = rig.ask("/metrics");
  EXPECT_EQ(field(plain.head, "content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const Response open =
      rig.ask("/metrics", "GET", "Accept: application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1\r\n");
  EXPECT_EQ(field(open.head, "content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_TRUE(open.body.ends_with("\n# EOF\n"));
  EXPECT_NE(open.body.find("\n# TYPE sse_proxy_events counter\nsse_proxy_events_total 0\n"),
            std::string::npos);
}

TEST(AdminMetrics, TheProcessesDescriptorsAreCounted) {
  AdminRig rig;
  std::vector<Peer> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(rig.client());
  rig.expect_metric("sse_proxy_client_connections", 50);
  EXPECT_NEAR(rig.metric("process_open_fds"), static_cast<double>(rig.proxy.open_descriptors()), 2)
      << "but for who asks";
}

TEST(AdminMetrics, WorkersAreSummedUp) {
  AdminRig rig({"--workers", "2"});
  rig.origin.serve([](Peer& peer) {
    while (peer.wait_for_request()) peer.send(text_response("a"));
  });
  for (int i = 0; i < 20; ++i) {
    Peer client = rig.client();
    client.send(kGet);
    EXPECT_EQ(read_response(client).body, "a");
  }
  rig.expect_metric("sse_proxy_exchanges_total{outcome=\"complete\"}", 20);
  EXPECT_EQ(rig.metric("sse_proxy_workers"), 2);
}

}  // namespace
}  // namespace sse_proxy::test
