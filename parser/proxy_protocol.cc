#include "parser/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sse_proxy {
namespace {

constexpr std::string_view kPrefixV1 = "PROXY ";
constexpr std::string_view kSignatureV2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kMostV1 = 107;  // CR LF included
constexpr size_t kFixedV2 = 16;  // signature, version and command, family and protocol, length

// Commands (0 is LOCAL) and address families of version 2.
constexpr uint8_t kProxy = 1;
constexpr uint8_t kUnspecified = 0, kInet = 1, kInet6 = 2, kUnix = 3;
constexpr uint8_t kStream = 1;

// Both addresses, and both ports but for kUnix.
size_t address_bytes(uint8_t family) noexcept {
  switch (family) {
    case kInet: return 12;
    case kInet6: return 36;
    case kUnix: return 216;
    default: return 0;
  }
}

bool is_port(std::string_view text, uint16_t& port) noexcept {
  const bool padded = text.size() > 1 && text.front() == '0';
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  return !padded && failure == std::errc() && rest == text.data() + text.size();
}

}  // namespace

ParseStep ProxyHeaderParser::feed(std::string_view bytes) {
  ParseStep step;
  while (step.status == ParseStatus::more && step.consumed < bytes.size()) {
    if (to_skip_ > 0) {
      const size_t skipped = std::min(to_skip_, bytes.size() - step.consumed);
      step.consumed += skipped;
      to_skip_ -= skipped;
      if (to_skip_ == 0) step.status = ParseStatus::complete;
    } else {
      header_ += bytes[step.consumed++];
      step.status = on_byte();
    }
  }
  return step;
}

ParseStatus ProxyHeaderParser::on_byte() {
  const std::string_view header(header_);
  if (header.starts_with(kSignatureV2)) return on_byte_of_v2();
  if (header.starts_with(kPrefixV1)) return on_byte_of_v1();
  if (kSignatureV2.starts_with(header) || kPrefixV1.starts_with(header)) return ParseStatus::more;
  return fail("the first bytes are the signature of no version");
}

// "PROXY TCP4 192.0.2.1 192.0.2.2 4321 80\r\n"
ParseStatus ProxyHeaderParser::on_byte_of_v1() {
  const std::string_view header(header_);
  if (header.ends_with("\r\n")) return read_addresses_of_v1(header.substr(0, header.size() - 2));
  if (header.size() == kMostV1) return fail("version 1: longer than 107 bytes");
  const bool lone_end = header.back() == '\n' || header[header.size() - 2] == '\r';
  return lone_end ? fail("version 1: the line does not end in CR LF") : ParseStatus::more;
}

ParseStatus ProxyHeaderParser::read_addresses_of_v1(std::string_view line) {
  line.remove_prefix(kPrefixV1.size());
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return ParseStatus::complete;  // the rest is ignored
  std::array<std::string_view, 5> words;  // family, source, destination, their ports
  for (size_t i = 0; i < words.size(); ++i) {
    const size_t end = std::min(line.find(' '), line.size());
    if (i + 1 == words.size() ? end < line.size() : end == line.size())
      return fail("version 1: not a family, two addresses and two ports");
    words[i] = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  const auto& [family, source, destination, source_port, destination_port] = words;
  if (family != "TCP4" && family != "TCP6")
    return fail("version 1: a family other than TCP4, TCP6 and UNKNOWN");
  const auto is_of_family = [v6 = family == "TCP6"](std::string_view text) {
    return v6 == (text.find(':') != std::string_view::npos);
  };
  const auto from = IpAddress::parse(source);
  if (!from || !IpAddress::parse(destination) || !is_of_family(source) || !is_of_family(destination))
    return fail("version 1: an address that is none of its family");
  uint16_t port = 0;
  uint16_t ignored = 0;
  if (!is_port(source_port, port) || !is_port(destination_port, ignored))
    return fail("version 1: a port that is none");
  source_ = PeerAddress{from, port};
  return ParseStatus::complete;
}

ParseStatus ProxyHeaderParser::on_byte_of_v2() {
  if (header_.size() < kFixedV2) return ParseStatus::more;
  if (header_.size() == kFixedV2) return begin_addresses_of_v2();
  return header_.size() < kFixedV2 + address_bytes_ ? ParseStatus::more : read_source_of_v2();
}

ParseStatus ProxyHeaderParser::begin_addresses_of_v2() {
  const uint8_t command = byte(12) & 0xf;
  const uint8_t family = byte(13) >> 4;
  const uint8_t protocol = byte(13) & 0xf;
  const size_t length = static_cast<size_t>(byte(14)) << 8 | byte(15);
  if (byte(12) >> 4 != 2) return fail("version 2: a version other than 2 after its signature");
  if (command > kProxy) return fail("version 2: a command other than LOCAL and PROXY");
  if (kFixedV2 + length > max_bytes_) return fail("version 2: longer than limits.header_bytes");
  if (command == kProxy && family != kUnspecified) {
    if (family > kUnix) return fail("version 2: an unknown address family");
    if (protocol != kStream) return fail("version 2: a protocol that is no byte stream");
    address_bytes_ = address_bytes(family);
    if (length < address_bytes_) return fail("version 2: shorter than its addresses");
  }
  if (length == 0) return ParseStatus::complete;
  to_skip_ = address_bytes_ > 0 ? 0 : length;
  return ParseStatus::more;
}

ParseStatus ProxyHeaderParser::read_source_of_v2() {
  std::array<uint8_t, 36> addresses{};
  std::copy_n(header_.begin() + kFixedV2, std::min(address_bytes_, addresses.size()), addresses.begin());
  const std::span bytes(addresses);
  const auto port_at = [&](size_t at) {
    return static_cast<uint16_t>(addresses[at] << 8 | addresses[at + 1]);
  };
  switch (byte(13) >> 4) {
    case kInet: source_ = PeerAddress{IpAddress::v4(bytes.first<4>()), port_at(8)}; break;
    case kInet6: source_ = PeerAddress{IpAddress::v6(bytes.first<16>()), port_at(32)}; break;
    default: source_ = PeerAddress{}; break;  // a Unix socket
  }
  const size_t length = static_cast<size_t>(byte(14)) << 8 | byte(15);
  to_skip_ = length - address_bytes_;
  return to_skip_ == 0 ? ParseStatus::complete : ParseStatus::more;
}

ParseStatus ProxyHeaderParser::fail(std::string_view why) {
  error_ = why;
  return ParseStatus::failed;
}

}  // namespace sse_proxy
