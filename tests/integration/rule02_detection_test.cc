// Rule 2: what is an event stream, and that everything else passes untouched.
#include <gtest/gtest.h>

#include "tests/integration/proxy_helpers.h"
#include "tests/parser/coding_helpers.h"

namespace sse_proxy::test {
namespace {

bool treated_as_event_stream(std::string_view head) { return field(head, "x-accel-buffering") == "no"; }

std::string head_with(std::string_view status, std::string_view type) {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: " + std::string(type) +
         "\r\nTransfer-Encoding: chunked\r\n\r\n";
}

TEST(Rule02Detection, TheMediaTypeCountsInAnyCaseAndWithAnyParameters) {
  struct Case {
    std::string_view type;
    bool is_stream;
    std::string_view written;
  };
  constexpr Case kCases[] = {
      {"text/event-stream", true, "text/event-stream"},
      {"Text/Event-Stream", true, "text/event-stream"},
      {"TEXT/EVENT-STREAM; charset=UTF-8", true, "text/event-stream; charset=UTF-8"},
      {"text/event-stream;charset=utf-8", true, "text/event-stream;charset=utf-8"},
      {"text/event-stream ; x=\"a;b\"", true, "text/event-stream; x=\"a;b\""},
      {"text/event-streams", false, "text/event-streams"},
      {"text/plain; a=text/event-stream", false, "text/plain; a=text/event-stream"},
      {"application/x-ndjson", false, "application/x-ndjson"},
  };
  Rig rig;
  for (const Case& c : kCases) {
    Stream stream(rig, kGet, head_with("200 OK", c.type));
    EXPECT_EQ(treated_as_event_stream(stream.response_head), c.is_stream) << c.type;
    EXPECT_EQ(field(stream.response_head, "content-type"), c.written);
  }
}

TEST(Rule02Detection, MethodAndStatusDoNotMatter) {
  Rig rig;
  for (const std::string_view method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
    const std::string request = std::string(method) + " / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
    for (const std::string_view status : {"200 OK", "404 Not Found", "503 Service Unavailable"}) {
      Stream stream(rig, request, head_with(status, "text/event-stream"));
      EXPECT_TRUE(treated_as_event_stream(stream.response_head)) << method << " " << status;
      EXPECT_EQ(status_of(stream.response_head), std::stoi(std::string(status)));
    }
  }
}

TEST(Rule02Detection, APartialContentIsPassedThroughUntouched) {
  Rig rig;
  Stream stream(rig, kGet,
                "HTTP/1.1 206 Partial Content\r\nContent-Type: text/event-stream\r\nContent-Range: bytes "
                "2-6/10\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\n");
  EXPECT_FALSE(treated_as_event_stream(stream.response_head));
  EXPECT_EQ(field(stream.response_head, "content-length"), "5");
  EXPECT_EQ(field(stream.response_head, "etag"), "\"x\"");
  stream.upstream.send("ta: a");
  EXPECT_EQ(stream.client.read_exactly(5), "ta: a");
}

TEST(Rule02Detection, ABodilessResponseEndsAtItsHead) {
  Rig rig({"--keepalive", "20ms", "--first-keepalive", "20ms"});
  Peer client = rig.client();
  client.send("HEAD /events HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n");
  Peer upstream = rig.origin.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
  client.read_head();
  EXPECT_EQ(client.read_for(Millis(100)), "");
  client.send(kGetExpected);
  if (auto again = rig.origin.accept_within(kQuiet)) upstream = *std::move(again);
  upstream.read_head();
  upstream.send("HTTP/1.1 204 No Content\r\nContent-Type: text/event-stream\r\n\r\n");
  EXPECT_EQ(status_of(client.read_head()), 204);
  EXPECT_EQ(client.read_for(Millis(100)), "");
}

TEST(Rule02Detection, AnythingElseKeepsItsCodingByteForByte) {
  Rig rig({"--keepalive", "20ms", "--first-keepalive", "20ms"});
  const std::string packed = encode("gzip", "{\"data\": \"x\"}\n\n");
  Stream stream(rig, "GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nAccept-Encoding: gzip, br\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
                "Content-Length: " +
                    std::to_string(packed.size()) + "\r\nETag: W/\"1\"\r\nCache-Control: max-age=5\r\n\r\n");
  EXPECT_EQ(field(stream.request_head, "accept-encoding"), "gzip, br");
  EXPECT_EQ(field(stream.response_head, "content-encoding"), "gzip");
  EXPECT_EQ(field(stream.response_head, "content-length"), std::to_string(packed.size()));
  EXPECT_EQ(field(stream.response_head, "etag"), "W/\"1\"");
  EXPECT_EQ(field(stream.response_head, "cache-control"), "max-age=5");
  stream.upstream.send(packed.substr(0, 5));
  EXPECT_EQ(stream.client.read_exactly(5), packed.substr(0, 5));
  EXPECT_EQ(stream.client.read_for(Millis(100)), "") << "a keep-alive in what is no event stream";
  stream.upstream.send(packed.substr(5));
  EXPECT_EQ(stream.client.read_exactly(packed.size() - 5), packed.substr(5));
}

TEST(Rule02Detection, AnythingElseStreamsWithoutWaitingForLineEnds) {
  Rig rig;
  Stream stream(rig, kGetExpected, head_with("200 OK", "application/octet-stream"));
  for (const std::string_view piece : {"half of a ", "line", "\x01\r", "."}) {
    stream.upstream.send(chunk(piece));
    EXPECT_EQ(stream.client.read_chunk(), piece);
  }
  stream.upstream.send(kLastChunk);
  EXPECT_TRUE(read_chunked_to_end(stream.client).complete);
}

}  // namespace
}  // namespace sse_proxy::test
