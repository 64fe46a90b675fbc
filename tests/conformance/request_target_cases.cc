// RFC 9112 section 3.2: the four forms of the request target. What goes on is origin-form, or `*`.
#include "tests/conformance/themes.h"

namespace sse_proxy::test {

using namespace std::string_literals;

namespace {

std::string to_b(std::string_view request_line, std::string_view host = "b") {
  return std::string(request_line).append("\r\nHost: ").append(host).append("\r\n\r\n");
}

}  // namespace

std::vector<RequestCase> request_target_cases() {
  return {
      // origin-form goes on as it is, to the letter: what it means is the app's affair
      {"a path with a query", "9112 3.2.1", with_line("GET /a/b?c=d&e HTTP/1.1"), forwarded()},
      {"an empty query", "9112 3.2.1", with_line("GET /? HTTP/1.1"), forwarded()},
      {"every character of a URI", "3986 2", with_line("GET /-._~!$&'()*+,;=:@%20/?q=%C3%A9&/?:@ HTTP/1.1"),
       forwarded()},
      {"dot segments, doubled slashes", "3986 6.2", with_line("GET /a/../b//c/./d/.. HTTP/1.1"), forwarded()},
      {"a path that begins with //", "9112 3.2.1", with_line("GET //x/y HTTP/1.1"), forwarded()},
      {"escaped dots and slashes", "3986 6.2", with_line("GET /%2e%2e%2Fa%5c HTTP/1.1"),
       forwarded("", "the target is not decoded here: what it names is the app's affair")},
      {"an escaped NUL", "3986 2.1", with_line("GET /%00 HTTP/1.1"), forwarded("", "as above")},
      {"an escape that is none", "3986 2.1", with_line("GET /%zz%4 HTTP/1.1"), forwarded("", "as above")},
      {"characters that browsers leave unescaped", "3986 2", with_line("GET /x?a[]={b|c}^`\"<>\\ HTTP/1.1"),
       forwarded()},
      {"a URL as a query", "9112 3.2.1", with_line("GET /?u=http://b/c HTTP/1.1"), forwarded()},
      {"a target of 8,000 bytes", "9112 3", with_line("GET /" + std::string(8000, 'x') + " HTTP/1.1"),
       forwarded()},
      {"a target of 16,000 bytes", "9112 3", with_line("GET /?" + std::string(16000, 'x') + " HTTP/1.1"),
       forwarded("", "limits.header_bytes is 32 KiB")},
      {"a target over the limit", "9112 3", with_line("GET /" + std::string(40000, 'x') + " HTTP/1.1"),
       refused(414)},
      {"a fragment", "9112 3.2.1", with_line("GET /a#b HTTP/1.1"),
       refused(400, "a fragment is never sent; hops differ in where they cut it off")},
      {"a fragment in the query", "9112 3.2.1", with_line("GET /?a#b HTTP/1.1"), refused(400, "as above")},
      {"NUL in the target", "3986 2", with_line("GET /a\0b HTTP/1.1"s), refused(400)},
      {"DEL in the target", "3986 2", with_line("GET /a\x7f HTTP/1.1"), refused(400)},
      {"a control character in the target", "3986 2", with_line("GET /a\x01 HTTP/1.1"), refused(400)},
      {"obs-text in the target", "3986 2", with_line("GET /\xc3\xa9 HTTP/1.1"), refused(400)},
      {"a path without its slash", "9112 3.2.1", with_line("GET index.html HTTP/1.1"), refused(400)},
      {"a query without a path", "9112 3.2.1", with_line("GET ?a=b HTTP/1.1"), refused(400)},
      {"a backslash for the slash", "9112 3.2.1", with_line("GET \\a HTTP/1.1"), refused(400)},

      // absolute-form becomes origin-form, and its authority is the Host
      {"absolute-form", "9112 3.2.2", to_b("GET http://b/x?y HTTP/1.1"),
       forwarded(to_b("GET /x?y HTTP/1.1"))},
      {"absolute-form with a port", "9112 3.2.2", to_b("GET http://b:81/x HTTP/1.1", "b:81"),
       forwarded(to_b("GET /x HTTP/1.1", "b:81"))},
      {"absolute-form in upper case", "9110 4.2.3", to_b("GET HTTP://b/ HTTP/1.1"),
       forwarded(to_b("GET / HTTP/1.1"))},
      {"absolute-form, https", "9112 3.2.2", to_b("GET https://b/ HTTP/1.1"),
       forwarded(to_b("GET / HTTP/1.1"))},
      {"absolute-form without a path", "9112 3.2.2", to_b("GET http://b HTTP/1.1"),
       forwarded(to_b("GET / HTTP/1.1"))},
      {"absolute-form with only a query", "9112 3.2.2", to_b("GET http://b?q HTTP/1.1"),
       forwarded(to_b("GET /?q HTTP/1.1"), "an authority ends at the `?` too: RFC 3986 section 3.2")},
      {"absolute-form with an IPv6 address", "9112 3.2.2", to_b("GET http://[::1]:80/ HTTP/1.1", "[::1]:80"),
       forwarded(to_b("GET / HTTP/1.1", "[::1]:80"))},
      {"absolute-form that is not the Host", "9112 3.2.2", to_b("GET http://b/ HTTP/1.1", "a"),
       forwarded(to_b("GET / HTTP/1.1"), "the authority replaces Host, which no origin can then misread")},
      {"absolute-form, HTTP/1.0, no Host", "9112 3.2.2", "GET http://b/ HTTP/1.0\r\n\r\n",
       forwarded(to_b("GET / HTTP/1.1"))},
      {"absolute-form without Host", "9112 3.2", "GET http://b/ HTTP/1.1\r\n\r\n", refused(400)},
      {"absolute-form with a bad Host", "9112 3.2", to_b("GET http://b/ HTTP/1.1", "a b"), refused(400)},
      {"absolute-form with userinfo", "9110 4.2.4", to_b("GET http://u:p@b/ HTTP/1.1"), refused(400)},
      {"absolute-form with an at sign in the path", "9112 3.2.2", to_b("GET http://b/@c HTTP/1.1"),
       forwarded(to_b("GET /@c HTTP/1.1"))},
      {"absolute-form with a bad port", "3986 3.2.3", to_b("GET http://b:x/ HTTP/1.1"), refused(400)},
      {"absolute-form without an authority", "9110 4.2.1", to_b("GET http:///x HTTP/1.1"), refused(400)},
      {"absolute-form with a fragment", "9112 3.2.2", to_b("GET http://b/#x HTTP/1.1"), refused(400)},
      {"absolute-form with a fragment in place of the path", "9112 3.2.2", to_b("GET http://b#x HTTP/1.1"),
       refused(400)},
      {"absolute-form with a backslash", "3986 3.2", to_b("GET http://b\\@c/ HTTP/1.1"), refused(400)},
      {"another scheme", "9112 3.2.2", to_b("GET ftp://b/ HTTP/1.1"), refused(400)},
      {"the scheme of WebSocket", "6455 3", to_b("GET ws://b/ HTTP/1.1"), refused(400)},
      {"a scheme without its slashes", "9112 3.2.2", to_b("GET http:b/ HTTP/1.1"), refused(400)},

      // authority-form is CONNECT's, asterisk-form is OPTIONS'
      {"authority-form with GET", "9112 3.2.3", to_b("GET b:80 HTTP/1.1", "b:80"), refused(400)},
      {"asterisk-form", "9112 3.2.4", with_line("OPTIONS * HTTP/1.1"),
       forwarded("", "a form of its own, and the app's to answer")},
      {"asterisk-form from an authority alone", "9112 3.2.4", to_b("OPTIONS http://b HTTP/1.1"),
       forwarded(to_b("OPTIONS * HTTP/1.1"))},
      {"OPTIONS of the root", "9112 3.2.4", to_b("OPTIONS http://b/ HTTP/1.1"),
       forwarded(to_b("OPTIONS / HTTP/1.1"))},
      {"asterisk-form with GET", "9112 3.2.4", with_line("GET * HTTP/1.1"), refused(400)},
      {"an asterisk and more", "9112 3.2.4", with_line("OPTIONS *x HTTP/1.1"), refused(400)},
  };
}

}  // namespace sse_proxy::test
