// What the upstream is told about where a request came from: X-Forwarded-*, X-Request-Id, client
// certificates. traceparent and tracestate (W3C Trace Context) are the end points' own and pass through.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "parser/http_types.h"
#include "parser/ip_address.h"

namespace sse_proxy {

// What a connection knows of its client. Views belong to the connection.
struct ConnectionFacts {
  PeerAddress peer;                           // the other end of the socket: trust is judged on it
  PeerAddress source;                         // whom a PROXY header names, else the peer
  std::string_view scheme = "http";           // "https" over TLS
  std::string_view certificate_subject = {};  // of a client certificate that was verified, in printable ASCII
};

// What the log says of a request, and limits count by.
struct RequestOrigin {
  PeerAddress
      client;      // the right-most address in X-Forwarded-For, with the source appended, that is not trusted
  std::string id;  // X-Request-Id
};

// Edits the request's fields. From a trusted peer X-Forwarded-* stay, the source is appended to
// X-Forwarded-For, and what is missing is set; from others X-Forwarded-*, Forwarded and X-Real-IP are
// replaced by what is known here. A Unix peer has no address: nothing is appended for it. `random`: for a new
// id.
RequestOrigin apply_forwarding_policy(RequestHead& head, const ConnectionFacts& connection,
                                      const TrustedProxies& trusted, uint64_t random_high,
                                      uint64_t random_low);

}  // namespace sse_proxy
