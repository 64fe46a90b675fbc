// The addresses of the configured upstreams, kept fresh without ever blocking a loop.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "conf/options.h"
#include "parser/clock.h"
#include "parser/result.h"
#include "proxy/net/socket.h"

namespace sse_proxy {

using AddressList = std::shared_ptr<const std::vector<SocketAddress>>;

// Resolver looks names up once at start, then again every interval on a thread of its own. A stale answer is
// kept when a look-up fails.
//   Owned by  the process. Any thread may ask.
//   Exit      does not wait for a look-up that hangs: the thread owns all that it touches.
class Resolver {
 public:
  // `upstreams` are copied. An interval of 0 looks up once.
  Resolver(const std::vector<Endpoint>& upstreams, Millis interval);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Blocks until every name is resolved; the error names the one that is not. Starts the thread if there are
  // names.
  std::optional<Error> start();

  // In the resolver's order; never empty after start(), never null.
  [[nodiscard]] AddressList addresses(size_t upstream) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace sse_proxy
