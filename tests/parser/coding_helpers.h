// Encoders for the tests of the decoders: one event at a time, flushed, as an origin would.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace sse_proxy::test {

// Applies one coding, or several in a row.
class Encoder {
 public:
  virtual ~Encoder() = default;
  // The bytes after which all of the text so far can be decoded.
  virtual std::string flush(std::string_view text) = 0;
  // The last bytes.
  virtual std::string finish() = 0;
};

// `codings`: gzip, deflate, raw-deflate, br or zstd, joined by commas in the order in which they are applied.
// `window_log`: the window that the encoder declares, 0: its default.
std::unique_ptr<Encoder> make_encoder(std::string_view codings, int window_log = 0);

// The whole body in one go, flushed before it is finished (so that no encoder knows the size in advance).
std::string encode(std::string_view codings, std::string_view body, int window_log = 0);

}  // namespace sse_proxy::test
