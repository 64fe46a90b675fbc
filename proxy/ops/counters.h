// What happened, in numbers. Each worker writes its own; whoever reports sums them up.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "parser/clock.h"
#include "proxy/ops/outcome.h"

namespace sse_proxy {

// One number with a single writer: relaxed and without a locked instruction, readable from any thread.
class Counter {
 public:
  void add(uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(uint64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
  [[nodiscard]] uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// The same thing counted apart by one label; the index is an enumerator of the label's values.
template <size_t N>
class LabelledCounter {
 public:
  template <class E>
  [[nodiscard]] Counter& operator[](E label) noexcept {
    return counters_[static_cast<size_t>(label)];
  }
  [[nodiscard]] const Counter& at(size_t i) const noexcept { return counters_[i]; }
  [[nodiscard]] uint64_t value() const noexcept {
    uint64_t sum = 0;
    for (const Counter& counter : counters_) sum += counter.value();
    return sum;
  }

 private:
  std::array<Counter, N> counters_;
};

// How long something took, by powers of two from 1 ms on: bucket i has what was below 2^i ms, the last one
// the rest. Times come from the loop's clock, which is read once a turn.
class DurationHistogram {
 public:
  static constexpr size_t kBuckets = 21;  // up to 2^19 ms, nearly 9 min, and one for more

  void observe(Millis duration, uint64_t times = 1) noexcept {
    const auto ms = static_cast<uint64_t>(std::max<int64_t>(0, duration.count()));
    buckets_[std::min<size_t>(static_cast<size_t>(std::bit_width(ms)), kBuckets - 1)].add(times);
    sum_ms_.add(ms * times);
  }
  [[nodiscard]] uint64_t bucket(size_t i) const noexcept { return buckets_[i].value(); }
  [[nodiscard]] uint64_t sum_ms() const noexcept { return sum_ms_.value(); }

 private:
  std::array<Counter, kBuckets> buckets_;
  Counter sum_ms_;
};

// --- the labels; names in the order of the enumerators ---

enum class Refusal : uint8_t {
  bad_request,
  timeout,
  body_too_large,
  target_too_long,
  too_many_streams,
  head_too_large,
  not_implemented,
  version,
  other
};
inline constexpr std::array<std::string_view, 9> kRefusalNames = {
    "bad-request",     "timeout", "body-too-large", "target-too-long", "too-many-streams", "head-too-large",
    "not-implemented", "version", "other"};

[[nodiscard]] constexpr Refusal refusal_of(int status) noexcept {
  switch (status) {
    case 400: return Refusal::bad_request;
    case 408: return Refusal::timeout;
    case 413: return Refusal::body_too_large;
    case 414: return Refusal::target_too_long;
    case 429: return Refusal::too_many_streams;
    case 431: return Refusal::head_too_large;
    case 501: return Refusal::not_implemented;
    case 505: return Refusal::version;
    default: return Refusal::other;
  }
}

enum class UpstreamPhase : uint8_t { connecting, awaiting_head, responding };
inline constexpr std::array<std::string_view, 3> kUpstreamPhaseNames = {"connecting", "awaiting-head",
                                                                        "responding"};

enum class Coding : uint8_t { gzip, deflate, br, zstd };
inline constexpr std::array<std::string_view, 4> kCodingNames = {"gzip", "deflate", "br", "zstd"};

// --- the counters ---

// X(member, what it counts)
#define SSE_PROXY_COUNTERS(X)                                                                  \
  X(connections, "client connections accepted")                                                \
  X(idle_clients_closed, "idle client connections closed to make room for new ones")           \
  X(clients_turned_away, "clients answered 503 for want of a descriptor")                      \
  X(streams_opened, "event streams begun")                                                     \
  X(tunnels, "connections upgraded, to WebSockets say")                                        \
  X(events, "events passed on")                                                                \
  X(stream_bytes, "bytes of event streams, decoded")                                           \
  X(keepalives, "keep-alives written")                                                         \
  X(reads_held, "reads that ended inside an event, which was held back")                       \
  X(partial_releases, "incomplete events let go by size, age or for memory")                   \
  X(upstream_pauses, "times that an upstream was not read because its client took too little") \
  X(proxy_headers_refused, "connections closed for want of a valid PROXY header")              \
  X(streams_refused, "requests refused because of limits.streams_per_client")                  \
  X(own_errors, "exchanges that failed for want of memory or descriptors of our own")          \
  X(client_aborts, "clients that left before the end")                                         \
  X(slow_clients_dropped, "clients that took nothing for timeouts.write")                      \
  X(decode_failures, "event streams aborted for a corrupt or truncated coding")                \
  X(decoders_refused, "event streams ended because sse.decoder_memory was used up")            \
  X(unknown_codings, "event streams passed through in a coding that is not decoded")           \
  X(upstream_connections, "connections made to upstreams")                                     \
  X(upstream_reuses, "exchanges served by a kept-alive upstream connection")                   \
  X(upstream_ejections, "times that an upstream was left out for failing")                     \
  X(tls_failures, "client connections on which TLS failed")                                    \
  X(stale_retries, "requests sent again because a kept-alive connection had died")

// X(member, label, names of its values, what it counts)
#define SSE_PROXY_LABELLED_COUNTERS(X)                                                                   \
  X(exchanges, "outcome", kOutcomeNames, "requests answered, by how that ended")                         \
  X(streams_ended, "reason", kOutcomeNames, "event streams ended")                                       \
  X(streams_decoded, "coding", kCodingNames, "event streams decoded, by coding; each of a stack counts") \
  X(refused, "reason", kRefusalNames, "requests refused: 4xx, 501 or 505 of the proxy")                  \
  X(upstream_errors, "phase", kUpstreamPhaseNames, "exchanges that the upstream failed: 502, 504 or cut off")

// X(member, what it measures)
#define SSE_PROXY_HISTOGRAMS(X)                                                     \
  X(first_event_delay, "from a request's arrival to the first event of its stream") \
  X(event_gap, "upstream silence before each read of an event stream")              \
  X(event_delay, "from the read of event bytes to the client's socket having taken them, at most")

struct Counters {
#define SSE_PROXY_DECLARE(member, meaning) Counter member;
// NOLINTNEXTLINE(bugprone-macro-parentheses): a name cannot be in parentheses
#define SSE_PROXY_DECLARE_LABELLED(member, label, names, meaning) LabelledCounter<(names).size()> member;
#define SSE_PROXY_DECLARE_HISTOGRAM(member, meaning) DurationHistogram member;
  SSE_PROXY_COUNTERS(SSE_PROXY_DECLARE)
  SSE_PROXY_LABELLED_COUNTERS(SSE_PROXY_DECLARE_LABELLED)
  SSE_PROXY_HISTOGRAMS(SSE_PROXY_DECLARE_HISTOGRAM)
#undef SSE_PROXY_DECLARE
#undef SSE_PROXY_DECLARE_LABELLED
#undef SSE_PROXY_DECLARE_HISTOGRAM
  Counter upstream_idle;  // kept-alive upstream connections now
};

}  // namespace sse_proxy
