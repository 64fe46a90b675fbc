// The Upgrade field: who may leave HTTP, and for what (RFC 9110 section 7.8).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "parser/http_types.h"

namespace sse_proxy {

// The protocols that the client asks for and that are allowed, as it wrote them; "" where there are none, and
// where Upgrade means nothing: HTTP/1.0, not named by Connection, or a body that would have to come first.
// Before apply_request_policy(), which removes the field.
[[nodiscard]] std::string wanted_upgrades(const RequestHead& head, std::span<const std::string> allowed);
// Asks the upstream for `protocols`; after apply_request_policy().
void ask_for_upgrade(RequestHead& head, std::string_view protocols);

// What a 101 switches to, as the upstream wrote it; "" unless it is among the protocols that were asked for.
// Before apply_response_policy().
[[nodiscard]] std::string agreed_upgrade(const ResponseHead& head, std::string_view asked);

}  // namespace sse_proxy
