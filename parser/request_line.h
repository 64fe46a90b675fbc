// The shape of a request line (RFC 9112 sections 2.2 and 3), which llhttp does not insist on: it takes any
// run of spaces, bare line ends before the line, and the protocols RTSP and ICE.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sse_proxy {

// Looks at the raw bytes of a request up to the end of its first line: any number of CR LF, then
// `method SP target SP HTTP/digit.digit CR LF`. What stands in the places is for others to judge.
class RequestLineCheck {
 public:
  // How many of the bytes can be part of such a line, or follow it; after failed(), with the one that cannot.
  size_t feed(std::string_view bytes);
  void reset() { *this = RequestLineCheck(); }
  [[nodiscard]] bool failed() const noexcept { return state_ == State::failed; }
  // They fail at the first byte, or before it.
  [[nodiscard]] bool failed_at_once() const noexcept { return failed() && tail_.empty(); }

 private:
  enum class State : unsigned char { before, after_cr, line, passed, failed };
  size_t feed_line(std::string_view bytes);

  State state_ = State::before;
  size_t spaces_ = 0;
  std::string tail_;  // the last bytes of the line so far: short enough to need no allocation
};

}  // namespace sse_proxy
