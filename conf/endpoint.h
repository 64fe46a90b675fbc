// The addresses of `listen` and `upstream`, taken apart and checked; nothing is looked up.
// An error's message is a clause about the text, with the form that would be right.
#pragma once

#include <string>
#include <string_view>

#include "conf/options.h"
#include "parser/result.h"

namespace sse_proxy {

// `host:port`, `[v6]:port` or `unix:/path`, with or without `http://` or `https://` in front.
Result<Endpoint> parse_listen(std::string_view text);

// As parse_listen(), without TLS: `http://` may be in front, `https://` not.
Result<Endpoint> parse_admin(std::string_view text);

// `http://host[:port]`, `https://host[:port]` or `unix:/path`; the scheme's port, 80 or 443, where none is
// given.
Result<Endpoint> parse_upstream(std::string_view text);

// Whether text can stand in a Host field: `name`, `name:port`, `[v6]:port`.
bool is_authority(std::string_view text);

// A host name or an IP address without brackets: what a certificate can be for.
bool is_server_name(std::string_view text);

// Whether the endpoint's host is a name: neither an IP address nor a Unix socket.
bool has_host_name(const Endpoint& endpoint);

// Whether a request sent to `upstream` would arrive at `listener`: the same address and port, or a
// listener on all addresses and this machine's own.
bool reaches(const Endpoint& upstream, const Endpoint& listener);

}  // namespace sse_proxy
