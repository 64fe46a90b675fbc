// The tables: each case is the raw bytes, what must come of them, and the section that says so (of RFC 9112,
// RFC 9110, or the contract's rule 11). One source for the tests and for the comparison with other proxies.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace sse_proxy::test {

struct Expected {
  std::string verdict;                 // as text: see verdict_of() in observe.h
  std::vector<std::string> forwarded;  // the messages that the other side gets, in order
  std::string why;                     // why we differ, where another proxy does otherwise
};

struct RequestCase {
  std::string name;
  std::string section;
  std::string bytes;
  Expected expected;
};

struct ResponseCase {
  std::string name;
  std::string section;
  std::string bytes;  // the origin's
  Expected expected;
  bool then_close = false;  // the origin closes after them
  std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
};

template <class Case>
struct Theme {
  std::string name;
  std::vector<Case> cases;
  friend void PrintTo(const Theme& theme, std::ostream* out) { *out << theme.name; }  // for GoogleTest
};
std::vector<Theme<RequestCase>> request_themes();
std::vector<Theme<ResponseCase>> response_themes();

// --- what a table says of a request ---

// Nothing of it reaches the origin; the client gets this status and the end of the connection.
Expected refused(int status, std::string why = "");
// The origin gets exactly this message. "" stands for the bytes of the case.
Expected forwarded(std::string message = "", std::string why = "");
// The origin gets these messages, in order, and nothing of what follows, which is answered by `status`.
Expected forwarded_then(std::vector<std::string> messages, int status, std::string why = "");
// The head was good and went on; the origin gets an incomplete message and the end of the connection.
Expected cut(int status, std::string why = "");

// --- and of a response ---

// The client gets these messages. "" stands for the bytes of the case. The connection to the origin serves
// again.
Expected passed(std::string messages = "", std::string why = "");
// The same, but the connection to the origin must not be used again.
Expected passed_once(std::string messages = "", std::string why = "");
Expected bad_gateway(std::string why = "");
// The client has got the head; it then sees that the message is not whole.
Expected aborted(std::string why = "");

// --- the bytes of the usual messages ---

std::string get(std::string_view fields = "");  // each with its CR LF
std::string post(std::string_view fields, std::string_view body = "");
std::string chunked_post(std::string_view chunks, std::string_view fields = "");
std::string with_line(std::string_view request_line);
std::string ok(std::string_view fields, std::string_view body = "");
std::string chunked_ok(std::string_view chunks, std::string_view fields = "");

}  // namespace sse_proxy::test
