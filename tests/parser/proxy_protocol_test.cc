#include "parser/proxy_protocol.h"

#include <gtest/gtest.h>

namespace sse_proxy {
namespace {

constexpr size_t kLimit = 1024;
const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

struct Read {
  ParseStatus status = ParseStatus::more;
  size_t consumed = 0;
  std::string source = "(the peer)";
  std::string error;
  bool operator==(const Read&) const = default;
};

// `pieces` are what the reads bring.
Read read(std::initializer_list<std::string_view> pieces, size_t limit = kLimit) {
  ProxyHeaderParser parser(limit);
  Read out;
  for (std::string_view piece : pieces) {
    if (out.status != ParseStatus::more) break;
    const ParseStep step = parser.feed(piece);
    out.status = step.status;
    out.consumed += step.consumed;
  }
  if (parser.source()) out.source = parser.source()->text();
  out.error = parser.error();
  return out;
}

std::string v2(uint8_t command, uint8_t family, std::string_view rest) {
  const auto byte = [](size_t value) { return std::string(1, static_cast<char>(value)); };
  return kSignature + byte(command) + byte(family) + byte(rest.size() >> 8) + byte(rest.size() & 0xff) +
         std::string(rest);
}

const std::string kInet("\xc0\x00\x02\x01\xc6\x33\x64\x01\x10\xe1\x00\x50", 12);
const std::string kInet6(
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\x10\xe1\x01\xbb",
    36);
const std::string kTlvs("\x01\x00\x02h2\x04\x00\x03\0\0\0", 11);

struct Header {
  std::string bytes;
  std::string source;
};

const std::vector<Header>& headers() {
  static const std::vector<Header> rows = {
      {"PROXY TCP4 192.0.2.1 198.51.100.1 4321 80\r\n", "192.0.2.1:4321"},
      {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 0 80\r\n", "192.0.2.1"},
      {"PROXY TCP6 2001:db8::1 2001:db8::2 4321 443\r\n", "[2001:db8::1]:4321"},
      {"PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 4321 443\r\n", "192.0.2.1:4321"},
      {"PROXY UNKNOWN\r\n", "(the peer)"},
      {"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", "(the peer)"},
      {"PROXY UNKNOWN " + std::string(107 - 16, 'x') + "\r\n", "(the peer)"},
      {v2(0x21, 0x11, kInet), "192.0.2.1:4321"},
      {v2(0x21, 0x11, kInet + kTlvs), "192.0.2.1:4321"},
      {v2(0x21, 0x21, kInet6), "[2001:db8::1]:4321"},
      {v2(0x21, 0x21, kInet6 + kTlvs), "[2001:db8::1]:4321"},
      {v2(0x21, 0x31, std::string(216, '/')), "unix"},
      {v2(0x21, 0x31, std::string(216, '/') + kTlvs), "unix"},
      {v2(0x21, 0x00, ""), "(the peer)"},
      {v2(0x21, 0x00, kTlvs), "(the peer)"},
      {v2(0x20, 0x00, ""), "(the peer)"},
      {v2(0x20, 0x11, kInet), "(the peer)"},
      {v2(0x20, 0x00, kTlvs), "(the peer)"},
      {v2(0x21, 0x11, kInet + std::string(kLimit - 16 - 12, 't')), "192.0.2.1:4321"},
  };
  return rows;
}

TEST(ProxyHeader, BothVersionsNameTheSourceAndWhatFollowsIsLeftAlone) {
  for (const auto& [bytes, source] : headers()) {
    const Read expected{ParseStatus::complete, bytes.size(), source, ""};
    EXPECT_EQ(read({bytes}), expected) << testing::PrintToString(bytes);
    EXPECT_EQ(read({bytes + "GET / HTTP/1.1\r\n"}), expected) << testing::PrintToString(bytes);
  }
}

TEST(ProxyHeader, ItMayBeCutAtAnyByte) {
  for (const auto& [bytes, source] : headers()) {
    const std::string_view whole(bytes);
    for (size_t cut = 0; cut < whole.size(); ++cut) {
      EXPECT_EQ(read({whole.substr(0, cut)}).status, ParseStatus::more) << bytes << " cut at " << cut;
      EXPECT_EQ(read({whole.substr(0, cut), whole.substr(cut)}), read({whole})) << bytes << " cut at " << cut;
    }
  }
}

TEST(ProxyHeader, WhatIsNoHeaderFailsAtTheFirstByteThatShowsIt) {
  const struct {
    std::string bytes;
    size_t shown_after;
    std::string_view error;
  } rows[] = {
      {"GET / HTTP/1.1\r\n", 1, "signature"},
      {"PRI * HTTP/2.0\r\n", 3, "signature"},
      {"PROXYTCP4", 6, "signature"},
      {"\r\n\r\nGET /", 5, "signature"},
      {std::string("\r\n\r\n\0\r\nQUIT\r", 12), 12, "signature"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 4321 80\n", 42, "CR LF"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 4321 80\rx", 43, "CR LF"},
      {"PROXY UNKNOWN " + std::string(200, 'x'), 107, "107"},
      {"PROXY UNKNOWN " + std::string(107 - 15, 'x') + "\r\n", 107, "107"},
      {"PROXY UNKNOWNS\r\n", 16, "two addresses"},
      {"PROXY TCP4\r\n", 12, "two addresses"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 4321\r\n", 40, "two addresses"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 4321 80 \r\n", 44, "two addresses"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 4321 80 1\r\n", 45, "two addresses"},
      {"PROXY  TCP4 192.0.2.1 198.51.100.1 4321 80\r\n", 44, "two addresses"},
      {"PROXY UDP4 192.0.2.1 198.51.100.1 4321 80\r\n", 43, "family"},
      {"PROXY tcp4 192.0.2.1 198.51.100.1 4321 80\r\n", 43, "family"},
      {"PROXY TCP4 2001:db8::1 2001:db8::2 4321 80\r\n", 44, "an address"},
      {"PROXY TCP6 192.0.2.1 198.51.100.1 4321 80\r\n", 43, "an address"},
      {"PROXY TCP4 192.0.2.01 198.51.100.1 4321 80\r\n", 44, "an address"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1000 4321 80\r\n", 46, "an address"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 65536 80\r\n", 44, "a port"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 4321 -1\r\n", 43, "a port"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 04321 80\r\n", 44, "a port"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 4321 \r\n", 41, "a port"},
      {v2(0x11, 0x11, kInet), 16, "version other than 2"},
      {v2(0x22, 0x11, kInet), 16, "command"},
      {v2(0x21, 0x41, kInet), 16, "family"},
      {v2(0x21, 0x12, kInet), 16, "byte stream"},
      {v2(0x21, 0x10, kInet), 16, "byte stream"},
      {v2(0x21, 0x11, kInet.substr(1)), 16, "shorter"},
      {v2(0x21, 0x21, kInet), 16, "shorter"},
      {v2(0x21, 0x11, kInet + std::string(kLimit, 't')), 16, "limits.header_bytes"},
      {v2(0x20, 0x00, std::string(65535, 't')), 16, "limits.header_bytes"},
  };
  for (const auto& [bytes, shown_after, error] : rows) {
    const Read got = read({bytes});
    EXPECT_EQ(got.status, ParseStatus::failed) << testing::PrintToString(bytes);
    EXPECT_EQ(got.consumed, shown_after) << testing::PrintToString(bytes);
    EXPECT_NE(got.error.find(error), std::string::npos)
        << got.error << " for " << testing::PrintToString(bytes);
    EXPECT_EQ(got.source, "(the peer)");
  }
}

}  // namespace
}  // namespace sse_proxy
