#include "parser/header_policy.h"

#include <algorithm>
#include <array>
#include <string>

namespace sse_proxy {
namespace {

constexpr std::string_view kEventStream = "text/event-stream";

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) noexcept {
  return text.size() >= prefix.size() && equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

// RFC 9110 section 7.6.1; what Connection names is hop-by-hop too.
bool is_hop_by_hop(FieldId id) noexcept {
  switch (id) {
    case FieldId::connection:
    case FieldId::keep_alive:
    case FieldId::proxy_connection:
    case FieldId::te:
    case FieldId::transfer_encoding:
    case FieldId::upgrade: return true;
    default: return false;
  }
}

void remove_hop_by_hop(Fields& fields) {
  const std::string named = fields.joined(FieldId::connection);
  fields.remove_if([](const Fields::View& field) { return is_hop_by_hop(field.id); });
  for_each_element(named, [&](std::string_view option) { fields.remove(option); });
}

// WSGI and PHP read `X_Forwarded_For` and `X-Forwarded-For` as one variable: whoever sends the twin of a
// field that decides something wants to deceive.
bool is_underscore_twin(std::string_view name) {
  static constexpr auto kGuarded =
      std::to_array<std::string_view>({"host", "content-length", "transfer-encoding", "connection", "upgrade",
                                       "te", "trailer", "expect", "authorization", "forwarded", "x-real-ip",
                                       "x-request-id", "x-client-cert-subject", "x-client-cert-verified"});
  if (name.find('_') == std::string_view::npos) return false;
  std::string dashed(name);
  std::replace(dashed.begin(), dashed.end(), '_', '-');
  if (starts_with_ignoring_case(dashed, "x-forwarded-")) return true;
  return std::any_of(kGuarded.begin(), kGuarded.end(),
                     [&](std::string_view guarded) { return equals_ignoring_case(guarded, dashed); });
}

// With an argument a directive speaks of single fields only: `no-cache="set-cookie"` is no `no-cache`.
bool has_directive(std::string_view cache_control, std::string_view name) {
  bool found = false;
  for_each_element(cache_control, [&](std::string_view directive) {
    found = found || equals_ignoring_case(directive, name);
  });
  return found;
}

// Rule 8: no hop may keep an event stream, nor compress it; what the origin said besides stays.
void forbid_caching(Fields& fields) {
  std::string value = fields.joined(FieldId::cache_control);
  const auto gain = [&](std::string_view directive) {
    value.append(value.empty() ? "" : ", ").append(directive);
  };
  if (!has_directive(value, "no-cache") && !has_directive(value, "no-store")) gain("no-cache");
  if (!has_directive(value, "no-transform")) gain("no-transform");
  fields.set("Cache-Control", value);
}

}  // namespace

bool accepts_event_stream(const Fields& request_fields) {
  bool named = false;
  for (size_t i = 0; i < request_fields.size(); ++i) {
    const Fields::View field = request_fields[i];
    if (field.id != FieldId::accept) continue;
    for_each_element(field.value, [&](std::string_view range) {
      named = named || equals_ignoring_case(media_type(range), kEventStream);
    });
  }
  return named;
}

bool is_event_stream(const ResponseHead& head, std::string_view request_method) {
  if (is_bodiless(request_method, head.status) || head.status == 206) return false;
  if (head.fields.count(FieldId::content_type) != 1) return false;
  return equals_ignoring_case(media_type(*head.fields.find(FieldId::content_type)), kEventStream);
}

void apply_request_policy(RequestHead& head, bool expects_event_stream) {
  const bool wants_trailers = head.fields.lists(FieldId::te, "trailers");
  remove_hop_by_hop(head.fields);
  if (wants_trailers) head.fields.add("TE", "trailers");
  head.fields.remove_if([&](const Fields::View& field) {
    if (field.id == FieldId::content_length) return true;  // the writer adds the one that holds
    if (field.id == FieldId::accept_encoding) return expects_event_stream;
    if (field.id == FieldId::expect) return head.version == Version::http10;
    if (equals_ignoring_case(field.name, "http2-settings")) return true;  // of `Upgrade: h2c`, named or not
    return is_underscore_twin(field.name);
  });
}

void set_host(RequestHead& head, std::string_view choice, std::string_view authority) {
  if (choice == "keep") {
    if (head.fields.count(FieldId::host) == 0) head.fields.add("Host", authority);
  } else {
    head.fields.set("Host", choice == "upstream" ? authority : choice);
  }
}

void apply_response_policy(ResponseHead& head) {
  remove_hop_by_hop(head.fields);
  // A response to HEAD, and a 304, tell the length of a body that does not follow (RFC 9110 section 8.6).
  if (head.body.kind != Framing::none || head.status / 100 == 1 || head.status == 204) {
    head.fields.remove(FieldId::content_length);
  }
}

void apply_event_stream_policy(ResponseHead& head, bool decoded) {
  const std::string content_type(*head.fields.find(FieldId::content_type));
  const size_t parameters = content_type.find(';');
  const std::string tail = parameters == std::string::npos ? "" : content_type.substr(parameters);
  head.fields.remove_if([decoded](const Fields::View& field) {
    switch (field.id) {
      case FieldId::accept_ranges:
      case FieldId::content_digest:
      case FieldId::content_length:
      case FieldId::content_md5:
      case FieldId::digest:
      case FieldId::etag: return true;
      case FieldId::content_encoding: return decoded;
      default: return false;
    }
  });
  head.fields.set("Content-Type", std::string(kEventStream) + tail);
  head.fields.set("X-Accel-Buffering", "no");
  forbid_caching(head.fields);
  head.body = {Framing::until_close, 0};
}

ResponseHead own_event_stream_head() {
  ResponseHead head;
  head.status = 200;
  head.reason = reason_phrase(200);
  head.fields.add("Content-Type", kEventStream);
  apply_event_stream_policy(head, true);
  return head;
}

void apply_trailer_policy(Fields& trailers) {
  static constexpr auto kForbidden = std::to_array<std::string_view>({"host",
                                                                      "authorization",
                                                                      "proxy-authorization",
                                                                      "proxy-authenticate",
                                                                      "www-authenticate",
                                                                      "cookie",
                                                                      "set-cookie",
                                                                      "forwarded",
                                                                      "x-real-ip",
                                                                      "x-request-id",
                                                                      "x-client-cert-subject",
                                                                      "x-client-cert-verified",
                                                                      "content-length",
                                                                      "content-encoding",
                                                                      "content-type",
                                                                      "content-range",
                                                                      "trailer",
                                                                      "expect",
                                                                      "cache-control",
                                                                      "location"});
  remove_hop_by_hop(trailers);
  trailers.remove_if([](const Fields::View& field) {
    if (starts_with_ignoring_case(field.name, "x-forwarded-") || is_underscore_twin(field.name)) return true;
    return std::any_of(kForbidden.begin(), kForbidden.end(),
                       [&](std::string_view name) { return equals_ignoring_case(name, field.name); });
  });
}

}  // namespace sse_proxy
