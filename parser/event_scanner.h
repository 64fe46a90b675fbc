// Finds where lines, events and blocks end in text/event-stream bytes (WHATWG HTML, section 9.2.5).
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sse_proxy {

// EventScanner looks at each byte of an event stream once, in reads that may be cut anywhere: between CR and
// LF, inside the byte-order mark, inside a UTF-8 sequence. It copies nothing and waits for nothing: a CR ends
// its line at once, and an LF that arrives a read later belongs to that line end.
//   Owned by  the stream that it scans. Thread: its owner's. Cannot fail: every byte string is a stream.
class EventScanner {
 public:
  // What one read contained. Offsets count from the start of that read; 0 means "none in it".
  struct Scan {
    size_t boundary = 0;  // just past the last point where nothing is pending (see at_boundary())
    size_t line_end = 0;  // just past the last line end; never less than `boundary`
    size_t events = 0;    // blank lines that ended a block with a field line in it
  };

  Scan scan(std::string_view bytes) noexcept;

  // Nothing is pending: at the start, after a blank line, or after a comment with no field line before it in
  // its block. Text that is put here cannot become part of an event.
  [[nodiscard]] bool at_boundary() const noexcept { return at_line_start_ && !block_has_field_; }
  // The bytes so far are a proper prefix of a byte-order mark: whether it is one, the next byte will tell.
  [[nodiscard]] bool inside_bom() const noexcept { return bom_matched_ == 1 || bom_matched_ == 2; }
  // The stream began with a byte-order mark.
  [[nodiscard]] bool has_bom() const noexcept { return has_bom_; }
  // The value of the last well-formed `retry` field, if there was one.
  [[nodiscard]] std::optional<std::chrono::milliseconds> last_retry() const noexcept;

 private:
  static constexpr uint8_t kBomDecided = 0xff;
  static constexpr uint32_t kNoRetry = UINT32_MAX;

  size_t skip_bom(std::string_view bytes, size_t at) noexcept;
  void begin_line(char first) noexcept;
  void end_line() noexcept;
  void watch(std::string_view part) noexcept;
  void note_retry() noexcept;

  std::array<char, 20> watched_{};  // the current line, if it may be a `retry` field
  uint8_t watched_size_ = 0;
  uint8_t bom_matched_ = 0;
  bool watching_ = false;
  bool has_bom_ = false;
  bool at_line_start_ = true;
  bool line_is_comment_ = false;
  bool block_has_field_ = false;
  bool after_cr_ = false;           // the last byte was a CR: an LF now is the rest of that line end
  bool cr_at_boundary_ = false;     // ... and that line end was a boundary
  uint32_t last_retry_ = kNoRetry;  // milliseconds
};

}  // namespace sse_proxy
