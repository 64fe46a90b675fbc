// Who may ask the admin listener for what. Pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "parser/http_types.h"
#include "parser/ip_address.h"
#include "parser/result.h"

namespace sse_proxy {

// This machine's own: loopback, or a Unix socket.
[[nodiscard]] bool is_local(const PeerAddress& peer) noexcept;

// Whether a Host names this listener as only its own users would: an IP address, localhost, or a name without
// a dot. Nobody can register those, so that no web page can make a browser take this listener for its own
// site (DNS rebinding).
[[nodiscard]] bool is_trustworthy_host(std::string_view host) noexcept;

// Probes and metrics are for everybody; the rest is for local peers, or all with `remote`, who ask for it by
// a trustworthy Host; and nothing is changed at the request of another site's page.
[[nodiscard]] std::optional<Error> check_access(const RequestHead& head, const PeerAddress& peer,
                                                bool remote);

}  // namespace sse_proxy
