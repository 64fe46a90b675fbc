// What a message must satisfy before anything of it is forwarded (RFC 9112 sections 3 and 6, RFC 9110 section
// 7). llhttp refuses malformed lines; these are the rules that it leaves to its user.
#pragma once

#include <optional>
#include <string_view>

#include "parser/http_types.h"
#include "parser/result.h"

namespace sse_proxy {

// How the request's body ends: one decimal Content-Length, or exactly one `chunked`, or no body.
Result<BodyFraming> request_framing(const Fields& fields, Version version);
// The same for a response to `method`; without either field the body lasts until the connection closes.
Result<BodyFraming> response_framing(const Fields& fields, Version version, std::string_view method,
                                     int status);

// Checks target, Host and Connection; turns an absolute-form target into origin-form and lets it replace
// Host. An HTTP/1.0 request without Host is left without.
std::optional<Error> check_and_normalise(RequestHead& head);

// RFC 9112 section 4: no control character but the tab.
[[nodiscard]] bool is_reason_phrase(std::string_view text) noexcept;

}  // namespace sse_proxy
