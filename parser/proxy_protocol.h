// The PROXY protocol, versions 1 and 2, as HAProxy's proxy-protocol.txt specifies it for receivers.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "parser/http1_parser.h"
#include "parser/ip_address.h"

namespace sse_proxy {

// ProxyHeaderParser takes the header off the front of a connection; what follows it is left alone. TLVs are
// skipped.
//   Owned by  a connection, until the header is complete. Thread: its worker's.
//   Fails     once, by ParseStatus::failed with error(), at the first byte that no header can have there.
class ProxyHeaderParser {
 public:
  // `max_bytes` bounds a header of version 2 with its TLVs.
  explicit ProxyHeaderParser(size_t max_bytes) : max_bytes_(max_bytes) {}

  // After `complete` or `failed` it must not be called again.
  ParseStep feed(std::string_view bytes);
  [[nodiscard]] bool untouched() const noexcept { return header_.empty(); }
  // Whom the header names. None: the peer speaks for itself (LOCAL, UNKNOWN).
  [[nodiscard]] const std::optional<PeerAddress>& source() const noexcept { return source_; }
  [[nodiscard]] std::string_view error() const noexcept { return error_; }

 private:
  ParseStatus on_byte();
  ParseStatus on_byte_of_v1();
  ParseStatus on_byte_of_v2();
  ParseStatus begin_addresses_of_v2();
  ParseStatus read_addresses_of_v1(std::string_view line);
  ParseStatus read_source_of_v2();
  ParseStatus fail(std::string_view why);
  [[nodiscard]] uint8_t byte(size_t at) const noexcept { return static_cast<uint8_t>(header_[at]); }

  size_t max_bytes_;
  std::string header_;        // without TLVs, which nobody reads
  size_t address_bytes_ = 0;  // of version 2
  size_t to_skip_ = 0;        // of what follows them
  std::optional<PeerAddress> source_;
  std::string_view error_;
};

}  // namespace sse_proxy
