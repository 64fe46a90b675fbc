#include "parser/forwarding.h"

#include <algorithm>
#include <array>
#include <optional>

namespace sse_proxy {
namespace {

constexpr std::string_view kFor = "X-Forwarded-For";
constexpr std::string_view kHost = "X-Forwarded-Host";
constexpr std::string_view kProto = "X-Forwarded-Proto";
constexpr std::string_view kRequestId = "X-Request-Id";
constexpr std::string_view kCertSubject = "X-Client-Cert-Subject";
constexpr std::string_view kCertVerified = "X-Client-Cert-Verified";

bool tells_origin(std::string_view name) noexcept {
  constexpr std::string_view kPrefix = "x-forwarded-";
  return equals_ignoring_case(name.substr(0, kPrefix.size()), kPrefix) ||
         equals_ignoring_case(name, "forwarded") || equals_ignoring_case(name, "x-real-ip");
}

// An entry of X-Forwarded-For: some hops write the port too.
std::optional<PeerAddress> parse_entry(std::string_view entry) noexcept {
  if (entry.starts_with('[')) {
    const size_t close = entry.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    entry = entry.substr(1, close - 1);
  } else if (std::ranges::count(entry, ':') == 1) {
    entry = entry.substr(0, entry.find(':'));
  }
  const auto ip = IpAddress::parse(entry);
  return ip ? std::optional(PeerAddress{ip}) : std::nullopt;
}

// From the right, past whoever is trusted. An entry that is no address ends the search: who wrote it is
// known, whom it means is not.
PeerAddress client_address(std::string_view forwarded_for, const PeerAddress& source,
                           const TrustedProxies& trusted) {
  PeerAddress client = source;
  while (!forwarded_for.empty() && trusted.trusts(client)) {
    const size_t comma = forwarded_for.rfind(',');
    const std::string_view entry =
        comma == std::string_view::npos ? forwarded_for : forwarded_for.substr(comma + 1);
    forwarded_for = forwarded_for.substr(0, comma == std::string_view::npos ? 0 : comma);
    if (trimmed(entry).empty()) continue;  // RFC 9110 section 5.6.1
    const auto address = parse_entry(trimmed(entry));
    if (!address) break;
    client = *address;
  }
  return client;
}

// All fields of that name as one list (RFC 9110 section 5.3).
std::string joined(const Fields& fields, std::string_view name) {
  std::string list;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!equals_ignoring_case(fields[i].name, name) || fields[i].value.empty()) continue;
    list.append(list.empty() ? "" : ", ").append(fields[i].value);
  }
  return list;
}

void set_if_missing(Fields& fields, std::string_view name, std::string_view value) {
  if (!fields.find(name) && !value.empty()) fields.add(name, value);
}

// What an id may look like that anybody can send: UUIDs, hex, base64, and nothing that a log or a shell
// minds.
bool is_plain_id(std::string_view id) noexcept {
  constexpr size_t kLongest = 128;
  return !id.empty() && id.size() <= kLongest && std::ranges::all_of(id, [](char c) {
    const char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && std::string_view("-._~+/=:").find(c) != std::string_view::npos);
  });
}

std::string to_hex(uint64_t high, uint64_t low) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(32);
  for (const uint64_t half : {high, low}) {
    for (int shift = 60; shift >= 0; shift -= 4) hex += kDigits[half >> shift & 15];
  }
  return hex;
}

}  // namespace

RequestOrigin apply_forwarding_policy(RequestHead& head, const ConnectionFacts& connection,
                                      const TrustedProxies& trusted, uint64_t random_high,
                                      uint64_t random_low) {
  Fields& fields = head.fields;
  const bool trusts_peer = trusted.trusts(connection.peer);
  fields.remove(kCertSubject);
  fields.remove(kCertVerified);
  if (!trusts_peer) fields.remove_if([](const Fields::View& field) { return tells_origin(field.name); });

  std::string list = joined(fields, kFor);
  RequestOrigin origin{client_address(list, connection.source, trusted), joined(fields, kRequestId)};
  if (connection.source.ip) list.append(list.empty() ? "" : ", ").append(connection.source.ip->text());
  list.empty() ? fields.remove(kFor) : fields.set(kFor, list);
  set_if_missing(fields, kProto, connection.scheme);
  set_if_missing(fields, kHost, std::string(fields.find(FieldId::host).value_or("")));
  if (origin.id.empty() || (!trusts_peer && !is_plain_id(origin.id))) {
    origin.id = to_hex(random_high, random_low);
    fields.set(kRequestId, origin.id);
  }
  if (!connection.certificate_subject.empty()) {
    fields.add(kCertSubject, connection.certificate_subject);
    fields.add(kCertVerified, "SUCCESS");
  }
  return origin;
}

}  // namespace sse_proxy
