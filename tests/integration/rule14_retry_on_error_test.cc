// Rule 14: errors that an EventSource survives.
#include <gtest/gtest.h>

#include <set>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

Args towards_nobody() {
  return {"--upstream", "http://127.0.0.1:" + std::to_string(refused_port()), "--retry-on-error", "2s"};
}

TEST(Rule14RetryOnError, AGetForAnEventStreamGetsATimeToComeBack) {
  const Proxy proxy(towards_nobody());
  std::set<int> times;
  for (int i = 0; i < 20; ++i) {
    Peer client = proxy.client();
    client.send(kGetExpected);
    const std::string head = client.read_head();
    EXPECT_EQ(status_of(head), 200);
    EXPECT_EQ(field(head, "content-type"), "text/event-stream");
    const Chunked got = read_chunked_to_end(client);
    EXPECT_TRUE(got.complete);
    ASSERT_TRUE(got.body.starts_with("retry: ") && got.body.ends_with("\n\n")) << got.body;
    const int retry = std::stoi(got.body.substr(7));
    EXPECT_GE(retry, 1000);
    EXPECT_LE(retry, 3000);
    times.insert(retry);
  }
  EXPECT_GT(times.size(), 3U) << "they are spread";
}

TEST(Rule14RetryOnError, OthersGetTheError) {
  const Proxy proxy(towards_nobody());
  for (const std::string_view request :
       {kGet, std::string_view("POST / HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\nContent-Length: "
                               "0\r\n\r\n")}) {
    Peer client = proxy.client();
    client.send(request);
    EXPECT_EQ(status_of(client.read_head()), 502);
  }
}

TEST(Rule14RetryOnError, ATimeoutOfTheUpstreamCountsToo) {
  Rig rig({"--retry-on-error", "2s", "--response-timeout", "100ms"});
  Peer client = rig.client();
  client.send(kGetExpected);
  Peer upstream = rig.origin.accept();
  EXPECT_EQ(status_of(client.read_head()), 200);
  EXPECT_TRUE(read_chunked_to_end(client).body.starts_with("retry: "));
}

TEST(Rule14RetryOnError, TheUpstreamsOwnErrorsArePassedOn) {
  Rig rig({"--retry-on-error", "2s"});
  Stream stream(rig, kGetExpected, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(status_of(stream.response_head), 503);
}

TEST(Rule14RetryOnError, ItIsOffByDefault) {
  const Proxy proxy({"--upstream", "http://127.0.0.1:" + std::to_string(refused_port())});
  Peer client = proxy.client();
  client.send(kGetExpected);
  EXPECT_EQ(status_of(client.read_head()), 502);
}

}  // namespace
}  // namespace sse_proxy::test
