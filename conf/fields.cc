#include "conf/fields.h"

#include <algorithm>

#include "conf/behind.h"
#include "conf/endpoint.h"
#include "conf/glob.h"
#include "conf/suggest.h"
#include "conf/units.h"

namespace sse_proxy {
namespace {

using Problem = std::optional<std::string>;

// An event stream's line can't hold these; NUL upsets more than one reader.
Problem check_line(std::string_view text) {
  if (text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos) return std::nullopt;
  return in_quotes(text) + " contains a line end or a NUL, which would end the line it is written to";
}

Problem check_event_name(std::string_view text) {
  if (text.empty()) return "\"\" is not the name of an event: write one such as \"error\"";
  return check_line(text);
}

Problem check_host(std::string_view text) {
  if (text == "keep" || text == "upstream" || is_authority(text)) return std::nullopt;
  return in_quotes(text) + " is not a Host: write keep, upstream, a name, or name:port";
}

Problem check_file_name(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return in_quotes(text) + ": a file name contains no NUL";
  return std::nullopt;
}

// Of a list, whose items can't stand for "none".
Problem check_file(std::string_view text) {
  if (text.empty()) return "\"\" is not the name of a file";
  return check_file_name(text);
}

Problem check_server_name(std::string_view text) {
  if (text.empty() || is_server_name(text)) return std::nullopt;
  return in_quotes(text) + " is neither a host name nor an IP address";
}

Problem check_behind(std::string_view text) {
  if (find_intermediary(text)) return std::nullopt;
  std::vector<Candidate> names;
  for (const Intermediary& entry : intermediaries()) names.push_back({entry.name, entry.name});
  return in_quotes(text) + " is not a name that behind knows" + did_you_mean(nearest(text, names)) +
         " (--behind list prints them)";
}

Problem check_glob(std::string_view text) {
  if (auto glob = Glob::compile(text); !glob) return glob.error().message;
  return std::nullopt;
}

// In the order of the enumerators.
constexpr std::string_view kForms[] = {"block", "line"};
constexpr std::string_view kDisconnects[] = {"abort", "drain"};
constexpr std::string_view kTlsVersions[] = {"1.2", "1.3"};
constexpr std::string_view kLevels[] = {"trace", "debug", "info", "warn", "error", "off"};
constexpr std::string_view kFormats[] = {"text", "json"};

constexpr auto kStart = Scope::start;
constexpr auto kProcess = Scope::process;
constexpr auto kRequest = Scope::request;

using S = SseOptions;
using T = TimeoutOptions;
using L = LimitOptions;
using U = UpstreamTlsOptions;

// key, flag, metavar, value, scope, topic, help
constexpr Field kFields[] = {
    {"listen", "listen", "ADDR", EndpointsValue{&Options::listen, parse_listen}, kStart, Topic::basics,
     "address to listen on: host:port, [v6]:port or unix:/path; http:// or https:// in front decides TLS for "
     "it, else TLS if there is a certificate; repeat for several"},
    {"upstream", "upstream", "URL", EndpointsValue{&Options::upstream, parse_upstream}, kStart, Topic::basics,
     "where requests go: http://host[:port], https://host[:port] or unix:/path; repeat for several, which "
     "take turns"},
    {"upstream_host", "upstream-host", "keep|upstream|NAME", TextValue{&Options::upstream_host, check_host},
     kProcess, Topic::basics,
     "the Host sent upstream: the client's own, the upstream's, or this one; left out: upstream where every "
     "upstream is an https URL with a host name"},
    {"workers", "workers", "N|auto", WorkersValue{&Options::workers}, kStart, Topic::basics,
     "event loops; auto: as many as the CPUs that the cgroup allows"},
    {"behind", "behind", "NAME,...", TextsValue{&Options::behind, check_behind, true}, kProcess,
     Topic::basics,
     "what stands in front: alb, cloudflare, nginx, ...; `--behind list` prints the names and their limits"},

    {"sse.paths", "sse-path", "GLOB", TextsValue{&Options::sse_paths, check_glob, false}, kProcess,
     Topic::streams,
     "requests that expect an event stream whatever their Accept says; * stays within a segment, ** does "
     "not; "
     "repeat for several"},
    {"sse.keepalive", "keepalive", "auto|off|DUR", AutoDurationValue{&S::keepalive, true, 10ms}, kRequest,
     Topic::streams,
     "silence towards the client before a keep-alive; auto: half the shortest idle timeout of behind, at "
     "most 30s; "
     "15s without behind"},
    {"sse.keepalive_comment", "keepalive-comment", "TEXT", TextValue{&S::keepalive_comment, check_line},
     kRequest, Topic::streams, "text of the keep-alive comment"},
    {"sse.keepalive_form", "keepalive-form", "block|line",
     WordValue<KeepaliveForm>{&S::keepalive_form, kForms}, kRequest, Topic::streams,
     "the comment with or without a blank line after it; line is for clients that report a comment as an "
     "empty "
     "message"},
    {"sse.keepalive_event", "keepalive-event", "NAME", TextValue{&S::keepalive_event, check_line}, kRequest,
     Topic::streams, "send an event of this name, with `data: {}`, in place of the comment"},
    {"sse.first_keepalive", "first-keepalive", "auto|off|DUR", AutoDurationValue{&S::first_keepalive, true},
     kRequest, Topic::streams,
     "silence after the head before the first keep-alive, for hops that hold the head until a body byte "
     "comes; auto: "
     "500ms for expected event streams; off where keepalive is off"},
    {"sse.padding", "padding", "SIZE", SizeValue{.place = &S::padding, .most = 64 * kKiB}, kRequest,
     Topic::streams, "fill every injected comment with spaces to this size, for hops that hold small writes"},
    {"sse.early_headers", "early-headers", "off|DUR", DurationValue{&S::early_headers, true}, kRequest,
     Topic::streams,
     "answer an expected event stream with 200 after this much upstream silence, and start keep-alives; an "
     "error of "
     "the upstream then becomes an event"},
    {"sse.early_error_event", "early-error-event", "NAME", TextValue{&S::early_error_event, check_event_name},
     kRequest, Topic::streams, "name of that event"},
    {"sse.retry_on_error", "retry-on-error", "off|DUR", DurationValue{&S::retry_on_error, true}, kRequest,
     Topic::streams,
     "instead of the proxy's own 502, 503 or 504, end an expected event stream with `retry:` near this "
     "value, so that "
     "browsers reconnect"},
    {"sse.on_disconnect", "on-disconnect", "abort|drain",
     WordValue<OnDisconnect>{&S::on_disconnect, kDisconnects}, kRequest, Topic::streams,
     "when the client has gone: close the upstream at once, or read it to its end"},
    {"sse.max_event_bytes", "max-event-bytes", "SIZE", SizeValue{.place = &S::max_event_bytes, .least = 1},
     kRequest, Topic::streams, "hold at most this much of an incomplete event; a larger one streams through"},
    {"sse.partial_flush", "partial-flush", "off|DUR", DurationValue{&S::partial_flush, true}, kRequest,
     Topic::streams, "hold an incomplete event at most this long, from its first held byte"},
    {"sse.retry", "retry", "off|DUR", DurationValue{&S::retry, true}, kRequest, Topic::streams,
     "inject `retry:` with this value at the start of each stream"},
    {"sse.max_stream_age", "max-stream-age", "off|DUR", DurationValue{&S::max_stream_age, true}, kRequest,
     Topic::streams, "end older GET streams cleanly, with 10 % jitter"},
    {"sse.decoder_memory", "decoder-memory", "auto|SIZE", AutoSizeValue{&Options::decoder_memory, 48 * kKiB},
     kStart, Topic::streams,
     "for all content decoders of the process; auto: a quarter of the cgroup's memory limit, at most 256MiB"},

    {"timeouts.header", "header-timeout", "DUR", DurationValue{&T::header}, kProcess, Topic::timeouts,
     "a request head must be complete"},
    {"timeouts.body", "body-timeout", "DUR", DurationValue{&T::body}, kRequest, Topic::timeouts,
     "longest silence inside a request body, until the response head has come"},
    {"timeouts.idle", "idle-timeout", "auto|DUR", AutoDurationValue{&T::idle}, kProcess, Topic::timeouts,
     "idle client connection; auto: longer than what behind names keeps one, else 75s"},
    {"timeouts.connect", "connect-timeout", "DUR", DurationValue{&T::connect}, kRequest, Topic::timeouts,
     "to connect upstream, over all addresses of a name, tried in turn"},
    {"timeouts.response", "response-timeout", "DUR", DurationValue{&T::response}, kRequest, Topic::timeouts,
     "wait for the upstream's response head, from the last request byte passed on"},
    {"timeouts.read", "read-timeout", "DUR", DurationValue{&T::read}, kRequest, Topic::timeouts,
     "longest silence in a response body that is not an event stream"},
    {"timeouts.stream", "stream-timeout", "off|DUR", DurationValue{&T::stream, true}, kRequest,
     Topic::timeouts, "longest silence of an upstream event stream"},
    {"timeouts.tunnel", "tunnel-timeout", "DUR", DurationValue{&T::tunnel}, kRequest, Topic::timeouts,
     "longest silence of an upgraded connection, a WebSocket say, in both directions"},
    {"timeouts.write", "write-timeout", "DUR", DurationValue{&T::write}, kRequest, Topic::timeouts,
     "a client that takes nothing for so long is dropped"},

    {"limits.connections", "max-connections", "N", CountValue{&L::connections, 1, 10'000'000}, kStart,
     Topic::limits,
     "client connections of the process; further ones wait in the listen queue until an idle one gives way"},
    {"limits.backlog", "backlog", "N", CountValue{&L::backlog, 1, 65535}, kStart, Topic::limits,
     "length of the listen queue"},
    {"limits.streams_per_client", "max-streams-per-client", "N|off",
     CountValue{&L::streams_per_client, 1, 1'000'000, true}, kStart, Topic::limits,
     "event streams of one client address (an IPv6 client's /64), in the whole process; 429"},
    {"limits.header_bytes", "max-header-bytes", "SIZE",
     SizeValue{.place = &L::header_bytes, .least = kKiB, .most = 64 * kMiB}, kProcess, Topic::limits,
     "largest head of a request or response; 431 or 502"},
    {"limits.body_bytes", "max-body-bytes", "off|SIZE",
     SizeValue{.place = &RouteOptions::body_bytes, .off = true}, kRequest, Topic::limits,
     "largest request body; 413"},
    {"limits.buffer_bytes", "buffer-bytes", "SIZE", SizeValue{.place = &L::buffer_bytes, .least = 4 * kKiB},
     kProcess, Topic::limits, "bytes ready to send per stream before its upstream is paused"},
    {"limits.buffer_memory", "buffer-memory", "auto|SIZE", AutoSizeValue{&L::buffer_memory, 64 * kKiB},
     kStart, Topic::limits,
     "for all held and queued bytes of the process; auto: a quarter of the cgroup's memory limit, at most "
     "1GiB"},

    {"tls.cert", "tls-cert", "FILE", TextsValue{&TlsOptions::cert, check_file, false}, kStart, Topic::tls,
     "certificate to show, with its chain, in PEM; repeat for several, chosen by SNI and key type"},
    {"tls.key", "tls-key", "FILE", TextsValue{&TlsOptions::key, check_file, false}, kStart, Topic::tls,
     "its private key; as often as --tls-cert, in the same order"},
    {"tls.client_ca", "tls-client-ca", "FILE", TextValue{&TlsOptions::client_ca, check_file_name}, kStart,
     Topic::tls, "require client certificates, and verify them by these authorities"},
    {"tls.min_version", "tls-min-version", "1.2|1.3",
     WordValue<TlsVersion>{&TlsOptions::min_version, kTlsVersions}, kStart, Topic::tls,
     "oldest version of TLS that a client may speak"},
    {"upstream_tls.ca", "upstream-ca", "FILE", TextValue{&U::ca, check_file_name}, kStart, Topic::tls,
     "authorities that verify an https upstream, in place of the system's"},
    {"upstream_tls.cert", "upstream-cert", "FILE", TextValue{&U::cert, check_file_name}, kStart, Topic::tls,
     "certificate to show to an https upstream"},
    {"upstream_tls.key", "upstream-key", "FILE", TextValue{&U::key, check_file_name}, kStart, Topic::tls,
     "its private key"},
    {"upstream_tls.server_name", "upstream-server-name", "NAME",
     TextValue{&U::server_name, check_server_name}, kStart, Topic::tls,
     "name for SNI and verification, in place of the URL's host"},
    {"upstream_tls.insecure", "upstream-insecure", "", SwitchValue{&U::insecure}, kStart, Topic::tls,
     "don't verify https upstreams: whoever is on the way can read and change everything"},

    {"upstream_idle", "upstream-idle", "N", CountValue{&Options::upstream_idle, 0, 1'000'000}, kProcess,
     Topic::upstream, "kept-alive upstream connections per worker"},
    {"upstream_idle_timeout", "upstream-idle-timeout", "DUR", DurationValue{&Options::upstream_idle_timeout},
     kProcess, Topic::upstream,
     "use an idle upstream connection again for so long; Node and uvicorn close theirs after 5s"},
    {"resolve_interval", "resolve-interval", "DUR", DurationValue{&Options::resolve_interval}, kStart,
     Topic::upstream, "look names up again this often; an old answer is kept when that fails"},

    {"proxy_protocol", "proxy-protocol", "on|off", SwitchValue{&Options::proxy_protocol}, kProcess,
     Topic::process,
     "every connection begins with a PROXY header, of version 1 or 2, that names the client; one without is "
     "closed"},
    {"trusted_proxies", "trusted-proxies", "CIDR,...", TrustedProxiesValue{&Options::trusted_proxies},
     kProcess, Topic::process,
     "whose X-Forwarded-* is kept and appended to; that of others, their Forwarded and X-Real-IP are "
     "replaced; private stands for private, shared and loopback addresses, unix for peers on Unix sockets, "
     "none (or an empty value) for nobody"},
    {"unix_mode", "unix-mode", "MODE", ModeValue{&Options::unix_mode}, kStart, Topic::process,
     "permissions of listening Unix sockets, in octal"},
    {"reuse_port", "reuse-port", "on|off", SwitchValue{&Options::reuse_port}, kStart, Topic::process,
     "let another instance listen on the same port, for a hand-over"},

    {"admin", "admin", "ADDR|off", EndpointValue{&Options::admin, parse_admin}, kStart, Topic::admin,
     "address of the admin listener: health, metrics, live streams and a page that shows them; host:port or "
     "unix:/path"},
    {"admin_remote", "admin-remote", "on|off", SwitchValue{&Options::admin_remote}, kStart, Topic::admin,
     "let peers on other machines have more of it than /healthz, /readyz and /metrics"},

    {"log.level", "log-level", "LEVEL", WordValue<LogLevel>{&Options::log_level, kLevels}, kProcess,
     Topic::logging, "trace, debug, info, warn, error or off"},
    {"log.format", "log-format", "text|json", WordValue<LogFormat>{&Options::log_format, kFormats}, kStart,
     Topic::logging, "lines for people or for machines"},
    {"log.access", "access-log", "on|off", SwitchValue{&Options::access_log}, kProcess, Topic::logging,
     "a line per finished exchange"},

    {"drain.delay", "drain-delay", "DUR", DurationValue{&Options::drain_delay, false, 0ms}, kProcess,
     Topic::drain, "after SIGTERM, go on accepting for so long, until the load balancer has noticed"},
    {"drain.timeout", "drain-timeout", "DUR", DurationValue{&Options::drain_timeout, false, 0ms}, kProcess,
     Topic::drain, "then end everything within this; event streams end spread over it"},
};

}  // namespace

std::string_view title(Topic topic) {
  switch (topic) {
    case Topic::basics: return "Where from, where to";
    case Topic::streams: return "Event streams";
    case Topic::timeouts: return "Timeouts";
    case Topic::limits: return "Limits";
    case Topic::tls: return "TLS";
    case Topic::upstream: return "Upstream connections";
    case Topic::process: return "Sockets";
    case Topic::admin: return "Admin listener";
    case Topic::logging: return "Logging";
    case Topic::drain: return "Shutting down";
  }
  return "";
}

std::span<const Field> fields() { return kFields; }

const Field* find_key(std::string_view key) {
  const auto found = std::ranges::find(kFields, key, &Field::key);
  return found == std::end(kFields) ? nullptr : found;
}

const Field* find_flag(std::string_view flag) {
  const auto found = std::ranges::find(kFields, flag, &Field::flag);
  return found == std::end(kFields) ? nullptr : found;
}

std::string variable_of(const Field& field) {
  std::string name = "SSE_PROXY_";
  for (const char c : field.key)
    name += c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

bool is_list(const Field& field) {
  return std::holds_alternative<TextsValue>(field.value) ||
         std::holds_alternative<EndpointsValue>(field.value) ||
         std::holds_alternative<TrustedProxiesValue>(field.value);
}

bool has_commas(const Field& field) {
  const auto* texts = std::get_if<TextsValue>(&field.value);
  return texts != nullptr ? texts->commas : std::holds_alternative<TrustedProxiesValue>(field.value);
}

bool stands_alone(const Field& field) { return field.metavar.empty(); }

}  // namespace sse_proxy
