#include "tests/conformance/message.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

namespace sse_proxy::test {
namespace {

using FieldLines = std::vector<std::pair<std::string, std::string>>;

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// Takes lines off the front of `bytes`.
class LineReader {
 public:
  explicit LineReader(std::string_view bytes) : bytes_(bytes) {}

  // Null if its CR LF has not come, or if it has a CR, LF or NUL of its own; malformed() tells which.
  std::optional<std::string_view> line() {
    const size_t end = bytes_.find("\r\n", at_);
    const std::string_view text = bytes_.substr(at_, std::min(end, bytes_.size()) - at_);
    const size_t control = text.find_first_of(std::string_view("\r\n\0", 3));
    const bool half_line_end =
        end == std::string_view::npos && control + 1 == text.size() && text.back() == '\r';
    malformed_ = control != std::string_view::npos && !half_line_end;
    if (malformed_ || end == std::string_view::npos) return std::nullopt;
    at_ = end + 2;
    return text;
  }
  std::optional<std::string_view> exactly(uint64_t size) {
    if (bytes_.size() - at_ < size) return std::nullopt;
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }
  std::string_view rest() { return bytes_.substr(std::exchange(at_, bytes_.size())); }

  [[nodiscard]] bool malformed() const { return malformed_; }
  [[nodiscard]] size_t at() const { return at_; }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
  bool malformed_ = false;
};

using State = Message::State;

State read_fields(LineReader& reader, FieldLines& fields) {
  for (;;) {
    const auto line = reader.line();
    if (!line) return reader.malformed() ? State::malformed : State::incomplete;
    if (line->empty()) return State::complete;
    const size_t colon = line->find(':');
    if (colon == std::string_view::npos || colon == 0) return State::malformed;
    const std::string_view name = line->substr(0, colon);
    if (name.find_first_of(" \t") != std::string_view::npos) return State::malformed;
    const size_t begin = std::min(line->find_first_not_of(" \t", colon + 1), line->size());
    const size_t end = line->find_last_not_of(" \t") + 1;
    fields.emplace_back(name, line->substr(begin, std::max(begin, end) - begin));
  }
}

std::optional<uint64_t> number(std::string_view text, int base) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

State read_chunks(LineReader& reader, Message& message) {
  for (;;) {
    const auto line = reader.line();
    if (!line) return reader.malformed() ? State::malformed : State::incomplete;
    const auto size = number(*line, 16);  // extensions are the proxy's to drop
    if (!size) return State::malformed;
    if (*size == 0) return read_fields(reader, message.trailers);
    const auto data = reader.exactly(*size);
    if (!data) return State::incomplete;
    message.body += *data;
    const auto end = reader.exactly(2);
    if (!end) return State::incomplete;
    if (*end != "\r\n") return State::malformed;
  }
}

enum class Rest { empty, until_close };

// RFC 9112 section 6.3: one of Content-Length and Transfer-Encoding, once, or `otherwise`.
State read_body(LineReader& reader, Message& message, Rest otherwise, bool closed) {
  std::vector<std::string_view> lengths;
  std::vector<std::string_view> codings;
  for (const auto& [name, value] : message.fields) {
    if (same(name, "content-length")) lengths.push_back(value);
    if (same(name, "transfer-encoding")) codings.push_back(value);
  }
  if (lengths.size() + codings.size() > 1) return State::malformed;
  if (!codings.empty()) return same(codings[0], "chunked") ? read_chunks(reader, message) : State::malformed;
  if (!lengths.empty()) {
    const auto length = number(lengths[0], 10);
    if (!length) return State::malformed;
    const auto body = reader.exactly(*length);
    if (!body) return State::incomplete;
    message.body = *body;
    return State::complete;
  }
  if (otherwise == Rest::empty) return State::complete;
  message.body = reader.rest();
  return closed ? State::complete : State::incomplete;
}

State read_head(LineReader& reader, Message& message) {
  const auto line = reader.line();
  if (!line) return reader.malformed() ? State::malformed : State::incomplete;
  message.start_line = *line;
  return read_fields(reader, message.fields);
}

bool is_left_out(std::string_view name, std::string_view value) {
  static constexpr auto kAdded = std::to_array<std::string_view>(
      {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-request-id", "date", "server"});
  if (same(name, "connection")) return same(value, "close") || same(value, "keep-alive");
  return std::any_of(kAdded.begin(), kAdded.end(), [&](std::string_view added) { return same(added, name); });
}

std::vector<std::string> sorted(const FieldLines& fields) {
  std::vector<std::string> lines;
  for (const auto& [name, value] : fields) {
    std::string line = name;
    std::transform(line.begin(), line.end(), line.begin(), [](unsigned char c) { return tolower(c); });
    lines.push_back(line + ": " + value);
  }
  const auto name_of = [](const std::string& line) {
    return std::string_view(line).substr(0, line.find(':'));
  };
  std::stable_sort(lines.begin(), lines.end(),
                   [&](const auto& a, const auto& b) { return name_of(a) < name_of(b); });
  return lines;
}

}  // namespace

int Message::status() const {
  if (!start_line.starts_with("HTTP/1.1 ") || start_line.size() < 12) return 0;
  return static_cast<int>(number(std::string_view(start_line).substr(9, 3), 10).value_or(0));
}

std::string_view Message::target() const {
  const std::string_view line = start_line;
  const size_t begin = line.find(' ') + 1;
  return line.substr(begin, line.rfind(' ') - begin);
}

std::vector<std::string> Message::lines() const {
  std::vector<std::string> all = {start_line};
  FieldLines kept = fields;
  std::erase_if(kept, [](const auto& field) { return is_left_out(field.first, field.second); });
  const std::vector<std::string> head = sorted(kept);
  all.insert(all.end(), head.begin(), head.end());
  if (!body.empty()) all.push_back("body: " + body);
  for (const std::string& line : sorted(trailers)) all.push_back("trailer " + line);
  return all;
}

Message read_request(std::string_view bytes) {
  LineReader reader(bytes);
  Message message;
  message.state = read_head(reader, message);
  if (message.state == State::complete) message.state = read_body(reader, message, Rest::empty, false);
  message.size = reader.at();
  return message;
}

Message read_response(std::string_view bytes, std::string_view method, bool closed) {
  LineReader reader(bytes);
  Message message;
  message.state = read_head(reader, message);
  const int status = message.status();
  const bool bodiless = method == "HEAD" || status / 100 == 1 || status == 204 || status == 304;
  if (message.state == State::complete && !bodiless) {
    message.state = read_body(reader, message, Rest::until_close, closed);
    // How the body is framed is each hop's own affair.
    std::erase_if(message.fields, [](const auto& field) {
      return same(field.first, "content-length") || same(field.first, "transfer-encoding");
    });
  }
  message.size = reader.at();
  return message;
}

}  // namespace sse_proxy::test
