// RFC 9112 section 7.1: chunks and their extensions. Each chunk is written anew, without its extensions.
#include "tests/conformance/themes.h"

namespace sse_proxy::test {

using namespace std::string_literals;

namespace {

const std::string kGood = chunked_post("3\r\nabc\r\n0\r\n\r\n");

}  // namespace

std::vector<RequestCase> request_chunk_cases() {
  return {
      {"chunks", "9112 7.1", chunked_post("3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"), forwarded()},
      {"an empty body", "9112 7.1", chunked_post("0\r\n\r\n"), forwarded()},
      {"sizes in either case", "9112 7.1", chunked_post("a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n"),
       forwarded()},
      {"leading zeros in a size", "9112 7.1", chunked_post("0003\r\nabc\r\n000\r\n\r\n"), forwarded(kGood)},
      {"chunk data with line ends", "9112 7.1", chunked_post("9\r\n\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n"),
       forwarded()},

      {"0x before a size", "9112 7.1", chunked_post("0x3\r\nabc\r\n0\r\n\r\n"), cut(400)},
      {"a positive size", "9112 7.1", chunked_post("+3\r\nabc\r\n0\r\n\r\n"), cut(400)},
      {"a negative size", "9112 7.1", chunked_post("-3\r\nabc\r\n0\r\n\r\n"), cut(400)},
      {"a size that is no number", "9112 7.1", chunked_post("xyz\r\nabc\r\n0\r\n\r\n"), cut(400)},
      {"an empty size", "9112 7.1", chunked_post("\r\nabc\r\n0\r\n\r\n"), cut(400)},
      {"an underscore in a size", "9112 7.1", chunked_post("1_0\r\n0123456789abcdef\r\n0\r\n\r\n"), cut(400)},
      {"a space before a size", "9112 7.1", chunked_post(" 3\r\nabc\r\n0\r\n\r\n"), cut(400)},
      {"a tab before a size", "9112 7.1", chunked_post("\t3\r\nabc\r\n0\r\n\r\n"), cut(400)},
      {"a space after a size", "9112 7.1", chunked_post("3 \r\nabc\r\n0\r\n\r\n"),
       cut(400, "the policy: plain hexadecimal digits")},
      {"a tab after a size", "9112 7.1", chunked_post("3\t\r\nabc\r\n0\r\n\r\n"), cut(400, "as above")},
      {"NUL after a size", "9112 7.1", chunked_post("3\0\r\nabc\r\n0\r\n\r\n"s), cut(400)},
      {"two sizes", "9112 7.1", chunked_post("3 3\r\nabc\r\n0\r\n\r\n"), cut(400)},
      {"a fraction as a size", "9112 7.1", chunked_post("3.0\r\nabc\r\n0\r\n\r\n"), cut(400)},
      {"a size of 16 digits", "9112 7.1", chunked_post("fffffffffffffff3\r\nabc\r\n0\r\n\r\n"), cut(400)},
      {"a size of 17 digits", "9112 7.1", chunked_post("10000000000000003\r\nabc\r\n0\r\n\r\n"), cut(400)},
      {"a size of 32 digits", "9112 7.1", chunked_post(std::string(31, '0') + "3\r\nabc\r\n0\r\n\r\n"),
       forwarded(kGood)},
      {"a size of 64 digits that overflows", "9112 7.1",
       chunked_post(std::string(64, 'f') + "\r\nabc\r\n0\r\n\r\n"), cut(400)},
      {"LF after a size", "9112 7.1", chunked_post("3\nabc\r\n0\r\n\r\n"),
       cut(400, "the policy: CR LF only")},
      {"CR after a size", "9112 7.1", chunked_post("3\rabc\r\n0\r\n\r\n"), cut(400)},
      {"CR CR LF after a size", "9112 7.1", chunked_post("3\r\r\nabc\r\n0\r\n\r\n"), cut(400)},
      {"LF after the data", "9112 7.1", chunked_post("3\r\nabc\n0\r\n\r\n"), cut(400, "as above")},
      {"CR after the data", "9112 7.1", chunked_post("3\r\nabc\r0\r\n\r\n"), cut(400)},
      {"nothing after the data", "9112 7.1", chunked_post("3\r\nabc0\r\n\r\n"), cut(400)},
      {"more data than the size", "9112 7.1", chunked_post("3\r\nabcd\r\n0\r\n\r\n"), cut(400)},
      {"less data than the size", "9112 7.1", chunked_post("5\r\nabc\r\n0\r\n\r\n"), cut(400)},
      {"LF after the last chunk", "9112 7.1", chunked_post("3\r\nabc\r\n0\n\r\n"), cut(400, "as above")},
      {"LF for the last empty line", "9112 7.1", chunked_post("3\r\nabc\r\n0\r\n\n"), cut(400, "as above")},
      {"CR for the last empty line", "9112 7.1", chunked_post("3\r\nabc\r\n0\r\n\rX"), cut(400)},
      {"no chunks at all", "9112 7.1", chunked_post("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"), cut(400)},

      {"an extension", "9112 7.1.1", chunked_post("3;a\r\nabc\r\n0;b=c\r\n\r\n"), forwarded(kGood)},
      {"two extensions", "9112 7.1.1", chunked_post("3;a=1;b=\"2\"\r\nabc\r\n0\r\n\r\n"), forwarded(kGood)},
      {"an extension with an escape", "9112 7.1.1", chunked_post("3;a=\"x\\\"y;\"\r\nabc\r\n0\r\n\r\n"),
       forwarded(kGood)},
      {"an extension of 1,000 bytes", "9112 7.1.1",
       chunked_post("3;a=" + std::string(1000, 'x') + "\r\nabc\r\n0\r\n\r\n"), forwarded(kGood)},
      {"an extension over 4 KiB", "9112 7.1.1",
       chunked_post("3;a=" + std::string(5000, 'x') + "\r\nabc\r\n0\r\n\r\n"),
       cut(400, "extensions are dropped, but may not make us read without end")},
      {"an extension name over 4 KiB", "9112 7.1.1",
       chunked_post("3;" + std::string(5000, 'x') + "\r\nabc\r\n0\r\n\r\n"), cut(400, "as above")},
      {"an extension hides a line end in quotes", "9112 7.1.1",
       chunked_post("3;a=\"\r\nabc\r\n0\r\n\r\n\"\r\nabc\r\n0\r\n\r\n"), cut(400)},
      {"LF ends an extension", "9112 7.1.1", chunked_post("3;a\nabc\r\n0\r\n\r\n"), cut(400)},
      {"LF ends an extension's value", "9112 7.1.1", chunked_post("3;a=b\nabc\r\n0\r\n\r\n"), cut(400)},
      {"LF inside a quoted extension", "9112 7.1.1", chunked_post("3;a=\"\n\"\r\nabc\r\n0\r\n\r\n"),
       cut(400)},
      {"CR inside an extension", "9112 7.1.1", chunked_post("3;a\rb\r\nabc\r\n0\r\n\r\n"), cut(400)},
      {"NUL inside an extension", "9112 7.1.1", chunked_post("3;a=\0\r\nabc\r\n0\r\n\r\n"s), cut(400)},
      {"an escape before CR LF in a quoted extension", "9112 7.1.1",
       chunked_post("3;a=\"\\\r\n\"\r\nabc\r\n0\r\n\r\n"), cut(400)},
      {"a space in an extension", "9112 7.1.1", chunked_post("3;a b\r\nabc\r\n0\r\n\r\n"),
       cut(400, "the grammar has tokens and quoted strings")},
      {"an extension without a name", "9112 7.1.1", chunked_post("3;\r\nabc\r\n0\r\n\r\n"),
       cut(400, "as above")},
  };
}

std::vector<RequestCase> request_trailer_cases() {
  const std::string kEnd = "3\r\nabc\r\n0\r\n";
  const auto with = [&](std::string_view trailers) {
    return chunked_post(kEnd + std::string(trailers) + "\r\n");
  };
  const char* const kDropped = "passed on, but for framing, routing, authentication and hop-by-hop fields";
  std::vector<RequestCase> cases = {
      {"a trailer", "9112 7.1.2", with("X-Sum: 1\r\n"), forwarded("", "trailers are passed on end to end")},
      {"two trailers", "9112 7.1.2", with("X-Sum: 1\r\nY: \r\n"), forwarded("", "as above")},
      {"a trailer that was announced", "9110 6.6.2",
       chunked_post(kEnd + "X-Sum: 1\r\n\r\n", "Trailer: X-Sum\r\n"), forwarded("", "as above")},
      {"a Content-Length as a trailer", "9110 6.5.1", with("Content-Length: 9\r\n"),
       cut(400, "only someone who wants to confuse a hop sends it")},
      {"a Transfer-Encoding as a trailer", "9110 6.5.1", with("Transfer-Encoding: chunked\r\n"),
       cut(400, "as above")},
      {"trailers over the limit", "9110 6.5", with("X: " + std::string(40000, 'x') + "\r\n"), cut(431)},
      {"a folded trailer", "9112 5.2", with("X: 1\r\n 2\r\n"), cut(400)},
      {"a trailer with LF", "9112 2.2", with("X: 1\n"), cut(400, "the policy: CR LF only")},
      {"a trailer with CR", "9112 2.2", with("X: 1\rY: 2\r\n"), cut(400)},
      {"a trailer with NUL", "9110 5.5", with("X: \0\r\n"s), cut(400)},
      {"a trailer without a colon", "9112 5", with("X\r\n"), cut(400)},
      {"a trailer with a space before its colon", "9112 5.1", with("X : 1\r\n"), cut(400)},
      {"a request for a trailer", "9112 7.1.2", with("GET /smuggled HTTP/1.1\r\n"), cut(400)},
  };
  for (const char* trailer :
       {"Host: b", "Authorization: Basic YQ==", "Cookie: a=b", "Connection: close", "Upgrade: h2c",
        "TE: trailers", "Trailer: X", "X-Forwarded-For: 1.2.3.4", "Forwarded: for=1.2.3.4",
        "X-Real-IP: 1.2.3.4", "Content-Type: text/html", "Content-Encoding: gzip", "Expect: 100-continue",
        "Content_Length: 9", "Proxy-Authorization: Basic YQ==", "X-Request-Id: 1",
        "X-Client-Cert-Verified: yes"}) {
    const std::string line = trailer;
    cases.push_back({line.substr(0, line.find(':')) + " as a trailer", "9110 6.5.1", with(line + "\r\n"),
                     forwarded(kGood, kDropped)});
  }
  return cases;
}

}  // namespace sse_proxy::test
