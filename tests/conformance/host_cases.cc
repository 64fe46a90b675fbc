// RFC 9112 section 3.2, RFC 9110 section 7.2: exactly one Host, and it is a host with an optional port.
#include "tests/conformance/themes.h"

namespace sse_proxy::test {

namespace {

std::string with_host(std::string_view host) {
  return std::string("GET / HTTP/1.1\r\nHost: ").append(host).append("\r\n\r\n");
}

const char* const kNotWellFormed = "a Host that is not uri-host [\":\" port] is read in more than one way";

}  // namespace

std::vector<RequestCase> host_cases() {
  return {
      {"a name", "9110 7.2", with_host("example.test"), forwarded()},
      {"a name in upper case", "9110 7.2", with_host("EXAMPLE.test"), forwarded()},
      {"a name with a port", "9110 7.2", with_host("a:8080"), forwarded()},
      {"an empty port", "3986 3.2.3", with_host("a:"), forwarded()},
      {"an IPv4 address", "3986 3.2.2", with_host("127.0.0.1:80"), forwarded()},
      {"an IPv6 address", "3986 3.2.2", with_host("[2001:db8::1]"), forwarded()},
      {"an IPv6 address with a port", "3986 3.2.2", with_host("[::1]:8080"), forwarded()},
      {"a name with an underscore in Host", "3986 3.2.2", with_host("my_service.local"), forwarded()},
      {"a trailing dot", "3986 3.2.2", with_host("example.test."), forwarded()},
      {"no Host, HTTP/1.0", "9112 3.2", "GET / HTTP/1.0\r\n\r\n", forwarded(with_host("{upstream}"))},

      {"no Host", "9112 3.2", "GET / HTTP/1.1\r\n\r\n", refused(400)},
      {"an empty Host", "9110 7.2", with_host(""),
       refused(400, "an http URI has a host; apps build links from it")},
      {"two Hosts", "9112 3.2", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", refused(400)},
      {"two equal Hosts", "9112 3.2", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", refused(400)},
      {"two equal Hosts, HTTP/1.0", "9112 3.2", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", refused(400)},
      {"two Hosts in other cases", "9112 3.2", "GET / HTTP/1.1\r\nhost: a\r\nHOST: b\r\n\r\n", refused(400)},
      {"two Hosts, one with a space", "9112 3.2", "GET / HTTP/1.1\r\nHost: a\r\nHost : b\r\n\r\n",
       refused(400)},
      {"two Hosts, one behind a fold", "9112 3.2", "GET / HTTP/1.1\r\nHost: a\r\n Host: b\r\n\r\n",
       refused(400)},
      {"an underscored field that is no twin of Host", "DESIGN 2.11",
       "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nX_Host: b\r\n\r\n", forwarded()},
      {"userinfo", "9110 4.2.4", with_host("u:p@a"), refused(400)},
      {"an at sign", "9110 4.2.4", with_host("a@b"), refused(400, kNotWellFormed)},
      {"a space", "9110 7.2", with_host("a b"), refused(400)},
      {"a tab", "9110 7.2", with_host("a\tb"), refused(400)},
      {"a list", "9110 7.2", with_host("a, b"), refused(400)},
      {"a list without spaces", "9110 7.2", with_host("a,b"),
       refused(400, "two Hosts joined into one line by a hop before us look like this")},
      {"a path", "9110 7.2", with_host("a/b"), refused(400)},
      {"a query", "9110 7.2", with_host("a?b"), refused(400, kNotWellFormed)},
      {"a fragment in Host", "9110 7.2", with_host("a#b"), refused(400, kNotWellFormed)},
      {"a URL", "9110 7.2", with_host("http://a/"), refused(400)},
      {"a backslash", "9110 7.2", with_host("a\\b"), refused(400, kNotWellFormed)},
      {"a quote", "9110 7.2", with_host("a\"b"), refused(400, kNotWellFormed)},
      {"angle brackets", "9110 7.2", with_host("<a>"), refused(400, kNotWellFormed)},
      {"obs-text in Host", "9110 7.2", with_host("\xc3\xa9"), refused(400, kNotWellFormed)},
      {"a broken escape", "3986 2.1", with_host("a%zz"), refused(400, kNotWellFormed)},
      {"an escaped slash", "3986 3.2.2", with_host("a%2fb"), forwarded()},
      {"only a port", "9110 4.2.1", with_host(":80"), refused(400, kNotWellFormed)},
      {"a port that is a word", "3986 3.2.3", with_host("a:http"), refused(400, kNotWellFormed)},
      {"a port over 65535", "3986 3.2.3", with_host("a:65536"), refused(400, kNotWellFormed)},
      {"a signed port", "3986 3.2.3", with_host("a:+80"), refused(400, kNotWellFormed)},
      {"a negative port", "3986 3.2.3", with_host("a:-1"), refused(400, kNotWellFormed)},
      {"two ports", "3986 3.2.3", with_host("a:80:90"), refused(400, kNotWellFormed)},
      {"a space before the port", "3986 3.2.3", with_host("a: 80"), refused(400)},
      {"an IPv6 address without brackets", "3986 3.2.2", with_host("::1"), refused(400, kNotWellFormed)},
      {"an open bracket", "3986 3.2.2", with_host("[::1"), refused(400)},
      {"text after the bracket", "3986 3.2.2", with_host("[::1]x"), refused(400, kNotWellFormed)},
      {"a name in brackets", "3986 3.2.2", with_host("[a.test]"), refused(400, kNotWellFormed)},
      {"empty brackets", "3986 3.2.2", with_host("[]"), refused(400, kNotWellFormed)},
  };
}

}  // namespace sse_proxy::test
