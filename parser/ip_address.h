// IP addresses as values: of peers, of ranges that are trusted, of entries in X-Forwarded-For. No socket.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sse_proxy {

// An IPv4 or IPv6 address. An IPv4-mapped one (RFC 4291 section 2.5.5.2) is the IPv4 address in it.
class IpAddress {
 public:
  using Bytes = std::array<uint8_t, 16>;

  static IpAddress v4(std::span<const uint8_t, 4> bytes) noexcept;
  static IpAddress v6(std::span<const uint8_t, 16> bytes) noexcept;
  static std::optional<IpAddress> parse(std::string_view text) noexcept;  // "192.0.2.1", "2001:db8::1"

  [[nodiscard]] bool is_v4() const noexcept;
  // The address with only its first bits; of 128, also for IPv4, whose own begin at 96.
  [[nodiscard]] IpAddress network(unsigned bits) const noexcept;
  [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::string text() const;
  bool operator==(const IpAddress&) const = default;

 private:
  Bytes bytes_{};  // IPv4 is kept mapped: ::ffff:192.0.2.1
};

// All addresses that begin with the same bits: "10.0.0.0/8", "fc00::/7"; a bare address is a range of one.
struct AddressRange {
  IpAddress base;
  unsigned bits = 128;  // of 128, as in IpAddress::network()

  // No range: not an address, a length that is too long, or bits set after it.
  static std::optional<AddressRange> parse(std::string_view text) noexcept;
  [[nodiscard]] bool contains(const IpAddress& address) const noexcept;
};

// Who is at the other end of a connection, or on whose behalf it speaks.
struct PeerAddress {
  std::optional<IpAddress> ip;  // none: a Unix socket
  uint16_t port = 0;            // 0: not known

  [[nodiscard]] std::string text() const;  // "192.0.2.1:80", "[::1]:80", "192.0.2.1", "unix"
  bool operator==(const PeerAddress&) const = default;
};

// `trusted_proxies`, taken apart.
struct TrustedProxies {
  std::vector<std::string> texts;  // as written, for messages
  std::vector<AddressRange> ranges;
  bool unix_peers = false;

  [[nodiscard]] bool trusts(const PeerAddress& peer) const noexcept;
};

}  // namespace sse_proxy
