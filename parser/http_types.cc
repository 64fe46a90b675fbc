#include "parser/http_types.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sse_proxy {
namespace {

struct KnownField {
  std::string_view name;
  FieldId id;
};
// By their sizes.
constexpr auto kKnownFields = [] {
  auto fields = std::to_array<KnownField>({
      {"accept", FieldId::accept},
      {"accept-encoding", FieldId::accept_encoding},
      {"accept-ranges", FieldId::accept_ranges},
      {"cache-control", FieldId::cache_control},
      {"connection", FieldId::connection},
      {"content-digest", FieldId::content_digest},
      {"content-encoding", FieldId::content_encoding},
      {"content-length", FieldId::content_length},
      {"content-md5", FieldId::content_md5},
      {"content-type", FieldId::content_type},
      {"digest", FieldId::digest},
      {"etag", FieldId::etag},
      {"expect", FieldId::expect},
      {"host", FieldId::host},
      {"keep-alive", FieldId::keep_alive},
      {"proxy-authenticate", FieldId::proxy_authenticate},
      {"proxy-authorization", FieldId::proxy_authorization},
      {"proxy-connection", FieldId::proxy_connection},
      {"te", FieldId::te},
      {"trailer", FieldId::trailer},
      {"transfer-encoding", FieldId::transfer_encoding},
      {"upgrade", FieldId::upgrade},
      {"x-accel-buffering", FieldId::x_accel_buffering},
  });
  std::ranges::sort(fields, {}, [](const KnownField& field) { return field.name.size(); });
  return fields;
}();
constexpr size_t kLongestName = kKnownFields.back().name.size();
// Where the names of each size begin in kKnownFields, up to one more than the longest.
constexpr auto kFirstOfSize = [] {
  std::array<uint8_t, kLongestName + 3> first{};
  for (size_t size = 0; size < first.size(); ++size) {
    first[size] = static_cast<uint8_t>(
        std::ranges::count_if(kKnownFields, [&](const KnownField& f) { return f.name.size() < size; }));
  }
  return first;
}();

constexpr size_t kUsualFields = 16;
constexpr size_t kUsualBytes = 480;

bool is_token_char(char c) noexcept {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  return c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

}  // namespace

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

FieldId field_id(std::string_view name) noexcept {
  const size_t size = std::min(name.size(), kLongestName + 1);
  for (size_t i = kFirstOfSize[size]; i < kFirstOfSize[size + 1]; ++i) {
    if (equals_ignoring_case(kKnownFields[i].name, name)) return kKnownFields[i].id;
  }
  return FieldId::other;
}

void Fields::add(std::string_view name, std::string_view value) {
  append_name(name);
  append_value(value);
  finish_field();
}

void Fields::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Fields::remove(FieldId id) noexcept {
  std::erase_if(spans_, [id](const Span& span) { return span.id == id; });
}

void Fields::remove(std::string_view name) noexcept {
  remove_if([name](const View& field) { return equals_ignoring_case(field.name, name); });
}

void Fields::append_name(std::string_view piece) {
  if (spans_.capacity() == 0) {
    spans_.reserve(kUsualFields);
    bytes_.reserve(kUsualBytes);
  }
  bytes_.append(piece);
}

void Fields::append_value(std::string_view piece) {
  if (value_at_ == 0) value_at_ = static_cast<uint32_t>(bytes_.size());
  bytes_.append(piece);
}

void Fields::finish_field() {
  if (value_at_ == 0) value_at_ = static_cast<uint32_t>(bytes_.size());
  while (bytes_.size() > value_at_ && (bytes_.back() == ' ' || bytes_.back() == '\t')) bytes_.pop_back();
  const auto end = static_cast<uint32_t>(bytes_.size());
  const uint32_t name_size = value_at_ - name_at_;
  const FieldId id = field_id(std::string_view(bytes_).substr(name_at_, name_size));
  spans_.push_back({name_at_, name_size, value_at_, end - value_at_, id});
  name_at_ = end;
  value_at_ = 0;
}

std::optional<std::string_view> Fields::find(FieldId id) const noexcept {
  for (const Span& span : spans_) {
    if (span.id == id) return view(span).value;
  }
  return std::nullopt;
}

std::optional<std::string_view> Fields::find(std::string_view name) const noexcept {
  for (const Span& span : spans_) {
    if (equals_ignoring_case(view(span).name, name)) return view(span).value;
  }
  return std::nullopt;
}

size_t Fields::count(FieldId id) const noexcept {
  return static_cast<size_t>(
      std::count_if(spans_.begin(), spans_.end(), [id](const Span& span) { return span.id == id; }));
}

std::string Fields::joined(FieldId id) const {
  std::string list;
  for (const Span& span : spans_) {
    if (span.id != id) continue;
    if (!list.empty()) list += ", ";
    list += view(span).value;
  }
  return list;
}

bool Fields::lists(FieldId id, std::string_view name) const {
  bool found = false;
  for (const Span& span : spans_) {
    if (span.id != id) continue;
    for_each_element(view(span).value,
                     [&](std::string_view element) { found = found || equals_ignoring_case(element, name); });
  }
  return found;
}

void Fields::clear() noexcept {
  bytes_.clear();
  spans_.clear();
  name_at_ = value_at_ = 0;
}

std::string_view RequestHead::path() const noexcept {
  const std::string_view whole(target);
  return whole.substr(0, whole.find('?'));
}

bool is_bodiless(std::string_view method, int status) noexcept {
  return method == "HEAD" || status / 100 == 1 || status == 204 || status == 304;
}

bool is_idempotent(std::string_view method) noexcept {
  static constexpr auto kIdempotent =
      std::to_array<std::string_view>({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"});
  return std::find(kIdempotent.begin(), kIdempotent.end(), method) != kIdempotent.end();
}

std::string_view media_type(std::string_view content_type) noexcept {
  return trimmed(content_type.substr(0, content_type.find(';')));
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "";
  }
}

}  // namespace sse_proxy
