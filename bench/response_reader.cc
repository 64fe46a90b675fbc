#include "bench/response_reader.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace bench {

bool ResponseReader::feed(std::string_view bytes, int64_t now) {
  while (!bytes.empty()) {
    switch (state_) {
      case State::head:
        line_ += bytes.front();
        bytes.remove_prefix(1);
        if (line_.ends_with("\r\n\r\n") && !read_head()) return false;
        break;
      case State::size_line:
        line_ += bytes.front();
        bytes.remove_prefix(1);
        if (line_.ends_with("\r\n") && !read_size()) return false;
        break;
      case State::chunk:
      case State::body: {
        const size_t length = std::min<uint64_t>(left_, bytes.size());
        if (state_ == State::chunk) read_data(bytes.substr(0, length), now);
        bytes.remove_prefix(length);
        left_ -= length;
        if (left_ > 0) break;
        if (state_ == State::body) {
          finish();
        } else {
          ++counts_.chunks;
          counts_.cut_chunks += ends_event_ ? 0 : 1;
          state_ = State::chunk_end;
        }
        break;
      }
      case State::chunk_end:
      case State::last_line: {
        line_ += bytes.front();
        bytes.remove_prefix(1);
        if (line_.size() < 2) break;
        if (line_ != "\r\n") return false;
        line_.clear();
        if (state_ == State::last_line) {
          finish();
        } else {
          state_ = State::size_line;
        }
        break;
      }
    }
  }
  return true;
}

bool ResponseReader::read_head() {
  std::transform(line_.begin(), line_.end(), line_.begin(), [](unsigned char c) { return std::tolower(c); });
  if (!line_.starts_with("http/1.1 200 ")) return false;
  has_head_ = true;
  ++counts_.heads;
  const size_t length = line_.find("\r\ncontent-length:");
  if (line_.find("\r\ntransfer-encoding: chunked\r\n") != std::string::npos) {
    state_ = State::size_line;
  } else if (length != std::string::npos) {
    left_ = std::strtoull(line_.c_str() + line_.find(':', length) + 1, nullptr, 10);
    state_ = State::body;
  } else {
    return false;
  }
  std::string().swap(line_);
  return true;
}

bool ResponseReader::read_size() {
  char* end = nullptr;
  left_ = std::strtoull(line_.c_str(), &end, 16);
  if (end == line_.c_str() || *end != '\r') return false;
  line_.clear();
  state_ = left_ > 0 ? State::chunk : State::last_line;
  return true;
}

void ResponseReader::read_data(std::string_view data, int64_t now) {
  constexpr int kDigits = 19;
  if (data.empty()) return;
  const char before = data.size() > 1 ? data[data.size() - 2] : last_;
  last_ = data.back();
  ends_event_ = before == '\n' && last_ == '\n';
  while (!data.empty()) {
    if (stamp_digits_ < 0) {
      const size_t at = data.find('@');
      if (at == std::string_view::npos) return;
      data.remove_prefix(at + 1);
      stamp_digits_ = 0;
      stamp_ = 0;
    }
    for (; !data.empty() && stamp_digits_ < kDigits; data.remove_prefix(1), ++stamp_digits_) {
      stamp_ = stamp_ * 10 + (data.front() - '0');
    }
    if (stamp_digits_ < kDigits) return;
    stamp_digits_ = -1;
    ++events_;
    ++counts_.events;
    counts_.delays.push_back(static_cast<float>(now - stamp_) / 1000);
  }
}

void ResponseReader::finish() {
  ++responses_;
  ++counts_.responses;
  state_ = State::head;
}

}  // namespace bench
