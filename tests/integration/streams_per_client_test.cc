// limits.streams_per_client: the event stream that is one too many for its client gets a 429.
#include <gtest/gtest.h>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

std::string request_of(std::string_view client, std::string_view more = "Accept: text/event-stream\r\n") {
  return "GET /events HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + std::string(client) + "\r\n" +
         std::string(more) + "\r\n";
}

void expect_refusal(Rig& rig, std::string_view address) {
  Peer client = rig.client();
  client.send(request_of(address));
  const Response response = read_response(client);
  EXPECT_EQ(status_of(response.head), 429);
  EXPECT_EQ(field(response.head, "retry-after"), "1");
  EXPECT_EQ(field(response.head, "content-type"), "application/json");
  EXPECT_TRUE(response.body.starts_with("{\"error\":{\"code\":429,")) << response.body;
}

TEST(StreamsPerClient, TheOneTooManyIsRefusedBeforeTheUpstreamIsAskedUntilAnotherHasEnded) {
  Rig rig({"--max-streams-per-client", "2"});
  Stream first(rig, request_of("192.0.2.1"),
               replaced(std::string(kStreamHead), "Transfer", "Connection: close\r\nTransfer"));
  Stream second(rig, request_of("192.0.2.1"), kStreamHead);
  expect_refusal(rig, "192.0.2.1");
  const Stream other(rig, request_of("192.0.2.2"), kStreamHead);
  EXPECT_EQ(rig.origin.connections(), 3U);

  first.upstream.send(kLastChunk);
  EXPECT_EQ(first.client.read_chunk(), "");
  const Stream third(rig, request_of("192.0.2.1"), kStreamHead);
  second.client.close();
  EXPECT_TRUE(second.upstream.wait_for_close());
  const Stream fourth(rig, request_of("192.0.2.1"), kStreamHead);
  expect_refusal(rig, "192.0.2.1");
  EXPECT_EQ(rig.proxy.stop_and_count()["streams_refused"], 2U);
}

TEST(StreamsPerClient, AnExpectedOneCountsWhileItsUpstreamThinks) {
  Rig rig({"--max-streams-per-client", "1"});
  Peer client = rig.client();
  client.send(request_of("192.0.2.1"));
  Peer upstream = rig.origin.accept();
  upstream.read_head();
  expect_refusal(rig, "192.0.2.1");
  upstream.send(text_response("no stream", "Connection: close\r\n"));
  EXPECT_EQ(read_response(client).body, "no stream");
  const Stream next(rig, request_of("192.0.2.1"), kStreamHead);
  EXPECT_EQ(status_of(next.response_head), 200) << "what turned out to be none counts no more";
}

TEST(StreamsPerClient, OneThatWasNotExpectedIsCountedFromItsHeadOnAndItsUpstreamIsClosed) {
  Rig rig({"--max-streams-per-client", "1"});
  const Stream first(rig, request_of("192.0.2.1", ""), kStreamHead);
  EXPECT_EQ(status_of(first.response_head), 200);
  Stream second(rig, request_of("192.0.2.1", ""), kStreamHead);
  EXPECT_EQ(status_of(second.response_head), 429);
  EXPECT_TRUE(second.upstream.wait_for_close());
  const Stream plain(rig, request_of("192.0.2.1", ""), text_response("ok"));
  EXPECT_EQ(status_of(plain.response_head), 200);
}

TEST(StreamsPerClient, ATunnelIsNone) {
  Rig rig({"--max-streams-per-client", "1", "--sse-path", "/**"});
  const std::string upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  const Stream tunnel(rig, request_of("192.0.2.1", upgrade),
                      "HTTP/1.1 101 Switching Protocols\r\n" + upgrade + "\r\n");
  EXPECT_EQ(status_of(tunnel.response_head), 101);
  Peer client = rig.client();
  client.send(request_of("192.0.2.1"));
  EXPECT_TRUE(rig.origin.accept_within(kPatience));
}

TEST(StreamsPerClient, AllWorkersCountTogether) {
  Rig rig({"--max-streams-per-client", "3", "--workers", "2"});
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 3; ++i)
    streams.push_back(std::make_unique<Stream>(rig, request_of("192.0.2.1"), kStreamHead));
  for (int i = 0; i < 8; ++i) expect_refusal(rig, "192.0.2.1");
}

TEST(StreamsPerClient, AnOrphanThatIsReadToItsEndIsNoStreamOfItsClient) {
  Rig rig({"--max-streams-per-client", "1", "--on-disconnect", "drain"});
  Stream first(rig, request_of("192.0.2.1"), kStreamHead);
  first.client.close();
  first.upstream.send(chunk("data: a\n\n"));
  for (int tries = 0;; ++tries) {  // until the proxy has noticed
    Peer client = rig.client();
    client.send(request_of("192.0.2.1"));
    if (rig.origin.accept_within(Millis(50))) break;
    ASSERT_LT(tries, 200);
  }
}

}  // namespace
}  // namespace sse_proxy::test
