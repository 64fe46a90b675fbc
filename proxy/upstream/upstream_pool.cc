#include "proxy/upstream/upstream_pool.h"

#include <algorithm>
#include <utility>

namespace sse_proxy {
namespace {

constexpr Millis kCarefulAge{
    1000};  // servers close after 5 s and more: a younger connection is hardly being closed

}  // namespace

std::unique_ptr<UpstreamConnection> UpstreamPool::take(size_t upstream, bool careful) {
  const TimePoint now = worker_.now();
  for (auto it = idle_.begin(); it != idle_.end();) {
    const auto idle = it++;
    if (idle->connection->upstream() != upstream || (careful && now - idle->since > kCarefulAge)) continue;
    if (now >= idle->until || (careful && !idle->connection->looks_alive())) {
      retire(idle);
      continue;
    }
    std::unique_ptr<UpstreamConnection> connection = std::move(idle->connection);
    idle_.erase(idle);
    count();
    return connection;
  }
  return nullptr;
}

void UpstreamPool::put(std::unique_ptr<UpstreamConnection> connection) {
  const Options& options = worker_.options();
  const TimePoint now = worker_.now();
  Millis keep = options.upstream_idle_timeout;
  if (connection->announced_idle() > Millis::zero()) keep = std::min(keep, connection->announced_idle());
  connection->leave();
  connection->resume();  // to notice its end
  idle_.push_front({std::move(connection), now, now + keep});
  while (idle_.size() > (worker_.draining() ? 0 : options.upstream_idle)) retire(std::prev(idle_.end()));
  count();
  if (!idle_.empty()) worker_.schedule(*this, now + keep);
}

void UpstreamPool::drop(UpstreamConnection& connection) {
  const auto idle = std::find_if(idle_.begin(), idle_.end(),
                                 [&](const Idle& i) { return i.connection.get() == &connection; });
  if (idle != idle_.end()) retire(idle);
}

bool UpstreamPool::clear() {
  const bool any = !idle_.empty();
  while (!idle_.empty()) retire(idle_.begin());
  return any;
}

void UpstreamPool::retire(List::iterator idle) {
  idle->connection->close();
  worker_.retire(std::move(idle->connection));
  idle_.erase(idle);
  count();
}

void UpstreamPool::count() noexcept { worker_.counters().upstream_idle.set(idle_.size()); }

size_t UpstreamPool::next_upstream() noexcept { return turn_++ % worker_.options().upstream.size(); }

void UpstreamPool::on_timer(TimePoint now) {
  TimePoint next = kNever;
  for (auto it = idle_.begin(); it != idle_.end();) {
    const auto idle = it++;
    if (idle->until <= now) {
      retire(idle);
    } else {
      next = std::min(next, idle->until);
    }
  }
  worker_.schedule(*this, next);
}

}  // namespace sse_proxy
