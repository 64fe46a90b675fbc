// RFC 9112 section 2.2: a line ends in CR LF. A lone CR or LF is a line end to some and a character to
// others.
#include "tests/conformance/themes.h"

namespace sse_proxy::test {

using namespace std::string_literals;

std::vector<RequestCase> line_end_cases() {
  return {
      {"an empty line first", "9112 2.2", "\r\n" + get(), forwarded(get())},
      {"two empty lines first", "9112 2.2", "\r\n\r\n" + get(), forwarded(get())},
      {"a bare LF first", "9112 2.2", "\n" + get(),
       refused(400, "a bare LF is no line end here, wherever it stands")},
      {"a bare CR first", "9112 2.2", "\r" + get(), refused(400)},
      {"CR CR LF first", "9112 2.2", "\r\r\n" + get(), refused(400)},
      {"a space on the empty line", "9112 2.2", " \r\n" + get(), refused(400)},
      {"empty lines without end", "9112 2.2",
       [] {
         std::string lines;
         for (int i = 0; i < 20000; ++i) lines += "\r\n";
         return lines;
       }() +
           get(),
       refused(414, "they count towards limits.header_bytes")},

      {"LF after the request line", "9112 2.2", "GET / HTTP/1.1\nHost: a\r\n\r\n",
       refused(400, "the policy: a bare LF is no line end")},
      {"LF after a field", "9112 2.2", "GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n", refused(400, "as above")},
      {"LF after the last field", "9112 2.2", "GET / HTTP/1.1\r\nHost: a\n\r\n", refused(400, "as above")},
      {"LF for the empty line", "9112 2.2", "GET / HTTP/1.1\r\nHost: a\r\n\n", refused(400, "as above")},
      {"LF everywhere", "9112 2.2", "GET / HTTP/1.1\nHost: a\n\n", refused(400, "as above")},
      {"LF after the value, with a body", "9112 2.2",
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\n\r\na", refused(400, "as above")},
      {"LF LF hides a request", "9112 2.2", get("X: y\n\nGET /smuggled HTTP/1.1\r\n"),
       refused(400, "as above")},
      {"LF inside a name", "9112 2.2", get("X\nY: 1\r\n"), refused(400, "as above")},

      {"CR after the request line", "9112 2.2", "GET / HTTP/1.1\rHost: a\r\n\r\n", refused(400)},
      {"CR inside the request line", "9112 2.2", "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", refused(400)},
      {"CR CR LF after the request line", "9112 2.2", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", refused(400)},
      {"CR after a field", "9112 2.2", get("X: 1\rY: 2\r\n"), refused(400)},
      {"CR CR LF after a field", "9112 2.2", get("X: 1\r\r\n"), refused(400)},
      {"CR inside a name", "9112 2.2", get("X\rY: 1\r\n"), refused(400)},
      {"CR before the colon", "9112 2.2", get("X\r: 1\r\n"), refused(400)},
      {"CR after the colon", "9112 2.2", get("X:\r1\r\n"), refused(400)},
      {"CR inside a value", "9112 2.2", get("X: a\rb\r\n"), refused(400)},
      {"CR hides a Content-Length", "9112 2.2", post("X: a\rContent-Length: 3\r\n", "abc"), refused(400)},
      {"CR for the empty line", "9112 2.2", "GET / HTTP/1.1\r\nHost: a\r\n\rX: 1\r\n\r\n", refused(400)},
      {"LF CR for CR LF", "9112 2.2", "GET / HTTP/1.1\n\rHost: a\n\r\n\r", refused(400)},

      {"a fold with a space", "9112 5.2", get("X: a\r\n b\r\n"), refused(400)},
      {"a fold with a tab", "9112 5.2", get("X: a\r\n\tb\r\n"), refused(400)},
      {"a fold without a value", "9112 5.2", get("X:\r\n b\r\n"), refused(400)},
      {"a fold of nothing", "9112 5.2", get("X: a\r\n \r\n"), refused(400)},
      {"a fold of the first line", "9112 2.2", "GET / HTTP/1.1\r\n X: 1\r\nHost: a\r\n\r\n", refused(400)},
      {"a folded Host", "9112 5.2", "GET / HTTP/1.1\r\nHost:\r\n a\r\n\r\n", refused(400)},
      {"a folded Content-Length", "9112 5.2", post("Content-Length:\r\n 3\r\n", "abc"), refused(400)},
      {"a folded Transfer-Encoding", "9112 5.2", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
       refused(400)},
      {"a fold after a framing field", "9112 5.2", post("Content-Length: 3\r\n 0\r\n", "abc"), refused(400)},
  };
}

}  // namespace sse_proxy::test
