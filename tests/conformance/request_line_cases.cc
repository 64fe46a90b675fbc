// RFC 9112 section 3: method SP request-target SP HTTP-version CRLF, and nothing else.
#include "tests/conformance/themes.h"

namespace sse_proxy::test {

using namespace std::string_literals;

std::vector<RequestCase> request_line_cases() {
  std::vector<RequestCase> cases = {
      {"GET, HTTP/1.1", "9112 3", get(), forwarded()},
      {"HTTP/1.0 goes on as 1.1", "9112 2.5", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", forwarded(get())},

      // White space: one SP each; whoever splits at the last, or at any, reads another target or version.
      {"a space before the method", "9112 3", with_line(" GET / HTTP/1.1"), refused(400)},
      {"a tab before the method", "9112 3", with_line("\tGET / HTTP/1.1"), refused(400)},
      {"two spaces before the target", "9112 3", with_line("GET  / HTTP/1.1"),
       refused(400, "the grammar has one SP; the second is read as part of the target by some")},
      {"two spaces before the version", "9112 3", with_line("GET /  HTTP/1.1"), refused(400, "as above")},
      {"a tab for a space", "9112 3", with_line("GET\t/ HTTP/1.1"), refused(400)},
      {"a tab before the version", "9112 3", with_line("GET /\tHTTP/1.1"), refused(400)},
      {"a space after the version", "9112 3", with_line("GET / HTTP/1.1 "),
       refused(400, "the grammar ends with the version")},
      {"a tab after the version", "9112 3", with_line("GET / HTTP/1.1\t"), refused(400)},
      {"a space inside the target", "9112 3.2", with_line("GET /a b HTTP/1.1"), refused(400)},
      {"two versions", "9112 3.2", with_line("GET / HTTP/1.1 HTTP/1.1"), refused(400)},
      {"a vertical tab before the version", "9112 3", with_line("GET /\x0bHTTP/1.1"), refused(400)},
      {"a form feed before the version", "9112 3", with_line("GET /\fHTTP/1.1"), refused(400)},
      {"no target", "9112 3", with_line("GET HTTP/1.1"), refused(400)},
      {"an empty target", "9112 3", with_line("GET  HTTP/1.1"), refused(400)},
      {"a method alone", "9112 3", with_line("GET"), refused(400)},

      // Methods are case-sensitive tokens; those that the parser does not know are 501.
      {"a method in lower case", "9110 9.1", with_line("get / HTTP/1.1"),
       refused(501, "a method that is not known is not forwarded")},
      {"a method in mixed case", "9110 9.1", with_line("Get / HTTP/1.1"), refused(501, "as above")},
      {"an unknown method", "9110 9.1", with_line("BREW / HTTP/1.1"), refused(501, "as above")},
      {"a known method with a letter more", "9110 9.1", with_line("GETT / HTTP/1.1"),
       refused(501, "as above")},
      {"a known method with a letter less", "9110 9.1", with_line("GE / HTTP/1.1"), refused(501, "as above")},
      {"a method of 5000 letters", "9110 9.1", with_line(std::string(5000, 'A') + " / HTTP/1.1"),
       refused(501, "as above")},
      {"a separator in the method", "9110 5.6.2", with_line("G(T / HTTP/1.1"), refused(400)},
      {"NUL in the method", "9110 5.6.2", with_line("GE\0T / HTTP/1.1"s), refused(400)},
      {"obs-text in the method", "9110 5.6.2", with_line("G\xc3\x89T / HTTP/1.1"), refused(400)},
      {"a method of RTSP", "9110 9.1", with_line("SETUP / HTTP/1.1"), refused(400, "as above")},
      {"TRACE", "9110 9.3.8", with_line("TRACE / HTTP/1.1"),
       forwarded("", "the app's to refuse; nothing is ambiguous")},
      {"CONNECT", "9110 9.3.6", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", refused(400)},
      {"CONNECT with a path", "9110 9.3.6", with_line("CONNECT / HTTP/1.1"), refused(400)},
      {"CONNECT with an absolute URL", "9110 9.3.6", with_line("CONNECT http://a/ HTTP/1.1"), refused(400)},

      // Versions: HTTP/1.0 and HTTP/1.1 to the letter.
      {"HTTP/0.9, without a version", "9112 3", "GET /\r\n", refused(400)},
      {"HTTP/0.9 with an empty line", "9112 3", "GET /\r\n\r\n", refused(400)},
      {"HTTP/0.9 with a space", "9112 3", "GET / \r\n\r\n", refused(400)},
      {"HTTP/0.9 by name", "9112 2.3", with_line("GET / HTTP/0.9"), refused(400)},
      {"HTTP/1.2", "9112 2.3", with_line("GET / HTTP/1.2"), refused(505, "the policy: 1.0 and 1.1 only")},
      {"HTTP/2.0", "9112 2.3", with_line("GET / HTTP/2.0"), refused(505)},
      {"HTTP/3.0", "9112 2.3", with_line("GET / HTTP/3.0"), refused(505)},
      {"HTTP/1.10", "9112 2.3", with_line("GET / HTTP/1.10"), refused(400)},
      {"HTTP/01.1", "9112 2.3", with_line("GET / HTTP/01.1"), refused(400)},
      {"HTTP/1", "9112 2.3", with_line("GET / HTTP/1"), refused(400)},
      {"HTTP/1.", "9112 2.3", with_line("GET / HTTP/1."), refused(400)},
      {"HTTP/.1", "9112 2.3", with_line("GET / HTTP/.1"), refused(400)},
      {"HTTP/11", "9112 2.3", with_line("GET / HTTP/11"), refused(400)},
      {"HTTP/1,1", "9112 2.3", with_line("GET / HTTP/1,1"), refused(400)},
      {"HTTP/-1.1", "9112 2.3", with_line("GET / HTTP/-1.1"), refused(400)},
      {"HTTP/ 1.1", "9112 2.3", with_line("GET / HTTP/ 1.1"), refused(400)},
      {"HTTP /1.1", "9112 2.3", with_line("GET / HTTP /1.1"), refused(400)},
      {"HTTP/1.1x", "9112 2.3", with_line("GET / HTTP/1.1x"), refused(400)},
      {"http/1.1", "9112 2.3", with_line("GET / http/1.1"), refused(400)},
      {"HTTPS/1.1", "9112 2.3", with_line("GET / HTTPS/1.1"), refused(400)},
      {"RTSP/1.0", "9112 2.3", with_line("OPTIONS * RTSP/1.0"), refused(400)},
      {"ICE/1.0", "9112 2.3", with_line("SOURCE /x ICE/1.0"), refused(400)},
      {"RTSP/1.0 with a method of HTTP", "9112 2.3", with_line("GET / RTSP/1.0"), refused(400)},

      // Other protocols on this port.
      {"an HTTP/2 preface", "9113 3.4", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"s, refused(400)},
      {"half an HTTP/2 preface, then more", "9113 3.4", "PRI * HTTP/2.0\r\nHost: a\r\n\r\n", refused(505)},
      {"PRI as a method", "9113 3.4", with_line("PRI / HTTP/1.1"), refused(400)},
      {"a TLS ClientHello", "8446 4.1.2", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n"s, refused(400)},
      {"an HTTP response", "9112 2.1", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", refused(501)},
      {"a JSON text", "9112 2.1", "{\"method\":\"GET\"}\r\n\r\n", refused(400)},
      {"a field line first", "9112 2.1", "Host: a\r\nGET / HTTP/1.1\r\n\r\n", refused(501)},
  };
  for (const char* method :
       {"HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "PROPFIND", "REPORT", "PURGE", "M-SEARCH", "QUERY"}) {
    cases.push_back({"method "s + method, "9110 9.1", with_line(method + " /x HTTP/1.1"s), forwarded()});
  }
  return cases;
}

}  // namespace sse_proxy::test
