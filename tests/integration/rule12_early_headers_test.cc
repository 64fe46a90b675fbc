// Rule 12: a head before the upstream has answered.
#include <gtest/gtest.h>

#include "tests/integration/proxy_helpers.h"
#include "tests/parser/coding_helpers.h"

namespace sse_proxy::test {
namespace {

constexpr std::string_view kComment = ": keep-alive\n\n";

Args early(Args more = {}) {
  Args args = {"--early-headers", "100ms", "--keepalive", "150ms"};
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

// A stream that was begun early and got its first keep-alive.
struct EarlyStream {
  explicit EarlyStream(Rig& rig, std::string_view request = kGetExpected) : client(rig.client()) {
    client.send(request);
    upstream = rig.origin.accept();
    upstream.read_head();
    head = client.read_head();
    EXPECT_EQ(client.read_chunk(), kComment);
  }
  // The rest of the body without keep-alives; it must end cleanly.
  std::string rest() {
    const Chunked got = read_chunked_to_end(client);
    EXPECT_TRUE(got.complete);
    return replaced(got.body, kComment, "");
  }
  Peer client;
  Peer upstream;
  std::string head;
};

std::string data_lines(std::string_view event) {
  std::string data;
  while (!event.empty()) {
    const std::string_view line = event.substr(0, event.find('\n'));
    if (line.starts_with("data: ")) data.append(line.substr(6)).append("\n");
    event.remove_prefix(std::min(line.size() + 1, event.size()));
  }
  return data;
}

std::string error_response(std::string_view type, std::string_view body, std::string_view fields = "") {
  return "HTTP/1.1 429 Too Many Requests\r\nContent-Type: " + std::string(type) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(fields) + "\r\n" +
         std::string(body);
}

TEST(Rule12EarlyHeaders, AHeadAndKeepalivesComeBeforeTheUpstreamAnswers) {
  Rig rig(early());
  EarlyStream stream(rig);
  EXPECT_EQ(status_of(stream.head), 200);
  EXPECT_EQ(field(stream.head, "content-type"), "text/event-stream");
  EXPECT_EQ(field(stream.head, "x-accel-buffering"), "no");
  EXPECT_NE(field(stream.head, "cache-control").find("no-cache"), std::string::npos);
  EXPECT_EQ(stream.client.read_chunk(), kComment);
  stream.upstream.send(std::string(kStreamHead) +
                       chunk("\xEF\xBB\xBF"
                             "data: a\n\n") +
                       std::string(kLastChunk));
  EXPECT_EQ(stream.rest(), "data: a\n\n") << "the BOM goes, as a comment came before it";
}

TEST(Rule12EarlyHeaders, AnEventStreamThatIsCompressedIsDecoded) {
  Rig rig(early());
  EarlyStream stream(rig);
  stream.upstream.send(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\r\n" +
      encode("gzip", "data: a\n\n"));
  stream.upstream.close();
  EXPECT_EQ(stream.rest(), "data: a\n\n");
}

TEST(Rule12EarlyHeaders, AnErrorInJsonBecomesOneEvent) {
  Rig rig(early());
  EarlyStream stream(rig);
  const std::string json = R"({"error": {"message": "slow down"}})";
  stream.upstream.send(error_response("application/json", json));
  const std::string event = stream.rest();
  EXPECT_TRUE(event.starts_with("event: error\n")) << event;
  EXPECT_TRUE(event.ends_with("\n\n")) << event;
  EXPECT_NE(event.find("429"), std::string::npos) << "the status reaches the client: " << event;
  EXPECT_EQ(data_lines(event), json + "\n");
  rig.proxy.wait_for_log("end=error-event");
}

TEST(Rule12EarlyHeaders, EveryLineOfATextIsADataLine) {
  Rig rig(early({"--early-error-event", "oops"}));
  EarlyStream stream(rig);
  stream.upstream.send(error_response("text/plain; charset=utf-8", "one\ntwo\r\n\r\nfour\n"));
  const std::string event = stream.rest();
  EXPECT_TRUE(event.starts_with("event: oops\n")) << event;
  EXPECT_EQ(data_lines(event), "one\ntwo\n\nfour\n");
}

TEST(Rule12EarlyHeaders, ACompressedErrorIsDecoded) {
  Rig rig(early());
  EarlyStream stream(rig);
  const std::string packed = encode("gzip", "{\"error\":1}");
  stream.upstream.send(error_response("application/json", packed, "Content-Encoding: gzip\r\n"));
  EXPECT_EQ(data_lines(stream.rest()), "{\"error\":1}\n");
}

TEST(Rule12EarlyHeaders, OfAnythingElseOnlyTheStatusIsTold) {
  Rig rig(early());
  const std::string cases[] = {
      error_response("image/png", "\x89PNG"), error_response("text/plain", std::string(70000, 'x')),
      error_response("text/plain", "xx", "Content-Encoding: foo\r\n"), error_response("text/html", "")};
  for (const std::string& answer : cases) {
    EarlyStream stream(rig);
    stream.upstream.send(answer);
    const std::string event = stream.rest();
    EXPECT_NE(data_lines(event).find("\"status\":429"), std::string::npos) << event;
    EXPECT_NE(data_lines(event).find("\"message\":"), std::string::npos) << event;
  }
}

TEST(Rule12EarlyHeaders, AnAnswerThatIsNoErrorButNoEventStreamEitherIsTold) {
  Rig rig(early());
  EarlyStream stream(rig);
  stream.upstream.send(text_response("{}", ""));
  const std::string event = stream.rest();
  EXPECT_TRUE(event.starts_with("event: error\n")) << event;
  EXPECT_NE(event.find("200"), std::string::npos) << event;
  EXPECT_EQ(data_lines(event), "{}\n");
}

TEST(Rule12EarlyHeaders, AnUpstreamThatDiesBecomesAnEventToo) {
  Rig rig(early());
  EarlyStream stream(rig);
  stream.upstream.close();
  const std::string event = stream.rest();
  EXPECT_NE(data_lines(event).find("\"status\":502"), std::string::npos) << event;
}

TEST(Rule12EarlyHeaders, AnEventStreamThatDiesLaterIsAborted) {
  Rig rig(early());
  EarlyStream stream(rig);
  stream.upstream.send(std::string(kStreamHead) + chunk("data: a\n\ndata"));
  stream.upstream.close();
  const Chunked got = read_chunked_to_end(stream.client);
  EXPECT_EQ(replaced(got.body, kComment, ""), "data: a\n\ndata");
  EXPECT_FALSE(got.complete);
}

TEST(Rule12EarlyHeaders, AResponseTimeoutBecomesAnEvent) {
  Rig rig(early({"--response-timeout", "400ms"}));
  EarlyStream stream(rig);
  EXPECT_NE(data_lines(stream.rest()).find("\"status\":504"), std::string::npos);
}

TEST(Rule12EarlyHeaders, AConnectionThatFailsLateBecomesAnEvent) {
  const SilentPort silent;
  const Proxy proxy({"--upstream", silent.url(), "--early-headers", "100ms", "--connect-timeout", "400ms"});
  Peer client = proxy.client();
  client.send(kGetExpected);
  EXPECT_EQ(status_of(client.read_head()), 200);
  const Chunked got = read_chunked_to_end(client);
  EXPECT_TRUE(got.complete);
  EXPECT_TRUE(got.body.starts_with("event: error\n")) << got.body;
  EXPECT_NE(data_lines(got.body).find("\"status\":504"), std::string::npos) << got.body;
}

TEST(Rule12EarlyHeaders, AConnectionThatIsRefusedLateBecomesAnEvent) {
  SilentPort silent;
  const Proxy proxy({"--upstream", silent.url(), "--early-headers", "100ms", "--connect-timeout", "20s"});
  Peer client = proxy.client();
  client.send(kGetExpected);
  EXPECT_EQ(status_of(client.read_head()), 200);
  silent.close();  // the next SYN, within a second or so, is refused
  const Chunked got = read_chunked_to_end(client);
  EXPECT_TRUE(got.complete);
  EXPECT_NE(data_lines(got.body).find("\"status\":502"), std::string::npos) << got.body;
}

TEST(Rule12EarlyHeaders, ADisconnectAfterThemClosesTheUpstream) {
  Rig rig(early());
  EarlyStream stream(rig);
  stream.client.close();
  EXPECT_TRUE(stream.upstream.wait_for_close(Millis(2000)));
}

TEST(Rule12EarlyHeaders, AnAnswerInTimeIsPassedOnAsItIs) {
  Rig rig({"--early-headers", "5s"});
  Stream stream(rig, kGetExpected, error_response("application/json", "{}"));
  EXPECT_EQ(status_of(stream.response_head), 429);
}

TEST(Rule12EarlyHeaders, OnlyExpectedEventStreamsGetThem) {
  Rig rig(early());
  Peer client = rig.client();
  client.send(kGet);
  rig.origin.accept().read_head();
  EXPECT_EQ(client.read_for(Millis(300)).find("200 OK"), std::string::npos);
}

TEST(Rule12EarlyHeaders, APostMayHaveThemToo) {
  Rig rig(early());
  EarlyStream stream(
      rig, "POST / HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\nContent-Length: 2\r\n\r\n{}");
  stream.upstream.read_until("{}");
  stream.upstream.send(std::string(kStreamHead) + chunk("data: a\n\n") + std::string(kLastChunk));
  EXPECT_EQ(stream.rest(), "data: a\n\n");
}

}  // namespace
}  // namespace sse_proxy::test
