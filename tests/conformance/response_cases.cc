// Responses are no more trusted than requests: fields (RFC 9112 section 5), framing (6.3), chunks (7.1).
#include "tests/conformance/themes.h"

namespace sse_proxy::test {

using namespace std::string_literals;

namespace {

const std::string kLength = "Content-Length: 2\r\n";
const char* const kBareLf = "the policy: a bare LF is no line end";

std::string with_field(std::string_view field_line) { return ok(std::string(field_line) + kLength, "ab"); }

}  // namespace

std::vector<ResponseCase> response_field_cases() {
  const std::string kPlain = ok(kLength, "ab");
  const char* const kRemoved = "hop-by-hop: RFC 9110 section 7.6.1";
  const char* const kControl = "the policy: a value has no control characters";
  return {
      {"repeated Set-Cookie in order", "9110 5.3",
       with_field("Set-Cookie: a=1\r\nX: y\r\nSet-Cookie: b=2\r\n"), passed()},
      {"an empty value from an origin", "9110 5.5", with_field("X:\r\n"), passed()},
      {"obs-text in a value from an origin", "9110 5.5", with_field("X: caf\xe9\r\n"), passed()},
      {"a name with an underscore from an origin", "9110 5.1", with_field("X_Y: 1\r\n"), passed()},
      {"a field that the origin's Connection names", "9110 7.6.1",
       with_field("Connection: x-hop\r\nX-Hop: 1\r\n"), passed(kPlain, kRemoved)},
      {"Keep-Alive from an origin", "9110 7.6.1", with_field("Keep-Alive: timeout=5\r\n"),
       passed(kPlain, kRemoved)},
      {"Proxy-Connection from an origin", "9110 7.6.1", with_field("Proxy-Connection: keep-alive\r\n"),
       passed(kPlain, kRemoved)},
      {"Upgrade from an origin", "9110 7.8", with_field("Connection: upgrade\r\nUpgrade: h2c\r\n"),
       passed(kPlain, kRemoved)},
      {"WWW-Authenticate", "9110 11.6.1", with_field("WWW-Authenticate: Basic realm=x\r\n"), passed()},
      {"Proxy-Authenticate", "9110 11.7.1", with_field("Proxy-Authenticate: Basic realm=x\r\n"), passed()},
      {"Connection: close from an origin", "9112 9.6", with_field("Connection: close\r\n"),
       passed_once(kPlain)},

      {"a space before the colon from an origin", "9112 5.1", with_field("X : 1\r\n"), bad_gateway()},
      {"a tab before the colon from an origin", "9112 5.1", with_field("X\t: 1\r\n"), bad_gateway()},
      {"no colon from an origin", "9112 5", with_field("X\r\n"), bad_gateway()},
      {"no name from an origin", "9110 5.1", with_field(": 1\r\n"), bad_gateway()},
      {"a separator in a name from an origin", "9110 5.1", with_field("X(Y: 1\r\n"), bad_gateway()},
      {"obs-text in a name from an origin", "9110 5.1", with_field("X\xc3\xa9: 1\r\n"), bad_gateway()},
      {"NUL in a name from an origin", "9110 5.1", with_field("X\0: 1\r\n"s), bad_gateway()},
      {"NUL in a value from an origin", "9110 5.5", with_field("X: a\0b\r\n"s), bad_gateway()},
      {"a control character in a value from an origin", "9110 5.5", with_field("X: a\x01\r\n"),
       bad_gateway(kControl)},
      {"DEL in a value from an origin", "9110 5.5", with_field("X: a\x7f\r\n"), bad_gateway(kControl)},
      {"a fold from an origin", "9112 5.2", with_field("X: a\r\n b\r\n"),
       bad_gateway("the policy: obs-fold is refused, from an upstream with 502")},
      {"a fold of the first field from an origin", "9112 5.2",
       "HTTP/1.1 200 OK\r\n X: 1\r\nContent-Length: 2\r\n\r\nab", bad_gateway()},
      {"CR in a value from an origin", "9112 2.2", with_field("X: a\rSet-Cookie: b\r\n"), bad_gateway()},
      {"LF after a field from an origin", "9112 2.2", with_field("X: a\n"), bad_gateway(kBareLf)},
      {"LF for the empty line from an origin", "9112 2.2", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nab",
       bad_gateway(kBareLf)},
      {"a response split by LF LF", "9112 11.1", with_field("Location: /\n\nHTTP/1.1 200 OK\r\n"),
       bad_gateway(kBareLf)},
      {"a head over the limit", "9112 2.2", with_field("X: " + std::string(40000, 'x') + "\r\n"),
       bad_gateway()},
      {"many fields over the limit from an origin", "9112 2.2",
       [] {
         std::string fields;
         for (int i = 0; i < 10000; ++i) fields += "X: 1\r\n";
         return with_field(fields);
       }(),
       bad_gateway()},
      {"a head without end", "9112 2.2", "HTTP/1.1 200 OK\r\nX: " + std::string(60000, 'x'), bad_gateway()},
  };
}

std::vector<ResponseCase> response_framing_cases() {
  const std::string kChunks = "2\r\nab\r\n0\r\n\r\n";
  const auto sized = [](std::string_view value) {
    return ok("Content-Length:" + std::string(value) + "\r\n", "ab");
  };
  const auto coded = [&](std::string_view value) {
    return ok("Transfer-Encoding:" + std::string(value) + "\r\n", kChunks);
  };
  return {
      {"a length from an origin", "9112 6.2", sized(" 2"), passed()},
      {"a length of 0 from an origin", "9112 6.2", ok("Content-Length: 0\r\n"), passed()},
      {"chunked from an origin", "9112 6.1", coded(" chunked"), passed()},
      {"until the end of the connection", "9112 6.3", ok("X: 1\r\n", "abc"), passed(), true},
      {"until the end of the connection, HTTP/1.0", "9112 6.3", "HTTP/1.0 200 OK\r\n\r\nabc",
       passed(ok("", "abc")), true},
      {"bytes after the body", "9112 6.3", ok(kLength, "abHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nX"),
       passed_once(ok(kLength, "ab"))},
      {"bytes after the last chunk", "9112 7.1", coded(" chunked") + "garbage",
       passed_once(coded(" chunked"))},
      {"CR LF after the body", "9112 6.3", ok(kLength, "ab\r\n"), passed_once(ok(kLength, "ab"))},
      {"a body cut short", "9112 8", ok("Content-Length: 5\r\n", "ab"), aborted(), true},
      {"a chunked body cut short", "9112 8", ok("Transfer-Encoding: chunked\r\n", "2\r\nab\r\n"), aborted(),
       true},
      {"a chunked body cut inside a chunk", "9112 8", ok("Transfer-Encoding: chunked\r\n", "5\r\nab"),
       aborted(), true},
      {"a chunked body cut before its last CR LF", "9112 8",
       ok("Transfer-Encoding: chunked\r\n", "2\r\nab\r\n0\r\n"),
       aborted("the final empty line has not come: it may not be invented"), true},

      {"length and chunked from an origin", "9112 6.3",
       ok("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", kChunks), bad_gateway()},
      {"chunked and length from an origin", "9112 6.3",
       ok("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", kChunks), bad_gateway()},
      {"chunked from HTTP/1.0", "9112 6.1", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + kChunks,
       bad_gateway("the policy: Transfer-Encoding with HTTP/1.0 is refused"), true},
      {"two lengths from an origin", "9112 6.3", ok("Content-Length: 2\r\nContent-Length: 3\r\n", "ab"),
       bad_gateway()},
      {"two equal lengths from an origin", "9112 6.3", ok("Content-Length: 2\r\nContent-Length: 2\r\n", "ab"),
       bad_gateway("the policy: refused even if equal")},
      {"a list of lengths from an origin", "9112 6.3", sized(" 2, 2"), bad_gateway("as above")},
      {"a signed length from an origin", "9110 8.6", sized(" +2"), bad_gateway()},
      {"a negative length from an origin", "9110 8.6", sized(" -1"), bad_gateway()},
      {"a hexadecimal length from an origin", "9110 8.6", sized(" 0x2"), bad_gateway()},
      {"an empty length from an origin", "9110 8.6", sized(""), bad_gateway()},
      {"a huge length from an origin", "9112 6.3", sized(" 99999999999999999999"), bad_gateway()},
      {"a length with a letter from an origin", "9110 8.6", sized(" 2a"), bad_gateway()},
      {"chunked twice from an origin", "9112 6.1", coded(" chunked, chunked"), bad_gateway()},
      {"gzip, chunked from an origin", "9112 6.1", coded(" gzip, chunked"),
       bad_gateway("we send no TE but trailers, so no origin may send it")},
      {"identity from an origin", "9112 6.1", coded(" identity"),
       bad_gateway("the policy: exactly one chunked")},
      {"xchunked from an origin", "9112 6.1", coded(" xchunked"), bad_gateway()},
      {"a vertical tab before chunked from an origin", "9110 5.5",
       coded(" \x0b"
             "chunked"),
       bad_gateway()},
      {"an empty coding from an origin", "9112 6.1", coded(""), bad_gateway()},
      {"chunked with a space before its colon", "9112 5.1", ok("Transfer-Encoding : chunked\r\n", kChunks),
       bad_gateway()},
  };
}

std::vector<ResponseCase> response_chunk_cases() {
  const std::string kGood = chunked_ok("2\r\nab\r\n0\r\n\r\n");
  const auto trailer = [](std::string_view lines) {
    return chunked_ok("2\r\nab\r\n0\r\n" + std::string(lines) + "\r\n");
  };
  const auto broken = [](std::string_view rest) { return chunked_ok("2\r\nab\r\n" + std::string(rest)); };
  const char* const kTrailer = "trailers are passed on end to end";
  return {
      {"an extension from an origin", "9112 7.1.1", chunked_ok("2;a=\"b\"\r\nab\r\n0;c\r\n\r\n"),
       passed(kGood)},
      {"leading zeros in a size from an origin", "9112 7.1", chunked_ok("002\r\nab\r\n00\r\n\r\n"),
       passed(kGood)},
      {"a trailer from an origin", "9112 7.1.2", trailer("X-Sum: 1\r\n"), passed("", kTrailer)},
      {"Set-Cookie as a trailer", "9110 6.5.1", trailer("Set-Cookie: a=b\r\n"),
       passed(kGood, "authentication fields are not taken from trailers")},
      {"Transfer-Encoding as a trailer from an origin", "9110 6.5.1",
       trailer("Transfer-Encoding: chunked\r\n"),
       passed(kGood, "framing fields are not taken from trailers")},
      {"Location as a trailer", "9110 6.5.1", trailer("Location: /\r\n"),
       passed(kGood, "routing fields are not taken from trailers")},
      {"Content-Length as a trailer from an origin", "9110 6.5.1", trailer("Content-Length: 9\r\n"),
       aborted("only someone who wants to confuse a hop sends it")},
      {"0x before a size from an origin", "9112 7.1", broken("0x2\r\nab\r\n0\r\n\r\n"), aborted()},
      {"a negative size from an origin", "9112 7.1", broken("-2\r\nab\r\n0\r\n\r\n"), aborted()},
      {"a size that is no number from an origin", "9112 7.1", broken("zz\r\nab\r\n0\r\n\r\n"), aborted()},
      {"an empty size from an origin", "9112 7.1", broken("\r\nab\r\n0\r\n\r\n"), aborted()},
      {"a size of 17 digits from an origin", "9112 7.1", broken("10000000000000002\r\nab\r\n0\r\n\r\n"),
       aborted()},
      {"a space after a size from an origin", "9112 7.1", broken("2 \r\nab\r\n0\r\n\r\n"),
       aborted("the policy: plain hexadecimal digits")},
      {"LF after a size from an origin", "9112 7.1", broken("2\nab\r\n0\r\n\r\n"), aborted(kBareLf)},
      {"LF after the data from an origin", "9112 7.1", broken("2\r\nab\n0\r\n\r\n"), aborted(kBareLf)},
      {"nothing after the data from an origin", "9112 7.1", broken("2\r\nab0\r\n\r\n"), aborted()},
      {"an extension over 4 KiB from an origin", "9112 7.1.1",
       broken("2;" + std::string(5000, 'x') + "\r\nab\r\n0\r\n\r\n"),
       aborted("extensions are dropped, but may not make us read without end")},
      {"trailers over the limit from an origin", "9110 6.5",
       trailer("X: " + std::string(40000, 'x') + "\r\n"), aborted()},
      {"a fold in a trailer from an origin", "9112 5.2", trailer("X: 1\r\n 2\r\n"), aborted("as in a head")},
      {"NUL in a trailer from an origin", "9110 5.5", trailer("X: \0\r\n"s), aborted("as in a head")},
      {"LF for the last empty line from an origin", "9112 7.1", chunked_ok("2\r\nab\r\n0\r\n\n"),
       aborted(kBareLf)},
      {"another response for a trailer", "9112 7.1.2", trailer("HTTP/1.1 200 OK\r\n"), aborted()},
      {"a bad size first", "9112 7.1", chunked_ok("zz\r\n"),
       aborted("the head has gone out before the first chunk was read")},
  };
}

std::vector<ResponseCase> interim_cases() {
  const std::string kPlain = ok(kLength, "ab");
  const std::string kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  const std::string kHints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
  const std::string kHead = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string kAsks = get("Connection: upgrade\r\nUpgrade: websocket\r\n");
  const std::string kHttp10 = "GET / HTTP/1.0\r\nHost: a\r\n\r\n";
  const char* const kEndToEnd = "interim responses go end to end";
  const auto times = [](int n, const std::string& text) {
    std::string all;
    for (int i = 0; i < n; ++i) all += text;
    return all;
  };
  return {
      {"100, then 200", "9110 15.2", kContinue + kPlain, passed("", kEndToEnd)},
      {"103, then 200", "8297 2", kHints + kPlain, passed("", kEndToEnd)},
      {"an interim status that is not known", "9110 15.2", "HTTP/1.1 150 X\r\n\r\n" + kPlain,
       passed("", kEndToEnd)},
      {"16 interim responses", "DESIGN 2.11", times(16, kHints) + kPlain, passed("", kEndToEnd)},
      {"17 interim responses", "DESIGN 2.11", times(17, kHints) + kPlain,
       bad_gateway("a bound, or an origin could keep us busy for ever")},
      {"interim responses without end", "DESIGN 2.11", times(500, kContinue), bad_gateway("as above")},
      {"100 to HTTP/1.0", "9110 15.2", kContinue + kPlain, passed(kPlain), false, kHttp10},
      {"100 with a length", "9112 6.3", "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n" + kPlain,
       passed(kContinue + kPlain, "a bodiless status has no length: RFC 9110 section 8.6")},
      {"101 that nobody asked for", "9110 15.2.2",
       "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nframes",
       bad_gateway()},
      {"101 to h2c", "9110 15.2.2",
       "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", bad_gateway(),
       false, get("Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n")},
      {"101 to something else than was asked", "9110 15.2.2",
       "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", bad_gateway(),
       false, kAsks},
      {"101 to something else besides", "9110 15.2.2",
       "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket, h2c\r\n\r\n",
       bad_gateway(), false, kAsks},
      {"101 without Upgrade", "9110 7.8", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\r\n",
       bad_gateway(), false, kAsks},
      {"101 without Connection", "9110 7.8", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
       bad_gateway(), false, kAsks},
      {"101 from HTTP/1.0", "9110 15.2",
       "HTTP/1.0 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", bad_gateway(),
       false, kAsks},
      {"101 with two lengths", "9112 6.3",
       "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: "
       "1\r\n"
       "Content-Length: 2\r\n\r\n",
       bad_gateway(), false, kAsks},
      {"only 100", "9110 15.2", kContinue, bad_gateway(), true},

      {"204", "9112 6.3", "HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n", passed()},
      {"204 with a length", "9110 8.6", "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n",
       passed("HTTP/1.1 204 No Content\r\n\r\n", "a 204 has no length: RFC 9110 section 8.6")},
      {"204 with a body", "9112 6.3", "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nab",
       passed_once("HTTP/1.1 204 No Content\r\n\r\n", "as above; what follows belongs to no response")},
      {"204 with chunks", "9112 6.1",
       "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       passed_once("HTTP/1.1 204 No Content\r\n\r\n", "as above")},
      {"304", "9112 6.3", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", passed()},
      {"304 with a length", "9110 8.6", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", passed()},
      {"304 with a body", "9112 6.3", "HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nab",
       passed_once("HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n")},
      {"HEAD", "9112 6.3", ok("Content-Length: 9\r\n"), passed(), false, kHead},
      {"HEAD with a body", "9112 6.3", ok("Content-Length: 2\r\n", "ab"),
       passed_once(ok("Content-Length: 2\r\n")), false, kHead},
      {"HEAD with another response after it", "9112 6.3", ok("Content-Length: 0\r\n") + kPlain,
       passed_once(ok("Content-Length: 0\r\n")), false, kHead},
      {"HEAD with two lengths", "9112 6.3", ok("Content-Length: 2\r\nContent-Length: 3\r\n"), bad_gateway(),
       false, kHead},
      {"205 with a body", "9110 15.3.6", "HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\nab",
       passed("", "it is framed like any other")},
      {"two responses to one request", "9112 9.3", kPlain + kPlain, passed_once(kPlain)},
  };
}

}  // namespace sse_proxy::test
