#include "parser/event_scanner.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace sse_proxy {
namespace {

constexpr std::string_view kBom = "\xef\xbb\xbf";
constexpr std::string_view kRetry = "retry:";

// memchr that returns `end` for "not there", so that two results can be compared.
const char* find(const char* from, const char* end, char byte) noexcept {
  const void* hit = std::memchr(from, byte, static_cast<size_t>(end - from));
  return hit == nullptr ? end : static_cast<const char*>(hit);
}

}  // namespace

EventScanner::Scan EventScanner::scan(std::string_view bytes) noexcept {
  Scan found;
  if (bytes.empty()) return found;
  size_t at = 0;
  if (std::exchange(after_cr_, false) && bytes[0] == '\n') {
    at = found.line_end = 1;
    if (cr_at_boundary_) found.boundary = 1;
  }
  if (bom_matched_ != kBomDecided) at = skip_bom(bytes, at);

  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* cr = find(begin + at, end, '\r');  // the next one: most streams have none
  const char* boundary = begin + found.boundary;
  const char* last_line_end = begin + found.line_end;
  for (const char* p = begin + at; p < end;) {
    const bool blank = at_line_start_ && (*p == '\n' || *p == '\r');
    const char* line_end = p;
    if (!blank) {
      if (at_line_start_) begin_line(*p);
      if (cr < p) cr = find(p, end, '\r');
      line_end = find(p, cr, '\n');
      if (watching_) watch({p, static_cast<size_t>(line_end - p)});
      if (line_end == end) break;
    }

    p = line_end + 1;
    if (*line_end == '\r') {
      after_cr_ = p == end;
      if (p < end && *p == '\n') ++p;
    }
    if (blank) {
      found.events += block_has_field_ ? 1 : 0;
      block_has_field_ = false;
    } else {
      end_line();
    }
    last_line_end = p;
    if (!block_has_field_) boundary = p;
  }
  found.boundary = static_cast<size_t>(boundary - begin);
  found.line_end = static_cast<size_t>(last_line_end - begin);
  if (after_cr_) cr_at_boundary_ = boundary == end;
  return found;
}

size_t EventScanner::skip_bom(std::string_view bytes, size_t at) noexcept {
  while (at < bytes.size() && bytes[at] == kBom[bom_matched_]) {
    ++at;
    if (++bom_matched_ == kBom.size()) {
      bom_matched_ = kBomDecided;
      has_bom_ = true;
      return at;
    }
  }
  if (at == bytes.size()) return at;
  if (bom_matched_ > 0) begin_line(kBom[0]);  // it was the start of an ordinary line after all
  bom_matched_ = kBomDecided;
  return at;
}

void EventScanner::begin_line(char first) noexcept {
  at_line_start_ = false;
  line_is_comment_ = first == ':';
  watching_ = first == kRetry[0];
  watched_size_ = 0;
}

void EventScanner::end_line() noexcept {
  at_line_start_ = true;
  if (!line_is_comment_) block_has_field_ = true;
  if (std::exchange(watching_, false)) note_retry();
}

void EventScanner::watch(std::string_view part) noexcept {
  if (part.size() > watched_.size() - watched_size_) {
    watching_ = false;  // too long to be a sensible `retry`
    return;
  }
  std::copy(part.begin(), part.end(), watched_.begin() + watched_size_);
  watched_size_ = static_cast<uint8_t>(watched_size_ + part.size());
}

void EventScanner::note_retry() noexcept {
  std::string_view line(watched_.data(), watched_size_);
  if (!line.starts_with(kRetry)) return;
  line.remove_prefix(kRetry.size());
  if (line.starts_with(' ')) line.remove_prefix(1);
  uint32_t value = 0;
  const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error == std::errc() && rest == line.data() + line.size() && value != kNoRetry) last_retry_ = value;
}

std::optional<std::chrono::milliseconds> EventScanner::last_retry() const noexcept {
  if (last_retry_ == kNoRetry) return std::nullopt;
  return std::chrono::milliseconds(last_retry_);
}

}  // namespace sse_proxy
