#include "tests/parser/coding_helpers.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

namespace sse_proxy::test {
namespace {

void require(bool condition) {
  if (!condition) std::abort();  // an encoder that fails leaves nothing to test
}

class ZlibEncoder final : public Encoder {
 public:
  explicit ZlibEncoder(int window_bits) {
    require(deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) ==
            Z_OK);
  }
  ~ZlibEncoder() override { deflateEnd(&stream_); }
  std::string flush(std::string_view text) override { return run(text, Z_SYNC_FLUSH); }
  std::string finish() override { return run({}, Z_FINISH); }

 private:
  std::string run(std::string_view text, int mode) {
    std::string out;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    do {
      char piece[65536];
      stream_.next_out = reinterpret_cast<Bytef*>(piece);
      stream_.avail_out = sizeof piece;
      deflate(&stream_, mode);
      out.append(piece, sizeof piece - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return out;
  }
  z_stream stream_{};
};

class BrotliEncoder final : public Encoder {
 public:
  explicit BrotliEncoder(int window_log) : state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
    require(state_ != nullptr);
    BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY, 5);
    if (window_log > BROTLI_MAX_WINDOW_BITS) BrotliEncoderSetParameter(state_, BROTLI_PARAM_LARGE_WINDOW, 1);
    if (window_log > 0)
      BrotliEncoderSetParameter(state_, BROTLI_PARAM_LGWIN, static_cast<uint32_t>(window_log));
  }
  ~BrotliEncoder() override { BrotliEncoderDestroyInstance(state_); }
  std::string flush(std::string_view text) override { return run(text, BROTLI_OPERATION_FLUSH); }
  std::string finish() override { return run({}, BROTLI_OPERATION_FINISH); }

 private:
  std::string run(std::string_view text, BrotliEncoderOperation operation) {
    std::string out;
    auto* next = reinterpret_cast<const uint8_t*>(text.data());
    size_t left = text.size();
    do {
      uint8_t piece[65536];
      uint8_t* end = piece;
      size_t room = sizeof piece;
      require(BrotliEncoderCompressStream(state_, operation, &left, &next, &room, &end, nullptr));
      out.append(reinterpret_cast<char*>(piece), sizeof piece - room);
    } while (left > 0 || BrotliEncoderHasMoreOutput(state_));
    return out;
  }
  BrotliEncoderState* state_;
};

class ZstdEncoder final : public Encoder {
 public:
  explicit ZstdEncoder(int window_log) : context_(ZSTD_createCCtx()) {
    require(context_ != nullptr);
    ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
    if (window_log > 0) {
      require(!ZSTD_isError(ZSTD_CCtx_setParameter(context_, ZSTD_c_windowLog, window_log)));
    }
  }
  ~ZstdEncoder() override { ZSTD_freeCCtx(context_); }
  std::string flush(std::string_view text) override { return run(text, ZSTD_e_flush); }
  std::string finish() override { return run({}, ZSTD_e_end); }

 private:
  std::string run(std::string_view text, ZSTD_EndDirective directive) {
    std::string out;
    ZSTD_inBuffer in{text.data(), text.size(), 0};
    size_t left = 0;
    do {
      char piece[65536];
      ZSTD_outBuffer room{piece, sizeof piece, 0};
      left = ZSTD_compressStream2(context_, &room, &in, directive);
      require(!ZSTD_isError(left));
      out.append(piece, room.pos);
    } while (left > 0 || in.pos < in.size);
    return out;
  }
  ZSTD_CCtx* context_;
};

class StackEncoder final : public Encoder {
 public:
  explicit StackEncoder(std::vector<std::unique_ptr<Encoder>> encoders) : encoders_(std::move(encoders)) {}
  std::string flush(std::string_view text) override {
    std::string bytes(text);
    for (auto& encoder : encoders_) bytes = encoder->flush(bytes);
    return bytes;
  }
  std::string finish() override {
    std::string bytes;
    for (auto& encoder : encoders_) {
      if (!bytes.empty()) bytes = encoder->flush(bytes);
      bytes += encoder->finish();
    }
    return bytes;
  }

 private:
  std::vector<std::unique_ptr<Encoder>> encoders_;
};

std::unique_ptr<Encoder> make_one(std::string_view coding, int window_log) {
  if (coding == "gzip") return std::make_unique<ZlibEncoder>(16 + MAX_WBITS);
  if (coding == "deflate") return std::make_unique<ZlibEncoder>(MAX_WBITS);
  if (coding == "raw-deflate") return std::make_unique<ZlibEncoder>(-MAX_WBITS);
  if (coding == "br") return std::make_unique<BrotliEncoder>(window_log);
  require(coding == "zstd");
  return std::make_unique<ZstdEncoder>(window_log);
}

}  // namespace

std::unique_ptr<Encoder> make_encoder(std::string_view codings, int window_log) {
  std::vector<std::unique_ptr<Encoder>> encoders;
  for (size_t begin = 0; begin < codings.size();) {
    const size_t end = std::min(codings.find(',', begin), codings.size());
    encoders.push_back(make_one(codings.substr(begin, end - begin), window_log));
    begin = end + 1;
  }
  return std::make_unique<StackEncoder>(std::move(encoders));
}

std::string encode(std::string_view codings, std::string_view body, int window_log) {
  const std::unique_ptr<Encoder> encoder = make_encoder(codings, window_log);
  std::string bytes = encoder->flush(body);
  return bytes + encoder->finish();
}

}  // namespace sse_proxy::test
