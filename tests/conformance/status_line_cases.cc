// RFC 9112 section 4: HTTP-version SP status-code SP [ reason-phrase ] CRLF.
#include "tests/conformance/themes.h"

namespace sse_proxy::test {

using namespace std::string_literals;

namespace {

std::string status_line(std::string_view line) {
  return std::string(line).append("\r\nContent-Length: 2\r\n\r\nab");
}

}  // namespace

std::vector<ResponseCase> status_line_cases() {
  const char* const kPassed = "read in the same way by everyone, and written afresh";
  const char* const kReason = "the policy: no NUL, no control character in a head";
  return {
      {"200 OK", "9112 4", status_line("HTTP/1.1 200 OK"), passed()},
      {"an empty reason", "9112 4", status_line("HTTP/1.1 200 "), passed()},
      {"no reason and no space", "9112 4", status_line("HTTP/1.1 200"),
       passed(status_line("HTTP/1.1 200 "), kPassed)},
      {"a reason with obs-text", "9112 4", status_line("HTTP/1.1 200 Tr\xc3\xa8s bien"), passed()},
      {"HTTP/1.0 goes on as 1.1", "9112 2.5", status_line("HTTP/1.0 200 OK"),
       passed_once(status_line("HTTP/1.1 200 OK"))},
      {"HTTP/1.0 with keep-alive", "9112 9.3",
       "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nab",
       passed(ok("Content-Length: 2\r\n", "ab"))},
      {"an error status", "9110 15.6", status_line("HTTP/1.1 500 Oh"), passed()},
      {"a status of a class that is not known", "9110 15", status_line("HTTP/1.1 599 X"), passed()},
      {"status 999", "9110 15", status_line("HTTP/1.1 999 X"),
       passed("", "there are sites that send it, and nothing is ambiguous")},
      {"status 600", "9110 15", status_line("HTTP/1.1 600 X"), passed("", "as above")},

      {"status 099", "9110 15", status_line("HTTP/1.1 099 X"),
       bad_gateway("a status has three digits, the first at least 1")},
      {"status 000", "9110 15", status_line("HTTP/1.1 000 X"), bad_gateway("as above")},
      {"status 1000", "9112 4", status_line("HTTP/1.1 1000 X"), bad_gateway()},
      {"status 20", "9112 4", status_line("HTTP/1.1 20 OK"), bad_gateway()},
      {"a negative status", "9112 4", status_line("HTTP/1.1 -200 OK"), bad_gateway()},
      {"a status of letters", "9112 4", status_line("HTTP/1.1 2xx OK"), bad_gateway()},
      {"no status", "9112 4", status_line("HTTP/1.1"), bad_gateway()},
      {"two spaces before the status", "9112 4", status_line("HTTP/1.1  200 OK"), bad_gateway()},
      {"a tab before the status", "9112 4", status_line("HTTP/1.1\t200 OK"), bad_gateway()},
      {"a space before the status line", "9112 4", status_line(" HTTP/1.1 200 OK"), bad_gateway()},
      {"an empty line before the status line", "9112 2.2", "\r\n" + status_line("HTTP/1.1 200 OK"),
       bad_gateway("only a server may skip an empty line: it could be the end of something else")},
      {"HTTP/1.2 from an origin", "9112 2.3", status_line("HTTP/1.2 200 OK"), bad_gateway()},
      {"HTTP/2.0 from an origin", "9112 2.3", status_line("HTTP/2.0 200 OK"), bad_gateway()},
      {"HTTP/0.9 from an origin by name", "9112 2.3", status_line("HTTP/0.9 200 OK"), bad_gateway()},
      {"HTTP/1.10 from an origin", "9112 2.3", status_line("HTTP/1.10 200 OK"), bad_gateway()},
      {"http/1.1 from an origin", "9112 2.3", status_line("http/1.1 200 OK"), bad_gateway()},
      {"ICY", "9112 2.3", status_line("ICY 200 OK"), bad_gateway()},
      {"RTSP/1.0 from an origin", "9112 2.3", status_line("RTSP/1.0 200 OK"), bad_gateway()},
      {"HTTP/0.9, a page without a head", "9112 2.3", "<html>hello</html>\r\n", bad_gateway(), true},
      {"a request", "9112 2.1", get(), bad_gateway()},
      {"nothing", "9112 4", "", bad_gateway(), true},
      {"half a status line", "9112 8", "HTTP/1.1 2", bad_gateway(), true},
      {"half a head", "9112 8", "HTTP/1.1 200 OK\r\nContent-Le", bad_gateway(), true},
      {"NUL in the reason", "9112 4", status_line("HTTP/1.1 200 O\0K"s), bad_gateway(kReason)},
      {"a control character in the reason", "9112 4", status_line("HTTP/1.1 200 O\x01K"),
       bad_gateway(kReason)},
      {"ESC in the reason", "9112 4", status_line("HTTP/1.1 200 \x1b[2J"), bad_gateway(kReason)},
      {"CR in the reason", "9112 2.2", status_line("HTTP/1.1 200 OK\rSet-Cookie: a=b"), bad_gateway()},
      {"LF after the status line", "9112 2.2", "HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nab",
       bad_gateway("the policy: a bare LF is no line end")},
      {"LF after an empty reason", "9112 2.2", "HTTP/1.1 200\nContent-Length: 2\r\n\r\nab",
       bad_gateway("as above")},
      {"CR CR LF after the status line", "9112 2.2", "HTTP/1.1 200 OK\r\r\nContent-Length: 2\r\n\r\nab",
       bad_gateway()},
  };
}

}  // namespace sse_proxy::test
