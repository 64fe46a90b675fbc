// What the abuse tests measure: a well-behaved client's waiting time, and what the proxy is left with.
#pragma once

#include <sys/resource.h>

#include <functional>
#include <vector>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {

// Answers every request on a connection with "a".
void answer_all(Peer& peer);
// In front of `origin`, which soon gets its idle connections closed.
Args in_front_of(const Origin& origin, Args more = {});

// How long well-behaved clients waited, each on a connection of its own, from connect() to the whole answer.
class Probes {
 public:
  static Probes run(const Proxy& proxy, int count = 100);
  // Served all of them, 95 % within 100 ms (not under a sanitizer); prints the figures under `name`.
  void expect_served(const char* name) const;

 private:
  std::vector<std::chrono::microseconds> waited_;
  int failed_ = 0;
};

// How many of `wanted` connections this process can have open; raises its own soft limit for that.
size_t affordable_connections(size_t wanted);

// Asks again and again; a failed test if it stays false.
void expect_soon(const std::function<bool()>& is_true, const char* what, Millis patience = kPatience);

// From now on the proxy can open descriptors below `soft` only.
void limit_descriptors(const Proxy& proxy, rlim_t soft);

// What a proxy holds at rest, to compare with later.
class Baseline {
 public:
  // Warms the proxy up with a few exchanges first, and waits until what they leave has gone.
  explicit Baseline(const Proxy& proxy);
  // The descriptors are those of the start again, and the proxy uses no CPU time worth mentioning.
  void expect_restored(const char* name) const;
  // Resident memory has grown by so much at most (not under a sanitizer).
  void expect_growth_below(long kib, const char* name) const;

 private:
  const Proxy& proxy_;
  size_t descriptors_;
  long own_memory_kib_;
};

}  // namespace sse_proxy::test
