#include "parser/content_decoder.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "parser/accounted_memory.h"
#include "parser/brotli_decoder.h"
#include "parser/gzip_decoder.h"
#include "parser/zstd_decoder.h"

namespace sse_proxy {
namespace {

constexpr size_t kMaxCodings = 4;

// Between two stages of a stack at most this much waits. It fits what a gzip stage leaves of its reservation.
constexpr size_t kLinkBytes = 8 * 1024;

// A stack can multiply a bomb that comes to nothing: one kilobyte may stand for a megabyte of codings of a
// gigabyte of empty blocks. In an honest stack each coding is about as large as what it holds or smaller, so
// what passes between stages is limited to this many times what goes in and comes out, plus some in advance.
constexpr size_t kLinkBytesPerByte = 64;
constexpr size_t kMaxLinkCredit = 1024 * 1024;

struct Coding {
  std::string_view name;  // in lower case
  size_t reservation;
  std::unique_ptr<ContentDecoder> (*make)(AccountedMemory& memory);
};
constexpr Coding kCodings[] = {
    {"gzip", kInflateReservation, make_gzip_decoder},
    {"x-gzip", kInflateReservation, make_gzip_decoder},
    {"deflate", kInflateReservation, make_deflate_decoder},
    {"br", kBrotliReservation, make_brotli_decoder},
    {"zstd", kZstdReservation, make_zstd_decoder},
};

struct CodingList {
  CodingSupport support = CodingSupport::identity;
  std::array<const Coding*, kMaxCodings> codings{};  // in the order in which they were applied
  size_t count = 0;
};

bool equals_ignoring_case(std::string_view text, std::string_view lower_case) noexcept {
  return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(), [](char a, char lower) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == lower;
  });
}

std::string_view trim_whitespace(std::string_view text) noexcept {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

CodingList parse_codings(std::string_view content_encoding) noexcept {
  CodingList list;
  while (!content_encoding.empty()) {
    const size_t comma = std::min(content_encoding.find(','), content_encoding.size());
    const std::string_view name = trim_whitespace(content_encoding.substr(0, comma));
    content_encoding.remove_prefix(std::min(comma + 1, content_encoding.size()));
    if (name.empty() || equals_ignoring_case(name, "identity")) continue;
    const Coding* coding = std::find_if(std::begin(kCodings), std::end(kCodings), [&](const Coding& known) {
      return equals_ignoring_case(name, known.name);
    });
    if (coding == std::end(kCodings) || list.count == kMaxCodings) return {.support = CodingSupport::unknown};
    list.support = CodingSupport::decodable;
    list.codings[list.count++] = coding;
  }
  return list;
}

// The decoders of one to four codings, the last applied first, each fed from a small buffer that the one
// before fills. It is pulled from the end: a stage runs only when the next has used up its buffer.
class CodingStack final : public ContentDecoder {
 public:
  explicit CodingStack(MemoryBudget& budget) noexcept : memory_(budget) {}
  ~CodingStack() override {
    for (Stage& stage : stages_) memory_.deallocate(stage.buffer);
  }

  // To be called once. False when the memory is not to be had.
  [[nodiscard]] bool build(const CodingList& list) {
    size_t reservation = 0;
    for (size_t i = 0; i < list.count; ++i) reservation += list.codings[i]->reservation;
    if (!memory_.reserve(reservation)) return false;
    while (count_ < list.count) {
      Stage& stage = stages_[count_];
      stage.decoder = list.codings[list.count - 1 - count_]->make(memory_);
      if (!stage.decoder) return false;
      if (count_ > 0 && (stage.buffer = memory_.allocate(kLinkBytes)) == nullptr) return false;
      ++count_;
    }
    return true;
  }

  DecodeStep decode(std::string_view input, std::span<char> output) noexcept override {
    if (output.empty()) return {failure_, 0, 0};
    std::string_view rest = input;
    std::span<char> room = output;
    if (failure_ == Status::more) failure_ = pull(count_ - 1, rest, room);
    return {failure_, input.size() - rest.size(), output.size() - room.size()};
  }

  [[nodiscard]] bool complete() const noexcept override {
    const auto done = [](const Stage& stage) { return stage.decoder->complete(); };
    return failure_ == Status::more && std::all_of(stages_.begin(), stages_.begin() + count_, done);
  }

 private:
  using Status = DecodeStep::Status;

  struct Stage {
    std::unique_ptr<ContentDecoder> decoder;
    void* buffer = nullptr;         // kLinkBytes from the stage before; the first reads the caller's input
    std::string_view waiting;       // what of it is not yet decoded
    Status failure = Status::more;  // of this stage, kept until all that it produced before is used
  };

  // Fills `output` from stage `index`, running the stages before it as it needs their bytes. Moves both views
  // on. `more`: the output is full, or all input is used up.
  Status pull(size_t index, std::string_view& input, std::span<char>& output) noexcept {
    Stage& stage = stages_[index];
    std::string_view& source = index == 0 ? input : stage.waiting;
    while (stage.failure == Status::more) {
      const DecodeStep step = stage.decoder->decode(source, output);
      stage.failure = step.status;
      source.remove_prefix(step.consumed);
      output = output.subspan(step.produced);
      if (index == 0) add_link_credit(step.consumed);
      if (index == count_ - 1) add_link_credit(step.produced);
      if (step.status != Status::more) break;
      if (output.empty() || index == 0) return Status::more;

      const std::span<char> buffer(static_cast<char*>(stage.buffer), kLinkBytes);
      std::span<char> room = buffer;
      const Status before = pull(index - 1, input, room);
      stage.waiting = {buffer.data(), buffer.size() - room.size()};
      if (stage.waiting.empty()) return before;
      if (stage.waiting.size() > link_credit_) stage.failure = Status::corrupt;
      link_credit_ -= std::min(link_credit_, stage.waiting.size());
    }
    return stage.failure;
  }

  void add_link_credit(size_t bytes) noexcept {
    link_credit_ = std::min(kMaxLinkCredit, link_credit_ + bytes * kLinkBytesPerByte);
  }

  AccountedMemory memory_;  // outlives the stages, whose libraries allocate from it
  std::array<Stage, kMaxCodings> stages_;
  size_t count_ = 0;
  size_t link_credit_ = kMaxLinkCredit;
  Status failure_ = Status::more;
};

}  // namespace

CodingSupport coding_support(std::string_view content_encoding) noexcept {
  return parse_codings(content_encoding).support;
}

std::unique_ptr<ContentDecoder> make_content_decoder(std::string_view content_encoding,
                                                     MemoryBudget& budget) {
  const CodingList list = parse_codings(content_encoding);
  assert(list.support == CodingSupport::decodable);
  if (list.support != CodingSupport::decodable) return nullptr;
  auto stack = std::make_unique<CodingStack>(budget);
  if (!stack->build(list)) return nullptr;
  return stack;
}

}  // namespace sse_proxy
