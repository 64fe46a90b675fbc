// Runs a decoder as its callers do, for the tests of the decoders.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "parser/content_decoder.h"

namespace sse_proxy::test {

inline constexpr size_t kKiB = 1024;
inline constexpr size_t kMiB = 1024 * 1024;
inline constexpr size_t kPlenty = 64 * kMiB;

struct Decoded {
  std::string body;
  DecodeStep::Status status = DecodeStep::Status::more;
  bool complete = false;
  size_t left = 0;  // bytes that were given and not consumed
};

// The loop that every caller runs: until a step neither consumes nor produces. The input is a copy of its
// own, so that the sanitizer sees a decoder that reads past it.
void feed(ContentDecoder& decoder, std::string_view bytes, Decoded& decoded, size_t room = 4096);

// What a new decoder makes of the bytes, whose memory is given back.
Decoded decode_pieces(std::string_view coding, const std::vector<std::string_view>& pieces,
                      size_t room = 4096);
Decoded decode_all(std::string_view coding, std::string_view bytes, size_t room = 4096);

std::vector<std::string_view> one_byte_each(std::string_view bytes);

// Decoded without error to this body, to its end.
::testing::AssertionResult is_whole(const Decoded& decoded, std::string_view body);

std::string small_body();  // a few events
std::string random_bytes(size_t size);
std::string words(size_t size);  // events that compress

// So many zeros: a bomb.
std::string zeros_encoded(std::string_view codings, size_t size);

}  // namespace sse_proxy::test
