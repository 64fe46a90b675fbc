// The value of `trusted_proxies`: ranges of addresses, and words for the usual ones.
#pragma once

#include <span>
#include <string>

#include "parser/ip_address.h"
#include "parser/result.h"

namespace sse_proxy {

// Items: "10.0.0.0/8", "2001:db8::1", `private` (private, shared, loopback and link-local addresses), `unix`
// (peers on Unix sockets), or `none` by itself. An error's message is a clause about the bad item.
Result<TrustedProxies> parse_trusted_proxies(std::span<const std::string> items);

// `private` and `unix`: what can only be a neighbour.
TrustedProxies default_trusted_proxies();

}  // namespace sse_proxy
