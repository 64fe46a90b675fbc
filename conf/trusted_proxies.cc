#include "conf/trusted_proxies.h"

#include "conf/units.h"

namespace sse_proxy {
namespace {

// RFC 1918, RFC 6598 (shared by carriers and clouds), loopback, RFC 4193, IPv6 link-local.
constexpr std::string_view kPrivate[] = {"10.0.0.0/8",  "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
                                         "127.0.0.0/8", "::1",           "fc00::/7",       "fe80::/10"};

Error problem(std::string message) { return {Side::self, 0, std::move(message)}; }

// "10.1.2.3/8" could mean the one address as well as the range.
std::string advice(std::string_view text) {
  const auto base = IpAddress::parse(text.substr(0, text.find('/')));
  if (!base) return " is not an address: write one such as 10.0.0.0/8 or 2001:db8::1, private, unix or none";
  const unsigned longest = base->is_v4() ? 32 : 128;
  for (unsigned bits = longest; bits > 0; --bits) {
    const std::string length = "/" + std::to_string(bits);
    if (!text.ends_with(length)) continue;
    const std::string network = base->network(bits + 128 - longest).text() + length;
    return " has bits set after its first " + std::to_string(bits) + ": write " + network + " or " +
           base->text();
  }
  return " has no prefix length from 0 to " + std::to_string(longest) + " after its slash";
}

}  // namespace

Result<TrustedProxies> parse_trusted_proxies(std::span<const std::string> items) {
  TrustedProxies out{{items.begin(), items.end()}, {}, false};
  for (const std::string& item : items) {
    if (item == "none") {
      if (items.size() > 1) return problem("\"none\" does not go with others: leave it or them out");
    } else if (item == "unix") {
      out.unix_peers = true;
    } else if (item == "private") {
      for (std::string_view range : kPrivate) out.ranges.push_back(*AddressRange::parse(range));
    } else if (const auto range = AddressRange::parse(item)) {
      out.ranges.push_back(*range);
    } else {
      return problem(in_quotes(item) + advice(item));
    }
  }
  return out;
}

TrustedProxies default_trusted_proxies() {
  const std::string items[] = {"private", "unix"};
  return *parse_trusted_proxies(items);
}

}  // namespace sse_proxy
