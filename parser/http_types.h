// HTTP messages as values (RFC 9110): field names and values in one block of bytes, heads around them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sse_proxy {

// Fields that some rule of ours treats specially; the rest are `other`. Looked up once, when a field is
// parsed.
enum class FieldId : uint8_t {
  other,
  accept,
  accept_encoding,
  accept_ranges,
  cache_control,
  connection,
  content_digest,
  content_encoding,
  content_length,
  content_md5,
  content_type,
  digest,
  etag,
  expect,
  host,
  keep_alive,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  te,
  trailer,
  transfer_encoding,
  upgrade,
  x_accel_buffering,
};

// The id of a field name, in any case (RFC 9110 section 5.1).
FieldId field_id(std::string_view name) noexcept;

[[nodiscard]] inline char ascii_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
// Most names differ in their sizes.
[[nodiscard]] inline bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  }
  return true;
}
// Without the optional white space (SP, HTAB) around it.
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;
// A token of RFC 9110 section 5.6.2: not empty, no separators.
[[nodiscard]] bool is_token(std::string_view text) noexcept;

// Calls `f(element)` for each non-empty element of a comma-separated list (RFC 9110 section 5.6.1). Commas
// inside quoted strings do not count.
template <class F>
void for_each_element(std::string_view list, F&& f) {
  bool quoted = false;
  size_t from = 0;
  for (size_t i = 0; i <= list.size(); ++i) {
    if (i + 1 < list.size() && quoted && list[i] == '\\') {
      ++i;
    } else if (i < list.size() && list[i] == '"') {
      quoted = !quoted;
    } else if (i >= list.size() || (list[i] == ',' && !quoted)) {
      const std::string_view element = trimmed(list.substr(from, i - from));
      if (!element.empty()) f(element);
      from = i + 1;
    }
  }
}

// Fields keeps a message's field lines in the order in which they came, duplicates included.
//   Owned by  its head. Two allocations for as many fields as most messages have; views die with the next
//   change.
class Fields {
 public:
  struct View {
    FieldId id;
    std::string_view name;
    std::string_view value;
  };

  void add(std::string_view name, std::string_view value);
  void set(std::string_view name, std::string_view value);  // replaces all of that name
  void remove(FieldId id) noexcept;
  void remove(std::string_view name) noexcept;

  // For the parser: a field that arrives in pieces.
  void append_name(std::string_view piece);
  void append_value(std::string_view piece);
  void finish_field();

  [[nodiscard]] std::optional<std::string_view> find(FieldId id) const noexcept;  // the first of that name
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
  [[nodiscard]] size_t count(FieldId id) const noexcept;
  [[nodiscard]] std::string joined(FieldId id) const;  // all of them, joined by ", " (RFC 9110 section 5.3)
  [[nodiscard]] size_t size() const noexcept { return spans_.size(); }
  [[nodiscard]] bool empty() const noexcept { return spans_.empty(); }
  [[nodiscard]] View operator[](size_t i) const noexcept { return view(spans_[i]); }
  // Is `name` an element of one of the lists in the fields `id`, in any case?
  [[nodiscard]] bool lists(FieldId id, std::string_view name) const;
  void clear() noexcept;

  template <class Predicate>
  void remove_if(Predicate&& predicate) {
    std::erase_if(spans_, [&](const Span& span) { return predicate(view(span)); });
  }

 private:
  struct Span {
    uint32_t name, name_size, value, value_size;  // offsets into bytes_
    FieldId id;
  };
  [[nodiscard]] View view(const Span& span) const noexcept {
    const char* const bytes = bytes_.data();
    return {span.id, {bytes + span.name, span.name_size}, {bytes + span.value, span.value_size}};
  }

  std::string bytes_;
  std::vector<Span> spans_;
  uint32_t name_at_ = 0, value_at_ = 0;
};

enum class Version : uint8_t { http10, http11 };

// How a message's body ends (RFC 9112 section 6.3).
enum class Framing : uint8_t { none, length, chunked, until_close };

struct BodyFraming {
  Framing kind = Framing::none;
  uint64_t length = 0;  // of `length` only
};

struct RequestHead {
  std::string method;
  std::string target;
  Version version = Version::http11;
  bool keep_alive = true;
  BodyFraming body;
  Fields fields;

  [[nodiscard]] std::string_view path() const noexcept;  // the raw path, without its query
};

struct ResponseHead {
  int status = 0;
  std::string reason;
  Version version = Version::http11;
  bool keep_alive = true;
  BodyFraming body;
  Fields fields;
};

// A response to this method with this status has no body, whatever its fields say (RFC 9110 section 6.4.1).
[[nodiscard]] bool is_bodiless(std::string_view method, int status) noexcept;
// RFC 9110 section 9.2.2.
[[nodiscard]] bool is_idempotent(std::string_view method) noexcept;
// The media type without its parameters, as written (RFC 9110 section 8.3.1).
[[nodiscard]] std::string_view media_type(std::string_view content_type) noexcept;
// The standard phrase of a status that the proxy itself answers with, or "".
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

}  // namespace sse_proxy
