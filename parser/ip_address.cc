#include "parser/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace sse_proxy {
namespace {

constexpr unsigned kMappedBits = 96;
constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

IpAddress IpAddress::v4(std::span<const uint8_t, 4> bytes) noexcept {
  IpAddress address;
  std::ranges::copy(kMapped, address.bytes_.begin());
  std::ranges::copy(bytes, address.bytes_.begin() + kMapped.size());
  return address;
}

IpAddress IpAddress::v6(std::span<const uint8_t, 16> bytes) noexcept {
  IpAddress address;
  std::ranges::copy(bytes, address.bytes_.begin());
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::ranges::copy(text, terminated.begin());
  Bytes bytes{};
  if (inet_pton(AF_INET, terminated.data(), bytes.data()) == 1) return v4(std::span(bytes).first<4>());
  if (inet_pton(AF_INET6, terminated.data(), bytes.data()) == 1) return v6(bytes);
  return std::nullopt;
}

bool IpAddress::is_v4() const noexcept { return std::equal(kMapped.begin(), kMapped.end(), bytes_.begin()); }

IpAddress IpAddress::network(unsigned bits) const noexcept {
  IpAddress out;
  std::copy_n(bytes_.begin(), bits / 8, out.bytes_.begin());
  if (bits % 8 != 0) out.bytes_[bits / 8] = bytes_[bits / 8] & static_cast<uint8_t>(0xff00 >> bits % 8);
  return out;
}

std::string IpAddress::text() const {
  if (is_v4()) {
    std::string dotted;
    for (size_t i = kMapped.size(); i < bytes_.size(); ++i) {
      std::array<char, 3> digits{};
      const char* const end = std::to_chars(digits.begin(), digits.end(), bytes_[i]).ptr;
      dotted.append(dotted.empty() ? "" : ".").append(std::string_view(digits.data(), end));
    }
    return dotted;
  }
  std::array<char, INET6_ADDRSTRLEN> out{};
  inet_ntop(AF_INET6, bytes_.data(), out.data(), out.size());
  return out.data();
}

std::optional<AddressRange> AddressRange::parse(std::string_view text) noexcept {
  const std::string_view literal = text.substr(0, text.find('/'));
  const auto base = IpAddress::parse(literal);
  if (!base) return std::nullopt;
  if (literal.size() == text.size()) return AddressRange{*base, 128};
  const std::string_view length = text.substr(literal.size() + 1);
  unsigned bits = 0;
  const auto [rest, failure] = std::from_chars(length.data(), length.data() + length.size(), bits);
  if (failure != std::errc() || rest != length.data() + length.size() || bits > 128) return std::nullopt;
  if (literal.find(':') == std::string_view::npos) bits += kMappedBits;
  const bool wider_than_mapped = base->is_v4() && bits < kMappedBits;
  if (bits > 128 || wider_than_mapped || base->network(bits) != *base) return std::nullopt;
  return AddressRange{*base, bits};
}

// An IPv6 range holds no IPv4 address: ::/0 is all of IPv6 only.
bool AddressRange::contains(const IpAddress& address) const noexcept {
  const size_t whole = bits / 8;
  const IpAddress::Bytes& ours = base.bytes();
  const IpAddress::Bytes& theirs = address.bytes();
  if (std::memcmp(ours.data(), theirs.data(), whole) != 0) return false;
  const auto mask = static_cast<uint8_t>(0xff00 >> bits % 8);
  if (bits % 8 != 0 && (theirs[whole] & mask) != ours[whole]) return false;
  return bits >= kMappedBits || address.is_v4() == base.is_v4();
}

std::string PeerAddress::text() const {
  if (!ip) return "unix";
  if (port == 0) return ip->text();
  return (ip->is_v4() ? ip->text() : "[" + ip->text() + "]") + ":" + std::to_string(port);
}

bool TrustedProxies::trusts(const PeerAddress& peer) const noexcept {
  if (!peer.ip) return unix_peers;
  return std::ranges::any_of(ranges, [&](const AddressRange& range) { return range.contains(*peer.ip); });
}

}  // namespace sse_proxy
