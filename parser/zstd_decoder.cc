#include "parser/zstd_decoder.h"

#define ZSTD_STATIC_LINKING_ONLY  // for ZSTD_createDCtx_advanced, which shared libraries export too
#include <zstd.h>

#include <cstdint>
#include <utility>

namespace sse_proxy {
namespace {

constexpr int kMaxWindowLog = 23;

struct FreeZstd {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};
using ZstdContext = std::unique_ptr<ZSTD_DCtx, FreeZstd>;

class ZstdDecoder final : public ContentDecoder {
 public:
  ZstdDecoder(AccountedMemory& memory, ZstdContext context) noexcept
      : memory_(memory), context_(std::move(context)) {}

  DecodeStep decode(std::string_view input, std::span<char> output) noexcept override {
    DecodeStep step;
    // libzstd takes repeated calls that get nowhere for an error: without input it is called only where
    // output waits.
    while (step.produced < output.size() && (step.consumed < input.size() || output_waits_)) {
      const std::string_view rest = next_piece(input.substr(step.consumed));
      ZSTD_inBuffer in{rest.data(), rest.size(), 0};
      ZSTD_outBuffer out{output.data() + step.produced, output.size() - step.produced, 0};
      const size_t result = ZSTD_decompressStream(context_.get(), &out, &in);
      step.consumed += in.pos;
      step.produced += out.pos;
      frame_bytes_ += in.pos;
      output_waits_ = out.pos == out.size;
      if (ZSTD_isError(result)) {
        step.status = memory_.refused() ? DecodeStep::Status::no_memory : DecodeStep::Status::corrupt;
        return step;
      }
      if (result == 0) {  // the frame has ended and is flushed
        frame_bytes_ = 0;
        output_waits_ = false;
      }
    }
    return step;
  }

  [[nodiscard]] bool complete() const noexcept override { return frame_bytes_ == 0; }

 private:
  // A frame's header is given byte by byte. Where libzstd sees more at once it has two short cuts that would
  // make the verdict depend on where the bytes were cut: a frame that is there as a whole is decoded without
  // a look at the window's limit, and one in a format from before 1.0 by old code whose memory is not
  // counted.
  [[nodiscard]] std::string_view next_piece(std::string_view rest) const noexcept {
    return frame_bytes_ < ZSTD_FRAMEHEADERSIZE_MAX ? rest.substr(0, 1) : rest;
  }

  AccountedMemory& memory_;
  ZstdContext context_;
  uint64_t frame_bytes_ = 0;   // consumed of the frame that is open; 0: none is
  bool output_waits_ = false;  // the last call filled its room
};

}  // namespace

std::unique_ptr<ContentDecoder> make_zstd_decoder(AccountedMemory& memory) {
  ZSTD_customMem allocator{};
  allocator.customAlloc = [](void* account, size_t bytes) {
    return static_cast<AccountedMemory*>(account)->allocate(bytes);
  };
  allocator.customFree = [](void* account, void* block) {
    static_cast<AccountedMemory*>(account)->deallocate(block);
  };
  allocator.opaque = &memory;
  ZstdContext context(ZSTD_createDCtx_advanced(allocator));
  if (!context || ZSTD_isError(ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kMaxWindowLog))) {
    return nullptr;
  }
  return std::make_unique<ZstdDecoder>(memory, std::move(context));
}

}  // namespace sse_proxy
