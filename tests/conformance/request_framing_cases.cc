// RFC 9112 sections 6.1 to 6.3: where a request ends. One Content-Length, or one `chunked`, or no body.
#include "tests/conformance/themes.h"

namespace sse_proxy::test {

using namespace std::string_literals;

namespace {

const std::string kChunks = "3\r\nabc\r\n0\r\n\r\n";

std::string coded(std::string_view transfer_encoding, std::string_view more = "") {
  return post(std::string("Transfer-Encoding:").append(transfer_encoding).append("\r\n").append(more),
              kChunks);
}
std::string sized(std::string_view content_length, std::string_view body = "abc") {
  return post(std::string("Content-Length:").append(content_length).append("\r\n"), body);
}

}  // namespace

std::vector<RequestCase> request_framing_cases() {
  return {
      {"no body", "9112 6.3", post(""), forwarded()},
      {"a length", "9112 6.2", sized(" 3"), forwarded()},
      {"a length of 0", "9112 6.2", sized(" 0", ""), forwarded()},
      {"a length for GET", "9110 9.3.1", get("Content-Length: 3\r\n") + "abc", forwarded()},
      {"a length with leading zeros", "9110 8.6", sized(" 0003"), forwarded(sized(" 3"))},
      {"white space around a length", "9112 5.1", sized(" \t3  "),
       forwarded(sized(" 3"), "SP or HTAB around a value is no part of it: RFC 9112 section 5.1")},
      {"a tab after a length", "9112 5.1", sized(" 3\t"),
       refused(400, "nginx refuses it too; nobody sends it")},
      {"a body that looks like a request", "9112 6.2", sized("18", "GET / HTTP/1.1\r\n\r\n"), forwarded()},
      {"a body that looks like chunks", "9112 6.2", sized("13", kChunks), forwarded()},
      {"a body with NUL, CR and LF", "9112 6.2", sized("4", "\0\r\n\xff"s), forwarded()},
      {"chunked", "9112 6.1", coded(" chunked"), forwarded()},
      {"chunked in upper case", "9112 7", coded(" CHUNKED"), forwarded(coded(" chunked"))},
      {"chunked for GET", "9112 6.1", get("Transfer-Encoding: chunked\r\n") + kChunks, forwarded()},
      {"white space around chunked", "9112 5.1", coded(" \t chunked  "),
       forwarded(coded(" chunked"), "SP or HTAB around a value is no part of it: RFC 9112 section 5.1")},
      {"a tab after chunked", "9112 5.1", coded(" chunked\t"), refused(400, "as above")},

      // both
      {"length, then chunked", "9112 6.3",
       post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", kChunks), refused(400)},
      {"chunked, then length", "9112 6.3",
       post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", kChunks), refused(400)},
      {"a length of 0 with chunked", "9112 6.3",
       post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", kChunks), refused(400)},
      {"length and chunked, HTTP/1.0", "9112 6.3",
       "POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
       refused(400)},
      {"length and an obscured chunked", "9112 6.3",
       post("Content-Length: 6\r\nTransfer-Encoding : chunked\r\n", "0\r\n\r\nG"), refused(400)},
      {"length and chunked behind a fold", "9112 6.3",
       post("Content-Length: 6\r\nX: y\r\n Transfer-Encoding: chunked\r\n", "0\r\n\r\nG"), refused(400)},
      {"length and an underscored chunked", "DESIGN 2.11",
       post("Content-Length: 3\r\nTransfer_Encoding: chunked\r\n", "abc"), forwarded(sized("3"))},
      {"length and an unknown coding", "9112 6.3",
       post("Content-Length: 3\r\nTransfer-Encoding: xchunked\r\n", "abc"), refused(400)},
      {"length and identity", "9112 6.3", post("Content-Length: 3\r\nTransfer-Encoding: identity\r\n", "abc"),
       refused(400)},
      {"length and an empty coding", "9112 6.3", post("Content-Length: 3\r\nTransfer-Encoding:\r\n", "abc"),
       refused(400)},

      // Content-Length
      {"two equal lengths", "9112 6.3", post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
       refused(400)},
      {"two lengths", "9112 6.3", post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"), refused(400)},
      {"two lengths in other cases", "9112 6.3", post("content-length: 3\r\nCONTENT-LENGTH: 0\r\n", "abc"),
       refused(400)},
      {"a list of equal lengths", "9112 6.3", sized(" 3, 3"), refused(400)},
      {"a list of lengths", "9112 6.3", sized(" 3,4"), refused(400)},
      {"a length and a comma", "9112 6.3", sized(" 3,"), refused(400)},
      {"a comma and a length", "9112 6.3", sized(" ,3"), refused(400)},
      {"a positive sign", "9110 8.6", sized(" +3"), refused(400)},
      {"a negative sign", "9110 8.6", sized(" -3"), refused(400)},
      {"minus zero", "9110 8.6", sized(" -0", ""), refused(400)},
      {"a space inside a length", "9110 8.6", sized(" 3 0"), refused(400)},
      {"a tab inside a length", "9110 8.6", sized(" 3\t0"), refused(400)},
      {"a vertical tab before a length", "9110 8.6",
       sized(" \x0b"
             "3"),
       refused(400)},
      {"an empty length", "9110 8.6", sized(" "), refused(400)},
      {"a hexadecimal length", "9110 8.6", sized(" 0x3"), refused(400)},
      {"an octal length", "9110 8.6", sized(" 0o3"), refused(400)},
      {"a length in words", "9110 8.6", sized(" three"), refused(400)},
      {"a length with a letter", "9110 8.6", sized(" 3a"), refused(400)},
      {"a fraction", "9110 8.6", sized(" 3.0"), refused(400)},
      {"an exponent", "9110 8.6", sized(" 3e0"), refused(400)},
      {"an underscore inside a length", "9110 8.6", sized(" 1_0"), refused(400)},
      {"a quoted length", "9110 8.6", sized(" \"3\""), refused(400)},
      {"a parameter after a length", "9110 8.6", sized(" 3;x"), refused(400)},
      {"full-width digits", "9110 8.6", sized(" \xef\xbc\x93"), refused(400)},
      {"a length over 63 bits", "9112 6.3", sized(" 9223372036854775808"), refused(400)},
      {"a length over 64 bits", "9112 6.3", sized(" 18446744073709551619"), refused(400)},
      {"a length of 100 digits", "9112 6.3", sized(" " + std::string(100, '9')), refused(400)},
      {"a length with a space before its colon", "9112 5.1", post("Content-Length : 3\r\n", "abc"),
       refused(400)},
      {"NUL after a length", "9110 5.5", sized(" 3\0"s), refused(400)},

      // Transfer-Encoding
      {"chunked, chunked", "9112 6.1", coded(" chunked, chunked"), refused(400)},
      {"chunked twice", "9112 6.1", coded(" chunked", "Transfer-Encoding: chunked\r\n"), refused(400)},
      {"chunked, then identity on a line of its own", "9112 6.1",
       coded(" chunked", "Transfer-Encoding: identity\r\n"), refused(400)},
      {"identity, then chunked on a line of its own", "9112 6.1",
       coded(" identity", "Transfer-Encoding: chunked\r\n"), refused(400)},
      {"chunked is not last", "9112 6.3", coded(" chunked, gzip"), refused(400)},
      {"gzip, chunked", "9112 6.1", coded(" gzip, chunked"),
       refused(400, "the policy: nothing but one chunked; nobody sends it")},
      {"gzip alone", "9112 6.3", coded(" gzip"), refused(400)},
      {"identity", "9112 6.1", coded(" identity"), refused(400)},
      {"identity, chunked", "9112 6.1", coded(" identity, chunked"), refused(400)},
      {"an unknown coding", "9112 6.1", coded(" rot13"), refused(501)},
      {"an unknown coding, chunked", "9112 6.1", coded(" rot13, chunked"), refused(501)},
      {"xchunked", "9112 6.1", coded(" xchunked"), refused(501)},
      {"chunkedx", "9112 6.1", coded(" chunkedx"), refused(501)},
      {"chunk", "9112 6.1", coded(" chunk"), refused(501)},
      {"chunked with a parameter", "9112 7", coded(" chunked;q=1"), refused(501)},
      {"chunked in quotes", "9112 7", coded(" \"chunked\""), refused(501)},
      {"chunked in single quotes", "9112 7", coded(" 'chunked'"), refused(501)},
      {"a comma after chunked", "9110 5.6.1", coded(" chunked,"), refused(400)},
      {"a comma before chunked", "9110 5.6.1", coded(" , chunked"), refused(400)},
      {"a space inside chunked", "9112 6.1", coded(" chun ked"), refused(501)},
      {"a colon after chunked", "9112 6.1", coded(" chunked:"), refused(501)},
      {"a colon before chunked", "9112 6.1", coded(": chunked"), refused(501)},
      {"a vertical tab before chunked", "9110 5.5",
       coded(" \x0b"
             "chunked"),
       refused(400)},
      {"a form feed after chunked", "9110 5.5", coded(" chunked\f"), refused(400)},
      {"NUL after chunked", "9110 5.5", coded(" chunked\0"s), refused(400)},
      {"CR before chunked", "9112 2.2", coded("\rchunked"), refused(400)},
      {"LF before chunked", "9112 2.2", coded("\nchunked"), refused(400)},
      {"obs-text in chunked", "9110 5.5", coded(" chu\xcc\x81nked"), refused(501)},
      {"an empty coding", "9112 6.1", coded(""), refused(400)},
      {"an empty coding, then chunked", "9112 6.1", coded("", "Transfer-Encoding: chunked\r\n"),
       refused(400)},
      {"a space before the colon of Transfer-Encoding", "9112 5.1",
       post("Transfer-Encoding : chunked\r\n", kChunks), refused(400)},
      {"a tab before the colon of Transfer-Encoding", "9112 5.1",
       post("Transfer-Encoding\t: chunked\r\n", kChunks), refused(400)},
      {"a space before the name Transfer-Encoding", "9112 5.2",
       "POST / HTTP/1.1\r\nHost: a\r\n Transfer-Encoding: chunked\r\n\r\n" + kChunks, refused(400)},
      {"chunked, HTTP/1.0", "9112 6.1",
       "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + kChunks, refused(400)},
      {"identity, HTTP/1.0", "9112 6.1", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
       refused(400)},
  };
}

}  // namespace sse_proxy::test
