#include "parser/message_rules.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace sse_proxy {
namespace {

Error refusal(int status, std::string message) { return {Side::client, status, std::move(message)}; }

// RFC 9112 section 6.1: codings that have a name, though none but chunked is taken.
bool is_registered_coding(std::string_view name) {
  static constexpr auto kNames = std::to_array<std::string_view>(
      {"chunked", "gzip", "x-gzip", "deflate", "compress", "x-compress", "identity"});
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view known) { return equals_ignoring_case(known, name); });
}

std::optional<Error> check_transfer_encoding(const Fields& fields, Version version) {
  if (version == Version::http10) return refusal(400, "Transfer-Encoding in an HTTP/1.0 message");
  if (fields.count(FieldId::content_length) > 0) return refusal(400, "Content-Length with Transfer-Encoding");
  const std::string value = fields.joined(FieldId::transfer_encoding);
  if (fields.count(FieldId::transfer_encoding) == 1 && equals_ignoring_case(value, "chunked"))
    return std::nullopt;
  bool all_registered = true;
  for_each_element(value, [&](std::string_view coding) { all_registered &= is_registered_coding(coding); });
  return refusal(all_registered ? 400 : 501, "Transfer-Encoding is not exactly one \"chunked\"");
}

Result<BodyFraming> content_length(const Fields& fields) {
  if (fields.count(FieldId::content_length) > 1) return refusal(400, "Content-Length is repeated");
  const std::string_view value = *fields.find(FieldId::content_length);
  uint64_t length = 0;
  const char* const end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, length);
  if (error != std::errc() || rest != end || length > INT64_MAX) {
    return refusal(400, "Content-Length is not a decimal number that fits");
  }
  return BodyFraming{Framing::length, length};
}

// Those of RFC 3986's reg-name but the comma: Hosts that some hop has joined into one line look like a list.
bool is_host_char(char c) noexcept {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  return c != '\0' && std::string_view("-._~!$&'()*+;=%").find(c) != std::string_view::npos;
}

bool is_hex_digit(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_host_name(std::string_view name) noexcept {
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_host_char)) return false;
  for (size_t at = name.find('%'); at != std::string_view::npos; at = name.find('%', at + 1)) {
    if (at + 2 >= name.size() || !is_hex_digit(name[at + 1]) || !is_hex_digit(name[at + 2])) return false;
  }
  return true;
}

// RFC 9110 section 7.2: uri-host [":" port], without userinfo. An http URI has a host (section 4.2.1).
bool is_authority(std::string_view host) noexcept {
  size_t colon = host.find(':');
  if (host.starts_with('[')) {
    const size_t close = host.find(']');
    if (close == std::string_view::npos) return false;
    const std::string_view literal = host.substr(1, close - 1);
    if (literal.empty() || literal.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos)
      return false;
    if (close + 1 < host.size() && host[close + 1] != ':') return false;
    colon = host.find(':', close);
  } else if (!is_host_name(host.substr(0, colon))) {
    return false;
  }
  if (colon == std::string_view::npos) return true;
  const std::string_view port = host.substr(colon + 1);
  unsigned number = 0;
  const auto [rest, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return port.empty() || (error == std::errc() && rest == port.data() + port.size() && number <= 65535);
}

// "http://host:port/path?query" to its authority and origin-form (RFC 9112 section 3.2.2).
bool split_absolute_form(std::string_view target, std::string& authority, std::string& origin_form) {
  const size_t scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) return false;
  const std::string_view scheme = target.substr(0, scheme_end);
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) return false;
  target.remove_prefix(scheme_end + 3);
  const size_t path = target.find_first_of("/?");
  authority = target.substr(0, path);
  origin_form = path == std::string_view::npos ? "/" : std::string(target.substr(path));
  if (origin_form.front() == '?') origin_form.insert(0, "/");
  return !authority.empty();
}

std::optional<Error> normalise_target(RequestHead& head) {
  if (head.method == "CONNECT") return refusal(400, "CONNECT is not for a reverse proxy");
  if (head.target.find('#') != std::string::npos) return refusal(400, "request target has a fragment");
  if (head.target.starts_with('/')) return std::nullopt;
  if (head.target == "*" && head.method == "OPTIONS") return std::nullopt;
  std::string authority;
  std::string origin_form;
  if (!split_absolute_form(head.target, authority, origin_form)) {
    return refusal(400, "request target is neither a path nor an http URL");
  }
  if (head.method == "OPTIONS" &&
      head.target.find_first_of("/?", head.target.find("://") + 3) == std::string::npos) {
    origin_form = "*";  // RFC 9112 section 3.2.4
  }
  head.target = std::move(origin_form);
  head.fields.set("Host", authority);
  return std::nullopt;
}

std::optional<Error> check_host(const RequestHead& head) {
  const size_t hosts = head.fields.count(FieldId::host);
  if (hosts == 0 && head.version == Version::http11) return refusal(400, "Host is missing");
  if (hosts > 1) return refusal(400, "Host is repeated");
  if (hosts == 1 && !is_authority(*head.fields.find(FieldId::host)))
    return refusal(400, "Host is not a valid authority");
  return std::nullopt;
}

// Removing what Connection names must not remove what other rules rely on (RFC 9110 section 7.6.1).
std::optional<Error> check_connection(const Fields& fields) {
  static constexpr auto kProtected = std::to_array<std::string_view>(
      {"host", "content-length", "transfer-encoding", "authorization", "cookie"});
  std::optional<Error> error;
  for_each_element(fields.joined(FieldId::connection), [&](std::string_view option) {
    const bool forwarded = option.size() >= 12 && equals_ignoring_case(option.substr(0, 12), "x-forwarded-");
    const bool named = std::any_of(kProtected.begin(), kProtected.end(),
                                   [&](std::string_view name) { return equals_ignoring_case(name, option); });
    if (forwarded || named) error = refusal(400, "Connection names " + std::string(option));
  });
  return error;
}

}  // namespace

Result<BodyFraming> request_framing(const Fields& fields, Version version) {
  if (fields.count(FieldId::transfer_encoding) > 0) {
    if (auto error = check_transfer_encoding(fields, version)) return *error;
    return BodyFraming{Framing::chunked, 0};
  }
  if (fields.count(FieldId::content_length) > 0) return content_length(fields);
  return BodyFraming{};
}

Result<BodyFraming> response_framing(const Fields& fields, Version version, std::string_view method,
                                     int status) {
  Result<BodyFraming> framing = request_framing(fields, version);
  if (!framing) return Error{Side::upstream, 502, framing.error().message};
  if (is_bodiless(method, status)) return BodyFraming{};
  if (framing->kind == Framing::none) return BodyFraming{Framing::until_close, 0};
  return framing;
}

std::optional<Error> check_and_normalise(RequestHead& head) {
  if (auto error = check_host(head)) return error;
  if (auto error = normalise_target(head)) return error;
  if (auto error = check_host(head)) return error;  // the target's authority may have replaced it
  return check_connection(head.fields);
}

bool is_reason_phrase(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return (c < ' ' && c != '\t') || c == 0x7f; });
}

}  // namespace sse_proxy
