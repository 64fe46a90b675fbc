// RFC 9110 section 7.6.1: what belongs to one hop stays there, and Connection cannot remove what others rely
// on.
#include "tests/conformance/themes.h"

namespace sse_proxy::test {

std::vector<RequestCase> connection_cases() {
  const char* const kRemoved = "hop-by-hop: RFC 9110 section 7.6.1";
  std::vector<RequestCase> cases = {
      {"Connection: close", "9112 9.6", get("Connection: close\r\n"), forwarded(get())},
      {"Connection: keep-alive", "9112 9.3", get("Connection: keep-alive\r\n"), forwarded(get())},
      {"a field that Connection names", "9110 7.6.1", get("X-Hop: 1\r\nX-End: 2\r\nConnection: x-hop\r\n"),
       forwarded(get("X-End: 2\r\n"), kRemoved)},
      {"a list in Connection", "9110 7.6.1", get("A: 1\r\nB: 2\r\nConnection: close , a,,b\r\n"),
       forwarded(get(), kRemoved)},
      {"two Connection fields", "9110 7.6.1", get("A: 1\r\nB: 2\r\nConnection: a\r\nConnection: b\r\n"),
       forwarded(get(), kRemoved)},
      {"Connection names what is not there", "9110 7.6.1", get("Connection: x-none\r\n"),
       forwarded(get(), kRemoved)},
      {"Connection with what is no token", "9110 7.6.1", get("Connection: a b, (\r\n"),
       forwarded(get(), kRemoved)},
      {"Connection names itself", "9110 7.6.1", get("Connection: connection\r\n"),
       forwarded(get(), kRemoved)},
      {"Keep-Alive", "9110 7.6.1", get("Keep-Alive: timeout=5\r\n"), forwarded(get(), kRemoved)},
      {"Proxy-Connection", "9110 7.6.1", get("Proxy-Connection: keep-alive\r\n"), forwarded(get(), kRemoved)},
      {"TE: trailers", "9110 10.1.4", get("TE: trailers\r\nConnection: TE\r\n"),
       forwarded(get("TE: trailers\r\n"), "trailers are passed on, so this hop can take them too")},
      {"TE with codings", "9110 10.1.4", get("TE: gzip, trailers;q=0.5\r\n"),
       forwarded(get(), "no coding is taken from an origin")},
      {"TE: trailers among others", "9110 10.1.4", get("TE: deflate, trailers\r\n"),
       forwarded(get("TE: trailers\r\n"), "as above")},
      {"Trailer", "9110 6.6.2", get("Trailer: X-Sum\r\n"), forwarded("", "end to end, as trailers are")},
      {"Proxy-Authorization", "9110 11.7.2", get("Proxy-Authorization: Basic YTpi\r\n"),
       forwarded("", "we ask for none, so it is meant for a hop behind us; both peers pass it on")},
      {"Via", "9110 7.6.3", get("Via: 1.1 x\r\n"), forwarded()},
      {"Max-Forwards", "9110 7.6.2", get("Max-Forwards: 0\r\n"), forwarded()},
      {"Connection names Upgrade alone", "9110 7.8", get("Connection: upgrade\r\n"),
       forwarded(get(), kRemoved)},
      {"close in mixed case", "9110 7.6.1", get("Connection: ClOsE\r\n"), forwarded(get())},
  };
  for (const char* field : {"Host", "Authorization", "Cookie", "X-Forwarded-For", "X-Forwarded-Proto",
                            "X-Forwarded-Host", "Content-Length", "Transfer-Encoding"}) {
    cases.push_back({std::string("Connection names ") + field, "DESIGN 2.11",
                     get("Authorization: x\r\nCookie: x\r\nX-Forwarded-For: 1.2.3.4\r\nConnection: close, " +
                         std::string(field) + "\r\n"),
                     refused(400, "a client could take away what the app decides by")});
  }
  return cases;
}

std::vector<RequestCase> upgrade_cases() {
  const char* const kNoUpgrade = "an Upgrade that no rule allows is removed, so that no hop switches";
  const char* const kTunnel = "WebSockets pass without being configured";
  const std::string kKey = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string kWebSocket = "Connection: upgrade\r\nUpgrade: websocket\r\n" + kKey;
  const std::string h2c =
      "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n";
  return {
      {"Upgrade: h2c", "7540 3.2", get(h2c), forwarded(get(), kNoUpgrade)},
      {"Upgrade: h2c with a body", "7540 3.2", post(h2c + "Content-Length: 3\r\n", "abc"),
       forwarded(post("Content-Length: 3\r\n", "abc"), kNoUpgrade)},
      {"Upgrade: h2c, HTTP2-Settings not named", "7540 3.2.1",
       get("Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"),
       forwarded(get(), kNoUpgrade)},
      {"Upgrade: h2c that Connection does not name", "9110 7.8", get("Upgrade: h2c\r\n"),
       forwarded(get(), kNoUpgrade)},
      {"Upgrade: H2C", "9110 7.8", get("Connection: upgrade\r\nUpgrade: H2C\r\n"),
       forwarded(get(), kNoUpgrade)},
      {"Upgrade: h2c, x", "9110 7.8", get("Connection: upgrade\r\nUpgrade: h2c, x\r\n"),
       forwarded(get(), kNoUpgrade)},
      {"Upgrade: websocket", "9110 7.8", get(kWebSocket), forwarded("", kTunnel)},
      {"Upgrade: websocket among others", "9110 7.8",
       get("Connection: keep-alive, Upgrade\r\nUpgrade: h2c, websocket\r\n" + kKey),
       forwarded(get(kWebSocket), kTunnel)},
      {"Upgrade: websocket with a body", "9110 7.8", post(kWebSocket + "Content-Length: 3\r\n", "abc"),
       forwarded(
           post(kKey + "Content-Length: 3\r\n", "abc"),
           "the body would have to come first, so that the two sides could disagree on where the switch is")},
      {"Upgrade: websocket with chunks", "9110 7.8", chunked_post("3\r\nabc\r\n0\r\n\r\n", kWebSocket),
       forwarded(chunked_post("3\r\nabc\r\n0\r\n\r\n", kKey), "as above")},
      {"Upgrade: websocket, HTTP/1.0", "9110 7.8", "GET / HTTP/1.0\r\nHost: a\r\n" + kWebSocket + "\r\n",
       forwarded(get(kKey), kNoUpgrade)},
      {"a request behind an Upgrade that was not taken", "9110 7.8",
       get(kWebSocket) + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n",
       forwarded_then({get(kWebSocket), "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"}, 0, kTunnel)},
      {"a bad request behind an Upgrade that was not taken", "9110 7.8",
       get(kWebSocket) + "\x81\x01"
                         "a\r\n\r\n",
       forwarded_then({get(kWebSocket)}, 400,
                      "without a 101 there is no tunnel: what follows is HTTP or refused")},
      {"Upgrade: TLS/1.0", "2817 3.2", get("Connection: upgrade\r\nUpgrade: TLS/1.0\r\n"),
       forwarded(get(), kNoUpgrade)},
      {"an empty Upgrade", "9110 7.8", get("Connection: upgrade\r\nUpgrade:\r\n"),
       forwarded(get(), kNoUpgrade)},
      {"Upgrade: websocket that Connection does not name", "9110 7.8", get("Upgrade: websocket\r\n"),
       forwarded(get(), kNoUpgrade)},
      {"Upgrade: h2c, HTTP/1.0", "9110 7.8",
       "GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
       forwarded(get(), kNoUpgrade)},
      {"Upgrade hides a body from the parser", "9112 6.3",
       post("Connection: upgrade\r\nUpgrade: x\r\nContent-Length: 26\r\n", "GET /smuggled HTTP/1.1\r\n\r\n"),
       forwarded(post("Content-Length: 26\r\n", "GET /smuggled HTTP/1.1\r\n\r\n"), kNoUpgrade)},

      {"Expect: 100-continue", "9110 10.1.1", post("Expect: 100-continue\r\nContent-Length: 3\r\n", "abc"),
       forwarded("", "the origin decides")},
      {"Expect: 100-Continue", "9110 10.1.1", post("Expect: 100-Continue\r\nContent-Length: 3\r\n", "abc"),
       forwarded("", "the origin decides")},
      {"Expect without a body", "9110 10.1.1", get("Expect: 100-continue\r\n"),
       forwarded("", "the origin decides")},
      {"another expectation", "9110 10.1.1", get("Expect: teapot\r\n"),
       forwarded("", "417 is the origin's to answer")},
      {"Expect, HTTP/1.0", "9110 10.1.1",
       "POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
       forwarded(post("Content-Length: 3\r\n", "abc"))},
  };
}

std::vector<RequestCase> pipeline_cases() {
  const std::string kPost = post("Content-Length: 3\r\n", "abc");
  const std::string kChunked = chunked_post("3\r\nabc\r\n0\r\n\r\n");
  const std::string kNext = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
  return {
      {"three requests", "9112 9.3.2", kPost + kChunked + kNext, forwarded_then({kPost, kChunked, kNext}, 0)},
      {"CR LF after a body", "9112 2.2", kPost + "\r\n" + kNext, forwarded_then({kPost, kNext}, 0)},
      {"a good request, then one without Host", "9112 9.3.2", kNext + "GET / HTTP/1.1\r\n\r\n",
       forwarded_then({kNext}, 400)},
      {"a good request, then garbage", "9112 9.3.2", kNext + "\x01\x02\r\n\r\n",
       forwarded_then({kNext}, 400)},
      {"a good request, then an unknown method", "9112 9.3.2", kNext + with_line("BREW / HTTP/1.1"),
       forwarded_then({kNext}, 501, "a method that is not known is not forwarded")},
      {"a good request, then another version", "9112 9.3.2", kNext + with_line("GET / HTTP/2.0"),
       forwarded_then({kNext}, 505)},
      {"a body longer than its length", "9112 6.3", post("Content-Length: 3\r\n", "abcdef\r\n\r\n"),
       forwarded_then({kPost}, 501, "what follows is a request of its own, by a method that is not known")},
      {"a request after a length of 0", "9112 6.3", post("Content-Length: 0\r\n", kNext),
       forwarded_then({post("Content-Length: 0\r\n"), kNext}, 0)},
      {"a request after the last chunk", "9112 7.1", kChunked + kNext, forwarded_then({kChunked, kNext}, 0)},
      {"a bad request after the last chunk", "9112 7.1", kChunked + "GET /smuggled\r\n\r\n",
       forwarded_then({kChunked}, 400)},
      {"bytes after a GET", "9112 6.3", get() + "abc\r\n\r\n", forwarded_then({get()}, 501, "as above")},
      {"a request after Connection: close", "9112 9.6", get("Connection: close\r\n") + kNext,
       forwarded(get())},
      {"a request after HTTP/1.0", "9112 9.3", "GET / HTTP/1.0\r\nHost: a\r\n\r\n" + kNext, forwarded(get())},
      {"an ambiguous request, then a good one", "9112 6.3",
       post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n") + kNext, refused(400)},
      {"a bad chunk, then a good request", "9112 7.1", chunked_post("x\r\n\r\n") + kNext, cut(400)},
      {"an HTTP/2 preface after a request", "9113 3.4", kNext + "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
       forwarded_then({kNext}, 400)},
  };
}

}  // namespace sse_proxy::test
