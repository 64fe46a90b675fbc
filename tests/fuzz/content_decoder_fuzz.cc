// Input: a byte that selects the codings, a byte for how the rest is cut, the coded body. The law: a body
// that is cut anywhere decodes to the same bytes and the same verdict, in any room, within the budget; it all
// ends.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>

#include "parser/content_decoder.h"

using sse_proxy::DecodeStep;
using sse_proxy::MemoryBudget;

namespace {

constexpr std::string_view kCodings[] = {
    "gzip", "deflate", "br", "zstd", "gzip, gzip", "gzip, br", "zstd, deflate", "br, zstd, gzip, deflate",
};
constexpr size_t kMostDecoded = 256 * 1024;  // the body may be a bomb: both runs stop here

void require(bool condition) {
  if (!condition) std::abort();
}

struct Outcome {
  std::string body;
  DecodeStep::Status status = DecodeStep::Status::more;
  bool complete = false;
  bool stopped = false;  // at kMostDecoded
};

// Feeds `body` in pieces of `piece` bytes into room for `room`.
Outcome decode(std::string_view coding, std::string_view body, size_t piece, size_t room, size_t allowance) {
  MemoryBudget budget(allowance);
  Outcome outcome;
  {
    const auto decoder = sse_proxy::make_content_decoder(coding, budget);
    require(decoder != nullptr && decoder->complete());
    std::string output(room, '\0');
    while (!body.empty() && outcome.status == DecodeStep::Status::more && !outcome.stopped) {
      std::string_view input = body.substr(0, piece);
      body.remove_prefix(input.size());
      while (!outcome.stopped) {
        const DecodeStep step = decoder->decode(input, output);
        require(step.consumed <= input.size() && step.produced <= output.size());
        require(budget.used() <= allowance);
        input.remove_prefix(step.consumed);
        outcome.body.append(output, 0, step.produced);
        outcome.status = step.status;
        outcome.stopped = outcome.body.size() >= kMostDecoded;
        if (step.status != DecodeStep::Status::more) break;
        if (step.consumed == 0 && step.produced == 0) {
          require(input.empty());
          break;
        }
      }
    }
    outcome.complete = decoder->complete();
    require(!outcome.complete || outcome.status == DecodeStep::Status::more);
  }
  require(budget.used() == 0);
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view coding = kCodings[data[0] % std::size(kCodings)];
  const size_t piece = 1 + data[1] % 16;
  const size_t room = 1 + data[1] / 16 * 7;
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);

  constexpr size_t kPlenty = 64 * 1024 * 1024;
  const Outcome whole = decode(coding, body, body.size() + 1, 4096, kPlenty);
  const Outcome cut = decode(coding, body, piece, room, kPlenty);
  require(whole.status != DecodeStep::Status::no_memory && cut.status != DecodeStep::Status::no_memory);
  const bool same_start = whole.body.starts_with(cut.body) || cut.body.starts_with(whole.body);
  require(same_start);
  if (!whole.stopped && !cut.stopped) {
    require(whole.status == cut.status && whole.complete == cut.complete);
    // Before it reports an error a library may keep back what it had decoded since the last cut.
    require(whole.status != DecodeStep::Status::more || whole.body == cut.body);
  }

  // Little more than the reservations: growth is refused, and nothing else goes wrong.
  const Outcome tight = decode(coding, body, piece, room, 2 * 1024 * 1024 + 128 * 1024);
  require(tight.status != DecodeStep::Status::no_memory || !tight.complete);
  return 0;
}
