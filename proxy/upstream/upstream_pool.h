// Idle connections to upstreams, kept for the next request.
#pragma once

#include <list>
#include <memory>

#include "proxy/net/timer_wheel.h"
#include "proxy/upstream/upstream_connection.h"

namespace sse_proxy {

// UpstreamPool keeps at most `upstream_idle` connections, each for `upstream_idle_timeout` or what the
// upstream announced, and gives out the one used last.
//   Owned by  its worker. Thread: its worker's.
class UpstreamPool final : public Timer {
 public:
  explicit UpstreamPool(Worker& worker) : worker_(worker) {}

  // An idle connection to this upstream, or null. `careful`: the request cannot be sent again, so the
  // connection has to be a second old at most and without any sign of an end.
  std::unique_ptr<UpstreamConnection> take(size_t upstream, bool careful);
  // Keeps a reusable connection; closes it if there is no room for it.
  void put(std::unique_ptr<UpstreamConnection> connection);
  // An idle connection that ended by itself.
  void drop(UpstreamConnection& connection);
  // Closes all at once, descriptors included; false when there was none.
  bool clear();

  // Round robin: where the next exchange begins.
  [[nodiscard]] size_t next_upstream() noexcept;

  void on_timer(TimePoint now) override;

 private:
  struct Idle {
    std::unique_ptr<UpstreamConnection> connection;
    TimePoint since;
    TimePoint until;
  };
  using List = std::list<Idle>;  // the most recently used first
  void retire(List::iterator idle);
  void count() noexcept;

  Worker& worker_;
  List idle_;
  size_t turn_ = 0;
};

}  // namespace sse_proxy
