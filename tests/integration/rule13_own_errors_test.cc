// Rule 13: the proxy's own answers.
#include <gtest/gtest.h>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

std::string expect_own_error(Peer& client, int status) {
  const Response response = read_response(client);
  EXPECT_EQ(status_of(response.head), status) << response.head << response.body;
  EXPECT_EQ(field(response.head, "content-type"), "application/json");
  EXPECT_EQ(field(response.head, "connection"), "close");
  EXPECT_TRUE(response.body.starts_with("{\"error\":{\"code\":")) << response.body;
  EXPECT_NE(response.body.find("\"message\":\""), std::string::npos) << response.body;
  client.half_close();
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(client.ending(), Ending::fin);
  return response.body;
}

struct Refusal {
  const char* name;
  std::string request;
  int status;
};

std::vector<Refusal> refusals() {
  const std::string get = "GET / HTTP/1.1\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  return {
      {"ATlsHandshake", std::string("\x16\x03\x01\x02\x00\x01\r\n\r\n", 10), 400},
      {"NoHost", get + "\r\n", 400},
      {"TwoHosts", get + "Host: a\r\nHost: a\r\n\r\n", 400},
      {"HostWithUserinfo", get + "Host: u@a\r\n\r\n", 400},
      {"HostWithABadPort", get + "Host: a:99999\r\n\r\n", 400},
      {"BareLf", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"ObsFold", get + "Host: a\r\nX: 1\r\n 2\r\n\r\n", 400},
      {"SpaceBeforeTheColon", get + "Host: a\r\nX : 1\r\n\r\n", 400},
      {"Nul", get + "Host: a\r\nX: 1" + std::string(1, '\0') + "\r\n\r\n", 400},
      {"LengthAndChunked", post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"TwoLengths", post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", 400},
      {"AListOfLengths", post + "Content-Length: 3, 3\r\n\r\n", 400},
      {"ASignedLength", post + "Content-Length: +3\r\n\r\n", 400},
      {"AHugeLength", post + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {"ChunkedTwice", post + "Transfer-Encoding: chunked, chunked\r\n\r\n", 400},
      {"ChunkedWithHttp10", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"ATransferCodingThatIsNotChunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 400},
      {"AnUnknownTransferCoding", post + "Transfer-Encoding: rot13, chunked\r\n\r\n", 501},
      {"ABadChunkSize", post + "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", 400},
      {"Http09", "GET /\r\n\r\n", 400},
      {"Http2AsAVersion", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"Http3AsAVersion", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
      {"Connect", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 400},
      {"AnUnknownMethod", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"ContentLengthNamedByConnection", post + "Connection: content-length\r\nContent-Length: 2\r\n\r\nab",
       400},
      {"HostNamedByConnection", get + "Host: a\r\nConnection: close, host\r\n\r\n", 400},
      {"ALongRequestLine", "GET /" + std::string(40000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"LongFields", get + "Host: a\r\nX: " + std::string(40000, 'x') + "\r\n\r\n", 431},
      {"ManyFields",
       get + "Host: a\r\n" +
           [] {
             std::string fields;
             for (int i = 0; i < 4000; ++i) fields += "X: 12345\r\n";
             return fields;
           }() +
           "\r\n",
       431},
  };
}

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }

class Rule13Refusals : public testing::TestWithParam<Refusal> {};
INSTANTIATE_TEST_SUITE_P(Of, Rule13Refusals, testing::ValuesIn(refusals()),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_P(Rule13Refusals, AreToldAndNothingOfThemIsForwarded) {
  Rig rig;
  Peer client = rig.client();
  client.send(GetParam().request);
  expect_own_error(client, GetParam().status);
  // A bad chunk comes when the head has gone on; its connection must then be cut.
  if (auto upstream = rig.origin.accept_within(kQuiet)) {
    EXPECT_EQ(std::string(GetParam().name), "ABadChunkSize");
    EXPECT_TRUE(upstream->wait_for_close());
    EXPECT_EQ(upstream->received().find("abc"), std::string::npos);
  }
  EXPECT_EQ(rig.proxy.stop_and_count()["refused"], 1U);
}

TEST(Rule13OwnErrors, AnHttp2PrefaceIsRefused) {
  Rig rig;
  Peer client = rig.client();
  client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  const int status = status_of(client.read_head());
  EXPECT_TRUE(status == 400 || status == 505) << status;
}

TEST(Rule13OwnErrors, A408OnlyAnswersAPartialHead) {
  Rig rig({"--header-timeout", "200ms"});
  Peer silent = rig.client();
  Peer partial = rig.client();
  partial.send("GET / HTTP/1.1\r\nHo");
  const auto start = Clock::now();
  expect_own_error(partial, 408);
  EXPECT_LT(since(start), Millis(3000));
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_EQ(silent.ending(), Ending::fin);
}

TEST(Rule13OwnErrors, A408ComesEvenIfTheHeadTricklesIn) {
  Rig rig({"--header-timeout", "400ms"});
  Peer client = rig.client();
  const auto start = Clock::now();
  for (const char byte : std::string_view("GET / HTTP/1.1\r\nHost: a\r\nX: 1234567890")) {
    if (!client.read_for(Millis(40)).empty() || !client.send(std::string(1, byte))) break;
  }
  EXPECT_LT(since(start), Millis(1400)) << "a byte now and then does not extend the time";
  rig.proxy.wait_for_log("408");
}

TEST(Rule13OwnErrors, A408EndsASilentUpload) {
  Rig rig({"--body-timeout", "200ms"});
  Peer client = rig.client();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
  Peer upstream = rig.origin.accept();
  const auto start = Clock::now();
  EXPECT_EQ(status_of(client.read_head()), 408);
  EXPECT_LT(since(start), Millis(3000)) << "the header timeout of 10 s has nothing to do with it";
  EXPECT_TRUE(upstream.wait_for_close(Millis(2000)));
}

TEST(Rule13OwnErrors, A413AnswersABodyOverTheLimit) {
  Rig rig({"--max-body-bytes", "10"});
  Peer by_length = rig.client();
  by_length.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
  expect_own_error(by_length, 413);
  EXPECT_FALSE(rig.origin.accept_within(kQuiet)) << "nothing is forwarded";
  Peer chunked = rig.client();
  chunked.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("1234567"));
  Peer upstream = rig.origin.accept();
  upstream.read_until("1234567");
  chunked.send(chunk("1234567"));
  expect_own_error(chunked, 413);
  EXPECT_TRUE(upstream.wait_for_close());
  Peer fits = rig.client();
  fits.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n1234567890");
  rig.origin.accept().read_until("1234567890");
}

TEST(Rule13OwnErrors, A502SaysWhichUpstreamRefused) {
  const std::string url = "http://127.0.0.1:" + std::to_string(refused_port());
  Proxy proxy({"--upstream", url});
  Peer client = proxy.client();
  client.send(kGet);
  const std::string answer = expect_own_error(client, 502);
  EXPECT_EQ(answer.find("127.0.0.1"), std::string::npos)
      << "where the upstream is, is not the client's to know";
  EXPECT_NE(proxy.wait_for_log("Connection refused").find(url), std::string::npos);
  EXPECT_EQ(proxy.stop_and_count()["upstream_errors"], 1U);
}

TEST(Rule13OwnErrors, A504AnswersAnUpstreamThatDoesNotAccept) {
  const SilentPort silent;
  const Proxy proxy({"--upstream", silent.url(), "--connect-timeout", "200ms"});
  Peer client = proxy.client();
  client.send(kGet);
  expect_own_error(client, 504);
}

TEST(Rule13OwnErrors, A502AnswersAnUpstreamThatIsNoHttp) {
  for (const std::string_view answer :
       {"SSH-2.0-x\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 1\n\na", "HTTP/1.1 200 OK\r\nX : 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "",
        "HTTP/1.1 200 OK\r\nConte", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"}) {
    Rig rig;
    Peer client = rig.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    Peer upstream = rig.origin.accept();
    upstream.read_head();
    upstream.send(answer);
    upstream.half_close();
    SCOPED_TRACE(answer);
    expect_own_error(client, 502);
  }
}

TEST(Rule13OwnErrors, A502AnswersAHeadOfTheUpstreamOverTheLimit) {
  Rig rig({"--max-header-bytes", "2KiB"});
  Peer client = rig.client();
  client.send(kGet);
  Peer upstream = rig.origin.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nX: " + std::string(3000, 'x') + "\r\n\r\n");
  expect_own_error(client, 502);
  Peer again = rig.client();
  again.send("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(3000, 'x') + "\r\n\r\n");
  expect_own_error(again, 431);
}

TEST(Rule13OwnErrors, A504AnswersASilentUpstream) {
  Rig rig({"--response-timeout", "200ms"});
  Peer client = rig.client();
  client.send(kGet);
  Peer upstream = rig.origin.accept();
  EXPECT_EQ(status_of(client.read_head()), 504);
  EXPECT_TRUE(upstream.wait_for_close(Millis(2000)));
  rig.proxy.wait_for_log("timeouts.response");
}

TEST(Rule13OwnErrors, TheAnswerSurvivesAClientThatStillUploads) {
  const Proxy proxy({"--upstream", "http://127.0.0.1:" + std::to_string(refused_port())});
  for (int i = 0; i < 5; ++i) {
    Peer client = proxy.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 524288\r\n\r\n");
    const std::string block(4096, 'u');
    for (int sent = 0; sent < 128; ++sent) {
      if (!client.send(block)) break;
    }
    const Response response = read_response(client);
    EXPECT_EQ(status_of(response.head), 502);
    EXPECT_TRUE(response.complete);
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_EQ(client.ending(), Ending::fin);
  }
}

TEST(Rule13OwnErrors, TheAnswerSurvivesAClientThatUploadsMuchBeforeItReads) {
  const Proxy proxy({"--upstream", "http://127.0.0.1:" + std::to_string(refused_port())});
  Peer client = proxy.client();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
  EXPECT_GT(client.send_until_blocked(100U << 20, Millis(100)), 1U << 20);
  EXPECT_FALSE(wait_for(client.fd(), 0, Clock::now() + Millis(100))) << "a reset";
  EXPECT_EQ(status_of(read_response(client).head), 502);
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(client.ending(), Ending::fin);
}

TEST(Rule13OwnErrors, AClientWhoseUploadIsNoLongerReadGivesWayToAnother) {
  Proxy proxy({"--upstream", "http://127.0.0.1:" + std::to_string(refused_port()), "--max-connections", "1"});
  for (int i = 0; i < 3; ++i) {  // on a machine that stalls, its time may be over first
    Peer uploader = proxy.client();
    uploader.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
    uploader.send_until_blocked(100U << 20, Millis(50));
    Peer next = proxy.client();
    next.send(kGet);
    EXPECT_EQ(status_of(read_response(next).head), 502);
  }
  EXPECT_GE(proxy.stop_and_count()["idle_clients_closed"], 1U);
}

TEST(Rule13OwnErrors, AClientThatUploadsForEverIsCutOff) {
  const Proxy proxy({"--upstream", "http://127.0.0.1:" + std::to_string(refused_port())});
  Peer client = proxy.client();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
  const auto start = Clock::now();
  const std::string block(65536, 'u');
  size_t sent = 0;
  while (client.send(block) && sent < (100U << 20)) sent += block.size();
  EXPECT_LT(sent, 20U << 20) << "1 MiB, and what the kernels hold";
  EXPECT_LT(since(start), Millis(10000));
}

TEST(Rule13OwnErrors, AHeadRequestGetsNoBody) {
  const Proxy proxy({"--upstream", "http://127.0.0.1:" + std::to_string(refused_port())});
  Peer client = proxy.client();
  client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(status_of(client.read_head()), 502);
  EXPECT_EQ(client.read_to_end(), "");
}

}  // namespace
}  // namespace sse_proxy::test
