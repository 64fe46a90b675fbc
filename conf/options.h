// Every setting of the proxy, as one struct per group, with its default, its unit and its meaning.
//   Filled by  conf/load: defaults < TOML file < environment < flags.
//   Read by    everything; nobody writes it after load() has returned, so threads share it freely.
// Durations of 0 mean "off" where the option table allows `off`. An empty optional means `auto`
// until finish() has chosen the value; after load() none here is empty but first_keepalive, whose
// `auto` depends on the request.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conf/trusted_proxies.h"

namespace sse_proxy {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

inline constexpr size_t kKiB = 1024;
inline constexpr size_t kMiB = 1024 * kKiB;

enum class KeepaliveForm : uint8_t { block, line };  // the comment with or without its blank line
enum class OnDisconnect : uint8_t { abort, drain };  // what a lost client means for the upstream
enum class TlsVersion : uint8_t { v1_2, v1_3 };
enum class LogLevel : uint8_t { trace, debug, info, warn, error, off };
enum class LogFormat : uint8_t { text, json };

inline constexpr milliseconds kFirstKeepalive = 500ms;

// A socket address to listen on or to connect to, as the user wrote it, taken apart.
struct Endpoint {
  std::string text;         // as written, for messages
  std::string unix_path;    // not empty: a Unix socket, and host and port mean nothing
  std::string host;         // a name, an IPv4 address, or an IPv6 address without its brackets
  uint16_t port = 0;        // 0 on a listener: the kernel chooses, and the start-up log says which
  bool tls = false;         // https; of a listener without a scheme only after finish()
  bool has_scheme = false;  // `http://` or `https://` was in front
  bool operator==(const Endpoint&) const = default;
};

// `sse.*`: what happens to event streams. A [[rule]] can override each.
struct SseOptions {
  std::optional<milliseconds> keepalive;  // silence towards the client before a keep-alive; 0: never
  std::string keepalive_comment = "keep-alive";
  KeepaliveForm keepalive_form = KeepaliveForm::block;
  std::string keepalive_event;  // not empty: a named event in place of the comment
  // Silence after the head, while no body byte was written, before the first one; 0: never. Empty
  // (`auto`): kFirstKeepalive for an expected event stream, never for another.
  std::optional<milliseconds> first_keepalive;
  size_t padding = 0;             // injected comments are filled with spaces to this size
  milliseconds early_headers{0};  // commit the head after this much upstream silence; 0: never
  std::string early_error_event = "error";
  milliseconds retry_on_error{0};  // own 502/503/504 becomes 200 + `retry:`; 0: never
  OnDisconnect on_disconnect = OnDisconnect::abort;
  size_t max_event_bytes = kMiB;    // hold at most this much of an incomplete event
  milliseconds partial_flush = 5s;  // hold an incomplete event at most this long; 0: for ever
  milliseconds retry{0};            // inject `retry:` at the start of each stream; 0: never
  milliseconds max_stream_age{0};   // end older GET streams cleanly; 0: never
};

// `timeouts.*`. A [[rule]] can override those that apply once the path is known.
struct TimeoutOptions {
  milliseconds header = 10s;         // a request head must be complete
  milliseconds body = 30s;           // silence inside a request body, until the response head has come
  std::optional<milliseconds> idle;  // idle client connection
  milliseconds connect = 5s;         // over all addresses of a name
  milliseconds response = 5min;      // from the last request byte to the response head
  milliseconds read = 5min;          // silence in a response body that is not an event stream
  milliseconds stream{0};            // silence of an upstream event stream; 0: no limit
  milliseconds tunnel = 1h;          // an upgraded connection on which nothing moves
  milliseconds write = 30s;          // a client that takes nothing is dropped
};

struct LimitOptions {
  size_t connections = 16384;           // client connections of the process
  size_t backlog = 4096;                // listen queue
  size_t streams_per_client = 0;        // event streams of one client address; 0: no limit
  size_t header_bytes = 32 * kKiB;      // start line and fields; trailers; interim responses; each
  size_t buffer_bytes = 64 * kKiB;      // bytes ready to send per stream before the upstream is paused
  std::optional<size_t> buffer_memory;  // all held and queued bytes of the process
};

// What one request is served with: the globals, with the matching rules laid over them.
struct RouteOptions {
  bool event_stream = false;  // expect an event stream whatever the request's Accept says
  std::vector<std::string> upgrades{"websocket"};  // protocols that a request may switch to; rules only
  SseOptions sse;
  TimeoutOptions timeouts;
  size_t body_bytes = 0;  // `limits.body_bytes`; 0: no limit
};

// `tls.*`: what listeners with TLS show and ask for. Files are PEM, read by tls/; here they are names.
struct TlsOptions {
  std::vector<std::string> cert, key;  // chains and their keys, paired in order
  std::string client_ca;               // not empty: clients must show a certificate that it vouches for
  TlsVersion min_version = TlsVersion::v1_2;
};

// `upstream_tls.*`: what holds between us and an https upstream.
struct UpstreamTlsOptions {
  std::string ca;           // empty: the system's store
  std::string cert, key;    // what we show of ourselves; empty: nothing
  std::string server_name;  // for SNI and verification; empty: the URL's host
  bool insecure = false;    // no verification
};

struct Options {
  std::vector<Endpoint> listen{{"0.0.0.0:8080", "", "0.0.0.0", 8080}};
  std::vector<Endpoint> upstream;
  std::string upstream_host = "keep";  // `keep`, `upstream`, or the Host to send; finish() can choose
  unsigned workers = 1;                // event loops; 0 is `auto` until finish(), never after load()
  std::vector<std::string> behind;     // names of conf/behind's table
  std::vector<std::string> sse_paths;  // globs: requests that expect an event stream
  RouteOptions route;                  // what a request gets that no rule matches
  LimitOptions limits;
  TlsOptions tls;
  UpstreamTlsOptions upstream_tls;
  std::optional<size_t> decoder_memory;  // `sse.decoder_memory`: all content decoders of the process
  size_t upstream_idle = 64;             // kept-alive upstream connections per worker
  milliseconds upstream_idle_timeout = 4s;
  milliseconds resolve_interval = 10s;
  bool proxy_protocol = false;                                 // every connection begins with a PROXY header
  TrustedProxies trusted_proxies = default_trusted_proxies();  // whose X-Forwarded-* is kept
  std::optional<Endpoint> admin;                               // none: there is no admin listener
  bool admin_remote = false;  // peers other than this machine's get more than probes and metrics
  uint32_t unix_mode = 0660;  // of listening Unix sockets
  bool reuse_port = false;
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;
  bool access_log = true;
  milliseconds drain_delay{0};
  milliseconds drain_timeout = 25s;
};

}  // namespace sse_proxy
