// RFC 9110 sections 5.1 and 5.5, RFC 9112 section 5: names are tokens, values hold no control characters.
#include "tests/conformance/themes.h"

namespace sse_proxy::test {

using namespace std::string_literals;

std::vector<RequestCase> field_cases() {
  const char* const kTwin = "WSGI and PHP read both spellings as one variable: the twin is removed";
  std::vector<RequestCase> cases = {
      {"every character of a token in a name", "9110 5.6.2", get("!#$%&'*+-.^`|~09azAZ: 1\r\n"), forwarded()},
      {"a name with an underscore", "9110 5.1", get("X_Mine: 1\r\n"),
       forwarded("", "only the twins of fields that decide something are removed")},
      {"an empty value", "9110 5.5", get("X:\r\n"), forwarded()},
      {"white space around a value", "9112 5.1", get("X: \t a b\tc \t\r\n"), forwarded(get("X: a b\tc\r\n"))},
      {"no space after the colon", "9112 5.1", get("X:1\r\n"), forwarded()},
      {"obs-text in a value", "9110 5.5", get("X: caf\xe9 \xff\xc3\xa9\r\n"), forwarded()},
      {"colons in a value", "9112 5.1", get("X: a:b::\r\n"), forwarded()},
      {"repeated fields in order", "9110 5.3", get("X: 1\r\nY: 2\r\nX: 3\r\n"), forwarded()},
      {"an unfinished quoted string", "9110 5.6.4", get("X: \"abc\r\n"), forwarded()},
      {"a value of 7,000 bytes", "9110 5.4", get("X: " + std::string(7000, 'x') + "\r\n"), forwarded()},
      {"a hundred fields", "9110 5.4", get([] {
         std::string fields;
         for (int i = 0; i < 90; ++i) fields += "X-" + std::to_string(i) + ": 1\r\n";
         return fields;
       }()),
       forwarded()},
      {"fields over the limit", "6585 5", get("X: " + std::string(40000, 'x') + "\r\n"), refused(431)},
      {"many fields over the limit", "6585 5", get([] {
         std::string fields;
         for (int i = 0; i < 10000; ++i) fields += "X: 1\r\n";
         return fields;
       }()),
       refused(431)},

      {"a space before the colon", "9112 5.1", get("X : 1\r\n"), refused(400)},
      {"a tab before the colon", "9112 5.1", get("X\t: 1\r\n"), refused(400)},
      {"no colon", "9112 5", get("X\r\n"), refused(400)},
      {"no colon, and a value", "9112 5", get("X 1\r\n"), refused(400)},
      {"no name", "9110 5.1", get(": 1\r\n"), refused(400)},
      {"a space first in a name", "9112 5.2", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", refused(400)},
      {"a space inside a name", "9110 5.1", get("X Y: 1\r\n"), refused(400)},
      {"obs-text in a name", "9110 5.1", get("X\xc3\xa9: 1\r\n"), refused(400)},
      {"NUL in a name", "9110 5.1", get("X\0Y: 1\r\n"s), refused(400)},
      {"DEL in a name", "9110 5.1", get("X\x7f: 1\r\n"), refused(400)},
      {"NUL in a value", "9110 5.5", get("X: a\0b\r\n"s), refused(400)},
      {"NUL ends a value", "9110 5.5", get("X: a\0\r\n"s), refused(400)},
      {"a control character in a value", "9110 5.5", get("X: a\x01\r\n"),
       refused(400, "the policy: a value has no control characters")},
      {"DEL in a value", "9110 5.5", get("X: a\x7f\r\n"), refused(400, "as above")},
      {"ESC in a value", "9110 5.5", get("X: \x1b[2J\r\n"),
       refused(400, "as above: a terminal may show the log")},
      {"a vertical tab in a value", "9110 5.5",
       get("X: a\x0b"
           "b\r\n"),
       refused(400, "as above")},

      // WSGI and PHP read X_Forwarded_For and X-Forwarded-For as one variable.
      {"an underscore twin of Content-Length", "DESIGN 2.11",
       post("Content_Length: 3\r\nContent-Length: 1\r\n", "a"),
       forwarded(post("Content-Length: 1\r\n", "a"), kTwin)},
      {"an underscore twin of Transfer-Encoding", "DESIGN 2.11", get("Transfer_Encoding: chunked\r\n"),
       forwarded(get(), kTwin)},
      {"an underscore twin of X-Forwarded-For", "DESIGN 2.11", get("X_Forwarded_For: 1.2.3.4\r\n"),
       forwarded(get(), kTwin)},
      {"a half twin of X-Forwarded-For", "DESIGN 2.11", get("X-Forwarded_For: 1.2.3.4\r\n"),
       forwarded(get(), kTwin)},
      {"an underscore twin of X-Real-IP", "DESIGN 2.11", get("x_real_ip: 1.2.3.4\r\n"),
       forwarded(get(), kTwin)},
      {"an underscore twin of X-Request-Id", "DESIGN 2.11", get("X_Request_Id: 1\r\n"),
       forwarded(get(), kTwin)},
      {"an underscore twin of the client certificate", "DESIGN 2.11", get("X_Client_Cert_Verified: 1\r\n"),
       forwarded(get(), kTwin)},
  };
  for (const char separator : "()<>@,;\\\"/[]?={}"s) {
    cases.push_back({"the separator "s + separator + " in a name", "9110 5.6.2",
                     get("X"s + separator + "Y: 1\r\n"), refused(400)});
  }
  return cases;
}

}  // namespace sse_proxy::test
