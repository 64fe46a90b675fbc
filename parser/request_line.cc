#include "parser/request_line.h"

#include <algorithm>

#include "parser/http_types.h"

namespace sse_proxy {
namespace {

constexpr std::string_view kVersion = " HTTP/1.1\r";

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool ends_a_line(std::string_view tail) noexcept {
  return tail.size() == kVersion.size() && tail.starts_with(" HTTP/") && is_digit(tail[6]) &&
         tail[7] == '.' && is_digit(tail[8]) && tail[9] == '\r';
}

}  // namespace

size_t RequestLineCheck::feed(std::string_view bytes) {
  size_t taken = 0;
  while (taken < bytes.size() && (state_ == State::before || state_ == State::after_cr)) {
    const char c = bytes[taken];
    if (state_ == State::after_cr) {
      state_ = c == '\n' ? State::before : State::failed;
    } else if (c == '\r') {
      state_ = State::after_cr;
    } else {
      state_ = is_token({&c, 1}) ? State::line : State::failed;
      if (state_ == State::line) break;
    }
    ++taken;
  }
  if (state_ == State::line) taken += feed_line(bytes.substr(taken));
  return state_ == State::failed ? taken : bytes.size();
}

// Up to and with the line's LF.
size_t RequestLineCheck::feed_line(std::string_view bytes) {
  const size_t end = bytes.find('\n');
  const std::string_view line = bytes.substr(0, end);
  spaces_ += static_cast<size_t>(std::count(line.begin(), line.end(), ' '));
  tail_ += line.substr(line.size() - std::min(line.size(), kVersion.size()));
  if (tail_.size() > kVersion.size()) tail_.erase(0, tail_.size() - kVersion.size());
  if (end == std::string_view::npos) return bytes.size();
  state_ = spaces_ == 2 && ends_a_line(tail_) ? State::passed : State::failed;
  return end + 1;
}

}  // namespace sse_proxy
