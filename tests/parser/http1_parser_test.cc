#include "parser/http1_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/support/http1_rig.h"

namespace sse_proxy {
namespace {

using namespace std::string_literals;
using test::every_cut;
using test::parse_request;
using test::parse_response;
using test::Parsed;
using testing::HasSubstr;

// The outcome at all cuts must be that of the whole message.
Parsed request(std::string_view bytes) {
  const Parsed whole = parse_request({bytes});
  for (const auto& pieces : every_cut(bytes)) {
    const Parsed cut = parse_request(pieces);
    EXPECT_EQ(cut, whole) << testing::PrintToString(bytes) << ", first piece " << pieces[0].size() << ": "
                          << cut.error << " / " << whole.error;
  }
  return whole;
}

Parsed response(std::string_view bytes, std::string_view method = "GET") {
  const Parsed whole = parse_response({bytes}, method);
  for (const auto& pieces : every_cut(bytes)) {
    const Parsed cut = parse_response(pieces, method);
    EXPECT_EQ(cut, whole) << testing::PrintToString(bytes) << ", first piece " << pieces[0].size() << ": "
                          << cut.error << " / " << whole.error;
  }
  return whole;
}

struct Accepted {
  std::string bytes;
  std::string heads;
  std::string body = "";
  std::string trailers = "";
  size_t left = 0;
};

TEST(RequestParser, ReadsTheseRequestsHoweverTheyAreCut) {
  const std::string post = "POST /p HTTP/1.1\r\nHost: a\r\n";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  const std::string chunked_head = "POST /p 1.1, chunked; Host: a; Transfer-Encoding: chunked";
  const Accepted requests[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / 1.1, no body; Host: a"},
      {"GET /x?y=1&z HTTP/1.1\r\nhOST: a:80\r\n\r\n", "GET /x?y=1&z 1.1, no body; hOST: a:80"},
      {"GET / HTTP/1.0\r\n\r\n", "GET / 1.0, no body, close"},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET / 1.0, no body; Connection: Keep-Alive"},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n",
       "GET / 1.1, no body, close; Host: a; Connection: x, Close"},
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / 1.1, no body; Host: a"},
      {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * 1.1, no body; Host: a"},
      {"GET http://b:8/x HTTP/1.1\r\nHost: a\r\n\r\n", "GET /x 1.1, no body; Host: b:8"},
      {"PATCH / HTTP/1.1\r\nHost: a\r\nA: \t b c\t \r\nB:\r\nC: \xff\xc3\xa9\r\n\r\n",
       "PATCH / 1.1, no body; Host: a; A: b c; B: ; C: \xff\xc3\xa9"},
      {"GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nA: 2\r\n\r\n", "GET / 1.1, no body; Host: a; A: 1; A: 2"},
      {post + "Content-Length: 5\r\n\r\nhello", "POST /p 1.1, length 5; Host: a; Content-Length: 5", "hello"},
      {post + "Content-Length: 0\r\n\r\n", "POST /p 1.1, length 0; Host: a; Content-Length: 0"},
      {post + "Content-Length: 2\r\n\r\nabGET ", "POST /p 1.1, length 2; Host: a; Content-Length: 2", "ab",
       "", 4},
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2", "GET / 1.1, no body; Host: a", "", "", 6},
      {chunked + "5\r\nhello\r\n0\r\n\r\n", chunked_head, "hello"},
      {chunked + "A\r\n0123456789\r\n00\r\n\r\n", chunked_head, "0123456789"},
      {chunked + "1;ext=\"q\"\r\na\r\n1\r\nb\r\n0;last\r\n\r\nnext", chunked_head, "ab", "", 4},
      {chunked + "1\r\na\r\n0\r\nT: u\r\nV:  w \r\n\r\n", chunked_head, "a", "; T: u; V: w"},
      {post + "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
       "POST /p 1.1, chunked; Host: a; Transfer-Encoding: Chunked"},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81",
       "GET / 1.1, no body; Host: a; Connection: upgrade; Upgrade: websocket", "", "", 1},
  };
  for (const Accepted& accepted : requests) {
    const Parsed parsed = request(accepted.bytes);
    EXPECT_EQ(parsed.status, ParseStatus::complete) << accepted.bytes << parsed.error;
    EXPECT_EQ(parsed.heads, accepted.heads);
    EXPECT_EQ(parsed.body, accepted.body) << accepted.bytes;
    EXPECT_EQ(parsed.trailers, accepted.trailers) << accepted.bytes;
    EXPECT_EQ(parsed.left, accepted.left) << accepted.bytes;
  }
}

struct Refused {
  std::string bytes;
  int status;
  std::string why;  // part of the message
};

TEST(MessageIntegrity, WhateverIsAmbiguousInARequestIsRefused) {
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  const Refused requests[] = {
      // Content-Length with Transfer-Encoding; repeated, listed, signed, not decimal, too big
      {post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "Content-Length"},
      {post + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400, "Transfer-Encoding"},
      {post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400, "Content-Length"},
      {post + "Content-Length: 5, 5\r\n\r\n", 400, "Content-Length"},
      {post + "Content-Length: +5\r\n\r\n", 400, "Content-Length"},
      {post + "Content-Length: -5\r\n\r\n", 400, "Content-Length"},
      {post + "Content-Length: 5 5\r\n\r\n", 400, "Content-Length"},
      {post + "Content-Length: 0x5\r\n\r\n", 400, "Content-Length"},
      {post + "Content-Length: \r\n\r\n", 400, "Content-Length"},
      {post + "Content-Length: 9999999999999999999\r\n\r\n", 400, "Content-Length"},
      {post + "Content-Length: 18446744073709551616\r\n\r\n", 400, "Content-Length"},
      // Transfer-Encoding other than exactly one chunked, or with 1.0
      {post + "Transfer-Encoding: gzip\r\n\r\n", 400, "Transfer-Encoding"},
      {post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 400, "Transfer-Encoding"},
      {post + "Transfer-Encoding: chunked, gzip\r\n\r\n", 400, "Transfer-Encoding"},
      {post + "Transfer-Encoding: chunked, chunked\r\n\r\n", 400, "Transfer-Encoding"},
      {post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "Transfer-Encoding"},
      {post + "Transfer-Encoding: identity\r\n\r\n", 400, "Transfer-Encoding"},
      {post + "Transfer-Encoding:\r\n\r\n", 400, "Transfer-Encoding"},
      {post + "Transfer-Encoding: snappy\r\n\r\n", 501, "Transfer-Encoding"},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "HTTP/1.0"},
      // line ends, NUL, folds, names
      {"GET / HTTP/1.1\nHost: a\n\n", 400, "malformed request"},
      {"GET / HTTP/1.1\rHost: a\r\r", 400, "malformed request"},
      {get + "A: b\n\r\n", 400, "header value"},
      {get + "A: b\rC: d\r\n\r\n", 400, "header value"},
      {get + "A:\rC: d\r\n\r\n", 400, "malformed request"},
      {get + "A: \0\r\n\r\n"s, 400, "header value"},
      {get + "A: \x01\r\n\r\n", 400, "header value"},
      {get + "A: b\r\n c\r\n\r\n", 400, "whitespace"},
      {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, "space after start line"},
      {get + "A : b\r\n\r\n", 400, "header token"},
      {get + ": b\r\n\r\n", 400, "header token"},
      {get + "A(: b\r\n\r\n", 400, "header token"},
      {get + "A\xc3: b\r\n\r\n", 400, "header token"},
      {get + "A\r\n\r\n", 400, "header token"},
      {get + "\rA: b\r\n\r\n", 400, "malformed request"},
      // chunks
      {chunked + "g\r\n", 400, "chunk size"},
      {chunked + "-5\r\n", 400, "chunk size"},
      {chunked + "0x5\r\n", 400, "chunk size"},
      {chunked + "\r\n", 400, "chunk size"},
      {chunked + "5 \r\n", 400, "chunk size"},
      {chunked + "5\nhello\r\n", 400, "chunk size"},
      {chunked + "5\r\nhelloX", 400, "chunk data"},
      {chunked + "5\r\nhello\n0\r\n\r\n", 400, "chunk data"},
      {chunked + "fffffffffffffffff\r\n", 400, "overflow"},
      {chunked + "8000000000000000\r\n", 400, "overflow"},
      {chunked + "0\r\nT: u\n\r\n", 400, "header value"},
      {chunked + "0\r\n T: u\r\n\r\n", 400, "header token"},
      // versions and methods
      {"GET /\r\n\r\n", 400, "request line"},
      {"GET / HTTP/0.9\r\n\r\n", 400, "HTTP/0.9"},
      {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505, "version"},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "version"},
      {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505, "version"},
      {"GET / HTTP/1.11\r\nHost: a\r\n\r\n", 400, "version"},
      {"GET / HTTP/1\r\nHost: a\r\n\r\n", 400, "malformed request"},
      {"GET / HTTP/x.1\r\nHost: a\r\n\r\n", 400, "malformed request"},
      {"GET / HTTPS/1.1\r\nHost: a\r\n\r\n", 400, "HTTP/"},
      {"GET / x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "HTTP/"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "HTTP/2"},
      {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "CONNECT"},
      {"GET a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "url"},
      {"GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", 400, "url"},
      {"FETCH / HTTP/1.1\r\nHost: a\r\n\r\n", 501, "method"},
      {"get / HTTP/1.1\r\nHost: a\r\n\r\n", 501, "method"},
      {"GETT / HTTP/1.1\r\nHost: a\r\n\r\n", 501, "method"},
      {"GE / HTTP/1.1\r\nHost: a\r\n\r\n", 501, "method"},
      {"G\x01T / HTTP/1.1\r\n", 400, "method"},
      {"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"s, 400, "TLS"},
      {"\xff\xfe\xfd", 400, "method"},
      {"GET /\r\n", 400, "request line"},
      {"OPTIONS * RTSP/1.0\r\nHost: a\r\n\r\n", 400, "request line"},
      {"SOURCE /x ICE/1.0\r\nHost: a\r\n\r\n", 400, "request line"},
      {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request line"},
      {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request line"},
      {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "method"},
      {"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request line"},
      {"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request line"},
      {"\r\n\r\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request line"},
      // Host
      {"GET / HTTP/1.1\r\n\r\n", 400, "Host is missing"},
      {get + "Host: a\r\n\r\n", 400, "Host is repeated"},
      {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, "Host"},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "Host"},
      {"GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", 400, "Host"},
      // what Connection may not name
      {get + "Connection: close, Host\r\n\r\n", 400, "Connection names Host"},
  };
  for (const Refused& refused : requests) {
    const Parsed parsed = request(refused.bytes);
    EXPECT_EQ(parsed.status, ParseStatus::failed) << testing::PrintToString(refused.bytes);
    EXPECT_EQ(parsed.error_status, refused.status) << testing::PrintToString(refused.bytes) << parsed.error;
    EXPECT_EQ(parsed.error_side, Side::client);
    EXPECT_THAT(parsed.error, HasSubstr(refused.why)) << testing::PrintToString(refused.bytes);
  }
}

struct Response {
  const char* method;
  std::string bytes;
  std::string heads;
  std::string body;
  bool until_close = false;
  size_t left = 0;
};

TEST(ResponseParser, ReadsTheseResponsesHoweverTheyAreCut) {
  const Response responses[] = {
      {"GET", "HTTP/1.1 200 OK\r\n\r\nabc", "200 'OK' 1.1, until close", "abc", true},
      {"GET", "HTTP/1.0 200 OK\r\n\r\nabc", "200 'OK' 1.0, until close, close", "abc", true},
      {"GET", "HTTP/1.1 200 \r\n\r\n", "200 '' 1.1, until close", "", true},
      {"GET", "HTTP/1.1 200\r\nA: b\r\n\r\n", "200 '' 1.1, until close; A: b", "", true},
      {"GET", "HTTP/1.1 418 I'm a \xc3\xa9\r\n\r\n", "418 'I'm a \xc3\xa9' 1.1, until close", "", true},
      {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabX", "200 'OK' 1.1, length 2; Content-Length: 2",
       "ab", false, 1},
      {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nX", "200 'OK' 1.1, length 0; Content-Length: 0",
       "", false, 1},
      {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n0\r\n\r\n",
       "200 'OK' 1.1, chunked; Transfer-Encoding: chunked", "ab"},
      {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nX", "200 'OK' 1.1, no body; Content-Length: 2",
       "", false, 1},
      {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
       "200 'OK' 1.1, no body; Transfer-Encoding: chunked", ""},
      {"GET", "HTTP/1.1 204 No Content\r\n\r\nX", "204 'No Content' 1.1, no body", "", false, 1},
      {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nX",
       "304 'Not Modified' 1.1, no body; Content-Length: 9", "", false, 1},
      {"GET",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
       "interim 100 1.1, no body | interim 103 1.1, no body; Link: x | 200 'OK' 1.1, until close", "", true},
      {"GET", "HTTP/1.1 200 OK\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\na",
       "200 'OK' 1.1, length 1; Connection: upgrade; Upgrade: h2c; Content-Length: 1", "a"},
  };
  for (const Response& expected : responses) {
    const Parsed parsed = response(expected.bytes, expected.method);
    EXPECT_EQ(parsed.status, expected.until_close ? ParseStatus::more : ParseStatus::complete)
        << expected.bytes << parsed.error;
    EXPECT_EQ(parsed.heads, expected.heads);
    EXPECT_EQ(parsed.body, expected.body) << expected.bytes;
    EXPECT_EQ(parsed.finished, expected.until_close) << expected.bytes;
    EXPECT_EQ(parsed.left, expected.left) << expected.bytes;
  }
}

TEST(MessageIntegrity, WhateverIsAmbiguousInAResponseIsABadGateway) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const Refused responses[] = {
      {ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 502, "Content-Length"},
      {ok + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 502, "Content-Length"},
      {ok + "Content-Length: 1, 1\r\n\r\n", 502, "Content-Length"},
      {ok + "Transfer-Encoding: gzip\r\n\r\n", 502, "Transfer-Encoding"},
      {ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", 502, "Transfer-Encoding"},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 502, "HTTP/1.0"},
      {ok + "A: b\n\r\n", 502, "malformed response"},
      {ok + "A: b\r\n c\r\n\r\n", 502, "whitespace"},
      {ok + "A : b\r\n\r\n", 502, "header token"},
      {ok + ": b\r\n\r\n", 502, "header token"},
      {ok + "A: \0\r\n\r\n"s, 502, "header value"},
      {"HTTP/1.1 200 OK\nA: b\n\n", 502, "malformed response"},
      {ok + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 502, "chunk size"},
      {"HTTP/1.2 200 OK\r\n\r\n", 502, "version"},
      {"HTTP/2.0 200 OK\r\n\r\n", 502, "HTTP/1.1"},
      {"HTTP/0.9 200 OK\r\n\r\n", 502, "HTTP/1.1"},
      {"\r\nHTTP/1.1 200 OK\r\n\r\n", 502, "status line"},
      {"HTTP/1.1 200 O\0K\r\n\r\n"s, 502, "reason"},
      {"HTTP/1.1 200 \x1b[2J\r\n\r\n", 502, "reason"},
      {"HTTP/1.1 099 Low\r\n\r\n", 502, "status"},
      {"HTTP/1.1 20x OK\r\n\r\n", 502, "status"},
      {"HTTP/1.1 2000 OK\r\n\r\n", 502, "status"},
      {"ICY 200 OK\r\n\r\n", 502, "HTTP/"},
      {"<html>", 502, "HTTP/"},
      {"\x15\x03\x01", 502, "malformed response"},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", 502, "unasked"},
  };
  for (const Refused& refused : responses) {
    const Parsed parsed = response(refused.bytes);
    EXPECT_EQ(parsed.status, ParseStatus::failed) << testing::PrintToString(refused.bytes);
    EXPECT_EQ(parsed.error_status, refused.status) << testing::PrintToString(refused.bytes);
    EXPECT_EQ(parsed.error_side, Side::upstream);
    EXPECT_THAT(parsed.error, HasSubstr(refused.why)) << testing::PrintToString(refused.bytes);
  }
}

}  // namespace
}  // namespace sse_proxy
