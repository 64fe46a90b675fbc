// HTTP/1.1 heads, chunk framing and the proxy's own answers as bytes (RFC 9112 sections 2 to 7).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "parser/http_types.h"

namespace sse_proxy {

// Appends a request head in HTTP/1.1, with the one framing field that `head.body` asks for.
void write_request_head(const RequestHead& head, std::string& out);

// Appends a status line, the fields, framing and `connection` ("close", "keep-alive", or "" for none).
void write_response_head(const ResponseHead& head, std::string_view connection, std::string& out);

// Appends the fields, each on its line, and the blank line after them.
void write_fields(const Fields& fields, std::string& out);

inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

// The line before a chunk's bytes, formatted in place: no allocation.
class ChunkHead {
 public:
  // size > 0: an empty chunk would end the body.
  explicit ChunkHead(uint64_t size) noexcept {
    size_t from = text_.size();
    text_[--from] = '\n';
    text_[--from] = '\r';
    for (; size > 0; size >>= 4) text_[--from] = "0123456789abcdef"[size & 0xf];
    from_ = from;
  }
  [[nodiscard]] std::string_view view() const noexcept {
    return {text_.data() + from_, text_.size() - from_};
  }

 private:
  std::array<char, 18> text_;  // NOLINT(cppcoreguidelines-pro-type-member-init): written from the back
  size_t from_;
};

// The body of an answer that the proxy gives itself: {"error":{"code":…,"message":…}}.
std::string own_error_body(int status, std::string_view message);
// A JSON string literal, quotes included. Bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

}  // namespace sse_proxy
