// What the workers of one process share, and all of it: settings, budgets, names, the count of connections.
#pragma once

#include <atomic>
#include <cstddef>
#include <ctime>
#include <string>
#include <vector>

#include "conf/options.h"
#include "parser/memory_budget.h"
#include "proxy/exchange/client_streams.h"
#include "proxy/net/socket.h"
#include "proxy/ops/certificates.h"
#include "proxy/upstream/resolver.h"
#include "proxy/upstream/upstream_health.h"

namespace sse_proxy {

// Owned by the Server; outlives its workers. Each member is constant while they run, or safe for any thread.
struct Shared {
  explicit Shared(const Options& given)
      : options(given),
        buffers(*given.limits.buffer_memory),
        decoders(*given.decoder_memory),
        client_streams(given.limits.streams_per_client),
        resolver(given.upstream, given.resolve_interval),
        health(given.upstream),
        certificates(given) {
    for (const Endpoint& upstream : given.upstream) upstream_authorities.push_back(authority_of(upstream));
  }

  // A slot for one more client connection; false at the limit.
  bool take_connection() noexcept {
    if (connections.fetch_add(1, std::memory_order_relaxed) < max_connections) return true;
    connections.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }

  const Options& options;        // as of the start
  size_t max_connections = 0;    // `limits.connections`, or what the descriptors allow
  MemoryBudget buffers;          // held and queued bytes
  MemoryBudget decoders;         // content decoders
  ClientStreams client_streams;  // `limits.streams_per_client`
  Resolver resolver;
  UpstreamHealth health;
  Certificates certificates;
  std::vector<std::string>
      upstream_authorities;  // what `upstream_host = "upstream"` sends as Host, per upstream
  const std::time_t started = std::time(nullptr);
  std::atomic<uint64_t> reload_failures{0};  // of the configuration
  std::atomic<bool> draining{false};         // from the signal on, before drain.delay
  std::atomic<size_t> drain_began_with{0};   // client connections
  std::atomic<size_t> connections{0};        // client connections of all workers
};

}  // namespace sse_proxy
