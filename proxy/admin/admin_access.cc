#include "proxy/admin/admin_access.h"

#include <string>

namespace sse_proxy {
namespace {

bool is_for_everybody(std::string_view path) noexcept {
  return path == "/healthz" || path == "/readyz" || path == "/metrics";
}

// Browsers say whose page asks (Fetch Metadata, and Origin before it); other clients say nothing.
bool is_cross_site(const RequestHead& head) {
  const auto site = head.fields.find("sec-fetch-site");
  if (site && *site != "same-origin" && *site != "none") return true;
  const auto origin = head.fields.find("origin");
  return origin && *origin != "http://" + std::string(head.fields.find(FieldId::host).value_or(""));
}

}  // namespace

bool is_local(const PeerAddress& peer) noexcept {
  static const AddressRange kLoopback4 = *AddressRange::parse("127.0.0.0/8");
  static const AddressRange kLoopback6 = *AddressRange::parse("::1");
  return !peer.ip || kLoopback4.contains(*peer.ip) || kLoopback6.contains(*peer.ip);
}

bool is_trustworthy_host(std::string_view host) noexcept {
  if (host.starts_with('[')) return true;  // an address: the parser has checked that
  std::string_view name = host.substr(0, host.find(':'));
  if (name.find('.') == std::string_view::npos) return true;
  return equals_ignoring_case(name, "localhost.") || IpAddress::parse(name).has_value();
}

std::optional<Error> check_access(const RequestHead& head, const PeerAddress& peer, bool remote) {
  if (is_for_everybody(head.path())) return std::nullopt;
  if (!remote && !is_local(peer)) {
    return Error{Side::client, 403,
                 "only /healthz, /readyz and /metrics are for other machines: see admin_remote"};
  }
  if (!is_trustworthy_host(head.fields.find(FieldId::host).value_or(""))) {
    return Error{Side::client, 403, "ask for this by an IP address, localhost, or a name without a dot"};
  }
  if (head.method != "GET" && head.method != "HEAD" && is_cross_site(head)) {
    return Error{Side::client, 403, "a page of another site asks for a change"};
  }
  return std::nullopt;
}

}  // namespace sse_proxy
