#include "parser/gzip_decoder.h"

#include <zlib.h>

#include <algorithm>

namespace sse_proxy {
namespace {

// Window bits as inflateInit2 reads them: the largest window, and which wrapper to expect.
constexpr int kGzipWrapper = 16 + MAX_WBITS;
constexpr int kZlibWrapper = MAX_WBITS;
constexpr int kNoWrapper = -MAX_WBITS;

constexpr char kGzipFirstByte = '\x1f';
constexpr size_t kMaxPiece = size_t{1} << 30;  // zlib counts in unsigned ints

// Owns one z_stream, which must not move: its state points back to it.
class Inflater {
 public:
  enum class Outcome : unsigned char { running, ended, broken };

  explicit Inflater(AccountedMemory& memory, int window_bits) noexcept : memory_(memory) {
    stream_.opaque = &memory;
    stream_.zalloc = [](void* account, unsigned items, unsigned size) {
      return static_cast<AccountedMemory*>(account)->allocate(size_t{items} * size);
    };
    stream_.zfree = [](void* account, void* block) {
      static_cast<AccountedMemory*>(account)->deallocate(block);
    };
    ready_ = inflateInit2(&stream_, window_bits) == Z_OK;
  }
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  [[nodiscard]] bool ready() const noexcept { return ready_; }

  // Begins a new stream; the memory stays.
  void restart(int window_bits) noexcept { inflateReset2(&stream_, window_bits); }

  // Inflates and moves both views on. `running`: one of the two is used up.
  Outcome run(std::string_view& input, std::span<char>& output) noexcept {
    const size_t input_piece = std::min(input.size(), kMaxPiece);
    const size_t output_piece = std::min(output.size(), kMaxPiece);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));  // zlib only reads it
    stream_.avail_in = static_cast<uInt>(input_piece);
    stream_.next_out = reinterpret_cast<Bytef*>(output.data());
    stream_.avail_out = static_cast<uInt>(output_piece);
    const int result = inflate(&stream_, Z_SYNC_FLUSH);
    input.remove_prefix(input_piece - stream_.avail_in);
    output = output.subspan(output_piece - stream_.avail_out);
    if (result == Z_STREAM_END) return Outcome::ended;
    return result == Z_OK || result == Z_BUF_ERROR ? Outcome::running : Outcome::broken;
  }

  [[nodiscard]] DecodeStep::Status failure() const noexcept {
    return memory_.refused() ? DecodeStep::Status::no_memory : DecodeStep::Status::corrupt;
  }

 private:
  AccountedMemory& memory_;
  z_stream stream_{};
  bool ready_ = false;
};

class GzipDecoder final : public ContentDecoder {
 public:
  explicit GzipDecoder(AccountedMemory& memory) noexcept : inflater_(memory, kGzipWrapper) {}
  [[nodiscard]] bool ready() const noexcept { return inflater_.ready(); }

  DecodeStep decode(std::string_view input, std::span<char> output) noexcept override {
    std::string_view rest = input;
    std::span<char> room = output;
    const auto step = [&](DecodeStep::Status status) {
      return DecodeStep{status, input.size() - rest.size(), output.size() - room.size()};
    };
    do {
      if (!in_member_) {
        if (rest.empty()) break;
        // zlib looks at two bytes together: a single byte of padding after a member would go unnoticed.
        if (rest.front() != kGzipFirstByte) return step(DecodeStep::Status::corrupt);
        in_member_ = true;
      }
      switch (inflater_.run(rest, room)) {
        case Inflater::Outcome::running: break;
        case Inflater::Outcome::broken: return step(inflater_.failure());
        case Inflater::Outcome::ended: in_member_ = false; inflater_.restart(kGzipWrapper);
      }
    } while (!rest.empty() && !room.empty());
    return step(DecodeStep::Status::more);
  }

  [[nodiscard]] bool complete() const noexcept override { return !in_member_; }

 private:
  Inflater inflater_;
  bool in_member_ = false;
};

// The two bytes that begin a zlib stream (RFC 1950): method 8, a window of up to 32 KiB, no preset
// dictionary. The first alone nearly decides: as raw deflate it would be a stored block whose padding bits
// are not zero, which no encoder writes.
bool may_begin_zlib(unsigned char cmf) noexcept { return (cmf & 0x0f) == 8 && cmf >> 4 <= 7; }
bool is_zlib_header(unsigned char cmf, unsigned char flg) noexcept {
  return may_begin_zlib(cmf) && (cmf << 8 | flg) % 31 == 0 && (flg & 0x20) == 0;
}

class DeflateDecoder final : public ContentDecoder {
 public:
  explicit DeflateDecoder(AccountedMemory& memory) noexcept : inflater_(memory, kNoWrapper) {}
  [[nodiscard]] bool ready() const noexcept { return inflater_.ready(); }

  DecodeStep decode(std::string_view input, std::span<char> output) noexcept override {
    std::string_view rest = input;
    std::span<char> room = output;
    const DecodeStep::Status status = run(rest, room);
    return {status, input.size() - rest.size(), output.size() - room.size()};
  }

  [[nodiscard]] bool complete() const noexcept override {
    return state_ == State::untouched || state_ == State::ended;
  }

 private:
  enum class State : unsigned char { untouched, first_byte_held, inflating, ended };

  DecodeStep::Status run(std::string_view& rest, std::span<char>& room) noexcept {
    if (state_ == State::untouched && !rest.empty()) {
      first_byte_ = rest.front();
      rest.remove_prefix(1);
      state_ = State::first_byte_held;
    }
    if (state_ == State::first_byte_held) {
      const auto cmf = static_cast<unsigned char>(first_byte_);
      if (may_begin_zlib(cmf)) {
        if (rest.empty()) return DecodeStep::Status::more;
        if (is_zlib_header(cmf, static_cast<unsigned char>(rest.front()))) inflater_.restart(kZlibWrapper);
      }
      state_ = State::inflating;
      std::string_view held(&first_byte_, 1);
      if (inflater_.run(held, room) != Inflater::Outcome::running) return inflater_.failure();
    }
    if (state_ == State::inflating) {
      switch (inflater_.run(rest, room)) {
        case Inflater::Outcome::running: return DecodeStep::Status::more;
        case Inflater::Outcome::broken: return inflater_.failure();
        case Inflater::Outcome::ended: state_ = State::ended;
      }
    }
    return rest.empty() ? DecodeStep::Status::more : DecodeStep::Status::corrupt;
  }

  Inflater inflater_;
  State state_ = State::untouched;
  char first_byte_ = 0;
};

template <class Decoder>
std::unique_ptr<ContentDecoder> make_if_ready(AccountedMemory& memory) {
  auto decoder = std::make_unique<Decoder>(memory);
  if (!decoder->ready()) return nullptr;
  return decoder;
}

}  // namespace

std::unique_ptr<ContentDecoder> make_gzip_decoder(AccountedMemory& memory) {
  return make_if_ready<GzipDecoder>(memory);
}

std::unique_ptr<ContentDecoder> make_deflate_decoder(AccountedMemory& memory) {
  return make_if_ready<DeflateDecoder>(memory);
}

}  // namespace sse_proxy
