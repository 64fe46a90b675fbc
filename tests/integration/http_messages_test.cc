// Plain HTTP/1.1 through the proxy: requests in order, bodies both ways, fields, interim responses.
#include <gtest/gtest.h>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

TEST(HttpMessages, RequestsOnOneConnectionAreAnsweredInOrderOverOneUpstreamConnection) {
  Rig rig;
  Peer client = rig.client();
  Peer upstream;
  for (int i = 0; i < 5; ++i) {
    client.send(kGet);
    if (i == 0) upstream = rig.origin.accept();
    upstream.read_head();
    upstream.send(text_response(std::to_string(i)));
    const Response response = read_response(client);
    EXPECT_EQ(response.body, std::to_string(i));
    EXPECT_EQ(field(response.head, "connection"), "");
  }
}

TEST(HttpMessages, PipelinedRequestsAreAnsweredInOrderOneAtATime) {
  Rig rig;
  Peer client = rig.client();
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  requests += "POST /20 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
  client.send(requests);
  Peer upstream = rig.origin.accept();
  for (int i = 0; i <= 20; ++i) {
    const std::string path = "/" + std::to_string(i);
    EXPECT_EQ(upstream.read_head().find(" " + path + " "), i < 20 ? 3U : 4U);
    if (i == 20) upstream.read_until("body");
    upstream.send(text_response(path));
    EXPECT_EQ(read_response(client).body, path);
  }
}

TEST(HttpMessages, AnHttp10ClientGetsItsAnswerAndItsClose) {
  Rig rig;
  Peer client = rig.client();
  client.send("GET / HTTP/1.0\r\n\r\n");
  Peer upstream = rig.origin.accept();
  const std::string head = upstream.read_head();
  EXPECT_EQ(field(head, "host"), rig.origin.authority()) << "without a Host it gets the upstream's";
  upstream.send("HTTP/1.1 100 Continue\r\n\r\n" + text_response("abc"));
  const Response response = read_response(client);
  EXPECT_EQ(status_of(response.head), 200) << "no interim response for HTTP/1.0";
  EXPECT_EQ(response.body, "abc");
  client.half_close();
  EXPECT_EQ(client.read_to_end(), "");
}

TEST(HttpMessages, AChunkedUploadStreamsAndTheAnswerMayComeBeforeItsEnd) {
  Rig rig;
  Peer client = rig.client();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  Peer upstream = rig.origin.accept();
  EXPECT_EQ(field(upstream.read_head(), "transfer-encoding"), "chunked");
  client.send(chunk("ping"));
  EXPECT_EQ(upstream.read_chunk(), "ping");
  upstream.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n" +
                chunk("pong"));
  client.read_head();
  EXPECT_EQ(client.read_chunk(), "pong");
  client.send("4;ext=1\r\nping\r\n");
  EXPECT_EQ(upstream.read_chunk(), "ping") << "an extension is dropped";
  upstream.send(chunk("pong2"));
  EXPECT_EQ(client.read_chunk(), "pong2");
  client.send(kLastChunk);
  EXPECT_EQ(upstream.read_chunk(), "");
  upstream.send(kLastChunk);
  EXPECT_EQ(client.read_chunk(), "");
}

TEST(HttpMessages, AnUploadOf20MiBArrivesWhole) {
  Rig rig;
  std::string body(20 << 20, '\0');
  for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>((i * 2654435761U) >> 24);
  Peer client = rig.client();
  std::thread sender([&] {
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
    client.send(body);
  });
  Peer upstream = rig.origin.accept();
  EXPECT_EQ(field(upstream.read_head(), "content-length"), std::to_string(body.size()));
  EXPECT_TRUE(upstream.read_exactly(body.size()) == body);
  sender.join();
  upstream.send(text_response("ok"));
  EXPECT_EQ(read_response(client).body, "ok");
}

TEST(HttpMessages, AnEarlyAnswerToAnUploadReachesTheClient) {
  Rig rig;
  Peer client = rig.client();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nsome");
  Peer upstream = rig.origin.accept();
  upstream.read_until("some");
  upstream.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
  upstream.close();
  client.send(std::string(300000, 'x'));
  const Response response = read_response(client);
  EXPECT_EQ(status_of(response.head), 403);
  EXPECT_EQ(response.body, "no");
}

