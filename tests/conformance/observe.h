// Sends one case through a proxy, with the recording origin behind it, and says in words what came of it.
#pragma once

#include <string>
#include <vector>

#include "tests/conformance/cases.h"
#include "tests/conformance/recording_origin.h"

namespace sse_proxy::test {

// The verdict on a request: what the origin got and what the client got, in the words of cases.h:
//   "400"                  nothing reached the origin, the client was told so and the connection closed
//   "forwarded"            the origin got the expected messages, each was answered
//   "forwarded, then 400"  what followed them was refused
//   "cut, 400"             the origin got an incomplete message and the end of the connection
// and on a response:
//   "passed"               the client got the expected messages; the connection to the origin served again
//   "502", "aborted"       the client got an error, or a message that it could see is not whole
// Words besides these ("otherwise", "waits", "kept open") are of a proxy that does something else.
struct Seen {
  std::string verdict;
  std::string detail;    // what was otherwise, field by field
  std::string received;  // by the client, byte for byte
};

class Observer {
 public:
  // `patience`: how long a silence means that nothing more comes.
  Observer(RecordingOrigin& origin, uint16_t proxy_port, Millis patience)
      : origin_(origin), proxy_port_(proxy_port), patience_(patience) {}

  Seen observe(const RequestCase& request);
  Seen observe(const ResponseCase& response);

 private:
  void send(Peer& client, const RequestCase& request);
  void fence();
  template <class Done>
  void read_until(Peer& client, Done&& done);

  RecordingOrigin& origin_;
  uint16_t proxy_port_;
  Millis patience_;
};

}  // namespace sse_proxy::test
