#include "parser/brotli_decoder.h"

#include <brotli/decode.h>

#include <cstdint>
#include <utility>

namespace sse_proxy {
namespace {

struct DestroyBrotli {
  void operator()(BrotliDecoderState* state) const noexcept { BrotliDecoderDestroyInstance(state); }
};
using BrotliState = std::unique_ptr<BrotliDecoderState, DestroyBrotli>;

class BrotliDecoder final : public ContentDecoder {
 public:
  BrotliDecoder(AccountedMemory& memory, BrotliState state) noexcept
      : memory_(memory), state_(std::move(state)) {}

  DecodeStep decode(std::string_view input, std::span<char> output) noexcept override {
    if (ended_) return {input.empty() ? DecodeStep::Status::more : DecodeStep::Status::corrupt};
    size_t input_left = input.size();
    size_t output_left = output.size();
    auto* next_input = reinterpret_cast<const uint8_t*>(input.data());
    auto* next_output = reinterpret_cast<uint8_t*>(output.data());
    const BrotliDecoderResult result = BrotliDecoderDecompressStream(state_.get(), &input_left, &next_input,
                                                                     &output_left, &next_output, nullptr);
    DecodeStep step{DecodeStep::Status::more, input.size() - input_left, output.size() - output_left};
    started_ = started_ || step.consumed > 0;
    if (result == BROTLI_DECODER_RESULT_ERROR) {
      step.status = memory_.refused() ? DecodeStep::Status::no_memory : DecodeStep::Status::corrupt;
    } else if (result == BROTLI_DECODER_RESULT_SUCCESS) {
      ended_ = true;
      if (input_left > 0) step.status = DecodeStep::Status::corrupt;  // nothing may follow the one stream
    }
    return step;
  }

  [[nodiscard]] bool complete() const noexcept override { return ended_ || !started_; }

 private:
  AccountedMemory& memory_;
  BrotliState state_;
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<ContentDecoder> make_brotli_decoder(AccountedMemory& memory) {
  BrotliState state(BrotliDecoderCreateInstance(
      [](void* account, size_t bytes) { return static_cast<AccountedMemory*>(account)->allocate(bytes); },
      [](void* account, void* block) { static_cast<AccountedMemory*>(account)->deallocate(block); },
      &memory));
  if (!state) return nullptr;
  return std::make_unique<BrotliDecoder>(memory, std::move(state));
}

}  // namespace sse_proxy
