// What the proxy changes in a head on its way through (DESIGN of the wire, rules 7, 8 and 11). Heads are
// edited in place; parser/http1_writer then writes them out afresh, so nothing is ever echoed.
#pragma once

#include <string_view>

#include "parser/http_types.h"

namespace sse_proxy {

// Accept names `text/event-stream` literally; `*/*` does not count.
[[nodiscard]] bool accepts_event_stream(const Fields& request_fields);

// The response's media type is text/event-stream, in any case and with any parameters, and it has a body that
// is the whole of it (206 is not).
[[nodiscard]] bool is_event_stream(const ResponseHead& head, std::string_view request_method);

// For every request: hop-by-hop and framing fields go, and the underscore twins of fields that decide
// something. Without Accept-Encoding an event stream comes plain.
void apply_request_policy(RequestHead& head, bool expects_event_stream);
// The Host that an upstream is sent: `choice` is "keep", "upstream", or the Host itself. `authority`, the
// upstream's own, stands in where there is none to keep (HTTP/1.0).
void set_host(RequestHead& head, std::string_view choice, std::string_view authority);

// For every response: hop-by-hop and framing fields go.
void apply_response_policy(ResponseHead& head);
// For event streams, in addition. `decoded`: Content-Encoding no longer holds.
void apply_event_stream_policy(ResponseHead& head, bool decoded);
// The head of a stream that the proxy begins itself.
[[nodiscard]] ResponseHead own_event_stream_head();

// Trailer fields may not change framing, routing or authentication after the fact (RFC 9110 section 6.5.1).
void apply_trailer_policy(Fields& trailers);

}  // namespace sse_proxy