TEST(HttpMessages, ABodyThatTheCloseEndsIsChunkedForTheClient) {
  Rig rig;
  Stream stream(rig, kGet, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nab");
  EXPECT_EQ(field(stream.response_head, "transfer-encoding"), "chunked");
  EXPECT_EQ(stream.client.read_chunk(), "ab");
  stream.upstream.send("c");
  EXPECT_EQ(stream.client.read_chunk(), "c");
  stream.upstream.close();
  EXPECT_EQ(stream.client.read_chunk(), "");
}

TEST(HttpMessages, AnswersWithoutABodyKeepTheirFields) {
  Rig rig;
  Peer client = rig.client();
  client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  Peer upstream = rig.origin.accept();
  EXPECT_TRUE(upstream.read_head().starts_with("HEAD / "));
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
  EXPECT_EQ(field(client.read_head(), "content-length"), "1234");
  client.send(kGet);
  upstream.read_head();
  upstream.send("HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 99\r\n\r\n");
  const std::string head = client.read_head();
  EXPECT_EQ(status_of(head), 304);
  EXPECT_EQ(field(head, "etag"), "\"a\"");
  client.send(kGet);
  upstream.read_head();
  upstream.send("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(status_of(client.read_head()), 204);
  client.send(kGet);
  upstream.read_head();
  upstream.send(text_response("the connection is still in step"));
  EXPECT_EQ(read_response(client).body, "the connection is still in step");
}

TEST(HttpMessages, A100ContinueGoesEndToEnd) {
  Rig rig;
  Peer client = rig.client();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  Peer upstream = rig.origin.accept();
  EXPECT_EQ(field(upstream.read_head(), "expect"), "100-continue");
  EXPECT_EQ(client.read_for(kQuiet), "") << "not the proxy's to say";
  upstream.send("HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(status_of(client.read_head()), 100);
  client.send("abc");
  upstream.read_until("abc");
  upstream.send(text_response("ok"));
  EXPECT_EQ(read_response(client).body, "ok");
}

TEST(HttpMessages, InterimResponsesArePassedOnUpToSixteen) {
  Rig rig;
  const std::string hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n";
  Stream stream(rig, kGet, hints);
  EXPECT_EQ(status_of(stream.response_head), 103);
  EXPECT_EQ(field(stream.response_head, "link"), "</a>; rel=preload");
  for (int i = 1; i < 16; ++i) {
    stream.upstream.send(hints);
    EXPECT_EQ(status_of(stream.client.read_head()), 103);
  }
  stream.upstream.send(text_response("ok"));
  EXPECT_EQ(read_response(stream.client).body, "ok");
  Rig another;
  Stream flood(another, kGet, hints);
  for (int i = 1; i < 17; ++i) flood.upstream.send(hints);
  std::string head = flood.client.read_head();
  while (status_of(head) == 103) head = flood.client.read_head();
  EXPECT_EQ(status_of(head), 502);
}

TEST(HttpMessages, TrailersArePassedOnButForThoseThatSteerTheMessage) {
  Rig rig;
  Peer client = rig.client();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n\r\n" +
              chunk("a") + "0\r\nX-Sum: 1\r\nHost: b\r\nAuthorization: x\r\nX-Forwarded-For: b\r\n\r\n");
  Peer upstream = rig.origin.accept();
  EXPECT_EQ(field(upstream.read_head(), "te"), "trailers");
  EXPECT_EQ(upstream.read_until("\r\n\r\n"), chunk("a") + "0\r\nX-Sum: 1\r\n\r\n");
  upstream.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n" +
                chunk("b") + "0\r\nX-Sum: 2\r\nConnection: close\r\nKeep-Alive: 3\r\n\r\n");
  client.read_head();
  EXPECT_EQ(client.read_until("\r\n\r\n"), chunk("b") + "0\r\nX-Sum: 2\r\n\r\n");
}

TEST(HttpMessages, HopByHopFieldsAndTwinsAreRemovedFromRequests) {
  Rig rig;
  Peer client = rig.client();
  client.send(
      "GET /p?q=1 HTTP/1.1\r\nHost: my.host:81\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: "
      "5\r\n"
      "Proxy-Connection: keep-alive\r\nTE: gzip\r\nUpgrade: h2c\r\n"
      "X_Forwarded_For: 1.2.3.4\r\nContent_Length: 5\r\nX-Plain: kept\r\nAccept: */*\r\n\r\n");
  const std::string head = rig.origin.accept().read_head();
  EXPECT_TRUE(head.starts_with("GET /p?q=1 HTTP/1.1\r\n"));
  EXPECT_EQ(field(head, "host"), "my.host:81");
  for (const char* name :
       {"X-Hop", "Keep-Alive", "Proxy-Connection", "TE", "Upgrade", "X_Forwarded_For", "Content_Length"}) {
    EXPECT_EQ(field(head, name), "") << name;
  }
  EXPECT_EQ(field(head, "X-Plain"), "kept");
}

TEST(HttpMessages, AnAbsoluteTargetBecomesOriginFormAndReplacesHost) {
  Rig rig;
  Peer client = rig.client();
  client.send("GET http://other.test:82/p?q HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string head = rig.origin.accept().read_head();
  EXPECT_TRUE(head.starts_with("GET /p?q HTTP/1.1\r\n")) << head;
  EXPECT_EQ(field(head, "host"), "other.test:82");
}

TEST(HttpMessages, UpstreamHostChoosesTheHost) {
  const Origin origin;
  for (const std::string mode : {"upstream", "fixed.test"}) {
    const Proxy proxy({"--upstream", origin.url(), "--upstream-host", mode});
    Peer client = proxy.client();
    client.send(kGet);
    const std::string host = field(const_cast<Origin&>(origin).accept().read_head(), "host");
    EXPECT_EQ(host, mode == "upstream" ? origin.authority() : mode);
  }
}

}  // namespace
}  // namespace sse_proxy::test
