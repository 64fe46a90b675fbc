// Streaming decoders for Content-Encoding: gzip (x-gzip, several members), deflate (zlib-wrapped or raw),
// br, zstd, and stacks of them (RFC 9110 section 8.4). Pull-driven, so that output is bounded per step.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "parser/memory_budget.h"

namespace sse_proxy {

// What one decode step did.
struct DecodeStep {
  enum class Status : unsigned char {
    more,       // progress was made or input is used up: call again when there is input or room
    corrupt,    // the coding is broken: the stream must be aborted
    no_memory,  // growth did not fit the budget: the stream must be aborted
  };
  Status status = Status::more;
  size_t consumed = 0;  // bytes taken from `input`
  size_t produced = 0;  // bytes written to `output`; they count whatever the status is
};

// ContentDecoder undoes one coding (or, as a stack, several).
//   Owned by  the response body that it decodes. Borrows the MemoryBudget, which outlives it.
//   Thread    its owner's.
//   Fails     by DecodeStep::Status; never throws, never writes past `output`.
class ContentDecoder {
 public:
  virtual ~ContentDecoder() = default;

  // Decodes from `input` into `output` (not empty), at most output.size() bytes. Input that is not consumed
  // is to be given again. Everything that the bytes given so far decode to comes out without waiting for
  // more: call again, even with no input left, until a step neither consumes nor produces. Such a step with
  // status `more` means that it needs more input. After another status every step is that status and nothing
  // else.
  virtual DecodeStep decode(std::string_view input, std::span<char> output) noexcept = 0;

  // True when the bytes so far are a complete coding: the end of the body here is no truncation. To be asked
  // once decode() has nothing left to do. An empty body (no byte ever given) counts as complete.
  [[nodiscard]] virtual bool complete() const noexcept = 0;
};

enum class CodingSupport : unsigned char { identity, decodable, unknown };

// What a Content-Encoding value (the field lines joined by commas) asks for. Case-insensitive; `identity`
// and empty elements count as none. `unknown`: at least one coding that is not ours, or more than four.
CodingSupport coding_support(std::string_view content_encoding) noexcept;

// A decoder for a value that is `decodable`, or null when its reservation (48 KiB for gzip and deflate,
// 1 MiB for br and zstd, each) does not fit the budget. All that it allocates is counted there, and is back
// at its destruction.
std::unique_ptr<ContentDecoder> make_content_decoder(std::string_view content_encoding, MemoryBudget& budget);

}  // namespace sse_proxy
