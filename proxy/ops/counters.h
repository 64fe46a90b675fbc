// What happened, in numbers. Each worker writes its own; whoever reports sums them up.
#pragma once

#include <atomic>
#include <cstdint>

namespace sse_proxy {

// One number with a single writer: relaxed and without a locked instruction, readable from any thread.
class Counter {
 public:
  void add(uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  [[nodiscard]] uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// X(member, what it counts)
#define SSE_PROXY_COUNTERS(X)                                                        \
  X(connections, "client connections accepted")                                      \
  X(idle_clients_closed, "idle client connections closed to make room for new ones") \
  X(clients_turned_away, "clients answered 503 for want of a descriptor")            \
  X(exchanges, "requests answered, in whatever way")                                 \
  X(streams, "event streams begun")                                                  \
  X(tunnels, "connections upgraded, to WebSockets say")                              \
  X(events, "events passed on")                                                      \
  X(keepalives, "keep-alives written")                                               \
  X(partial_releases, "incomplete events let go by size, age or for memory")         \
  X(refused, "requests refused: 4xx, 501 or 505 of the proxy")                       \
  X(proxy_headers_refused, "connections closed for want of a valid PROXY header")    \
  X(streams_refused, "requests refused because of limits.streams_per_client")        \
  X(upstream_errors, "exchanges that the upstream failed: 502, 504 or cut off")      \
  X(client_aborts, "clients that left before the end")                               \
  X(slow_clients_dropped, "clients that took nothing for timeouts.write")            \
  X(decode_failures, "event streams aborted for a corrupt or truncated coding")      \
  X(decoders_refused, "event streams ended because sse.decoder_memory was used up")  \
  X(unknown_codings, "event streams passed through in a coding that is not decoded") \
  X(upstream_ejections, "times that an upstream was left out for failing")           \
  X(tls_failures, "client connections on which TLS failed")                          \
  X(stale_retries, "requests sent again because a kept-alive connection had died")

struct Counters {
#define SSE_PROXY_DECLARE(member, meaning) Counter member;
  SSE_PROXY_COUNTERS(SSE_PROXY_DECLARE)
#undef SSE_PROXY_DECLARE
};

}  // namespace sse_proxy
