// Chunks without extensions, RFC 9112 section 7.1: read at a glance, where llhttp takes a callback for each
// part.
#include <algorithm>
#include <array>

#include "parser/http1_parser.h"

namespace sse_proxy {
namespace {

bool begins_with_crlf(std::string_view bytes) noexcept {
  return bytes.size() >= 2 && bytes[0] == '\r' && bytes[1] == '\n';
}

constexpr uint8_t kNoDigit = 0xff;
// What each byte is worth as a hexadecimal digit.
constexpr auto kHexValues = [] {
  std::array<uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (uint8_t i = 0; i < 10; ++i) values['0' + i] = i;
  for (uint8_t i = 0; i < 6; ++i) values['a' + i] = values['A' + i] = static_cast<uint8_t>(10 + i);
  return values;
}();

}  // namespace

// Chunks as they come in earnest, RFC 9112 section 7.1 without extensions: a glance each. Anything else is
// llhttp's, which waits at the beginning of the same chunk. What was used of `bytes`, or fail().
size_t Http1Parser::read_chunks(std::string_view bytes) {
  const size_t size = bytes.size();
  while (!bytes.empty() && error_ == nullptr) {
    if (chunk_at_ == ChunkAt::size_line && !take_plain_size_line(bytes)) {
      chunk_at_ = ChunkAt::in_llhttp;
      break;
    }
    if (chunk_at_ == ChunkAt::data && !bytes.empty()) {
      const std::string_view data(bytes.data(), std::min<size_t>(bytes.size(), chunk_left_));
      bytes.remove_prefix(data.size());
      chunk_left_ -= data.size();
      if (chunk_left_ == 0) chunk_at_ = ChunkAt::data_cr;
      deliver_body(data);
    }
    if (chunk_at_ >= ChunkAt::data_cr && !take_data_end(bytes)) break;
  }
  return size - bytes.size();
}

// One to eight hexadecimal digits, not all zeros, and CR LF.
bool Http1Parser::take_plain_size_line(std::string_view& bytes) {
  constexpr size_t kMaxDigits = 8;
  const size_t most = std::min(bytes.size(), kMaxDigits);
  uint64_t chunk_size = 0;
  size_t digits = 0;
  for (; digits < most; ++digits) {
    const uint8_t value = kHexValues[static_cast<uint8_t>(bytes[digits])];
    if (value == kNoDigit) break;
    chunk_size = chunk_size << 4 | value;
  }
  if (chunk_size == 0 || !begins_with_crlf({bytes.data() + digits, bytes.size() - digits})) return false;
  bytes.remove_prefix(digits + 2);
  chunk_left_ = chunk_size;
  chunk_at_ = ChunkAt::data;
  return true;
}

// The CR LF after a chunk's data, as far as it has come. False after fail().
bool Http1Parser::take_data_end(std::string_view& bytes) {
  if (chunk_at_ == ChunkAt::data_cr && begins_with_crlf(bytes)) {
    bytes.remove_prefix(2);
    chunk_at_ = ChunkAt::size_line;
    return true;
  }
  for (; !bytes.empty() && chunk_at_ >= ChunkAt::data_cr; bytes.remove_prefix(1)) {
    if (bytes.front() != (chunk_at_ == ChunkAt::data_cr ? '\r' : '\n')) {
      const bool bare_lf = bytes.front() == '\n';  // the two cases, as llhttp tells them
      bytes.remove_prefix(bare_lf ? 1 : 0);
      llhttp_set_error_reason(
          &llhttp_, bare_lf ? "Missing expected CR after chunk data" : "Expected LF after chunk data");
      return fail(describe_failure(HPE_STRICT, nullptr, nullptr));
    }
    chunk_at_ = chunk_at_ == ChunkAt::data_cr ? ChunkAt::data_lf : ChunkAt::size_line;
  }
  return true;
}

}  // namespace sse_proxy
