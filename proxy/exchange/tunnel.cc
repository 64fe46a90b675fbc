#include "proxy/exchange/tunnel.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "proxy/ops/log.h"

namespace sse_proxy {

Tunnel::Tunnel(Worker& worker, TunnelUser& user, std::string asked)
    : worker_(worker),
      user_(user),
      asked_(std::move(asked)),
      client_(*this, upstream_, TunnelEnd::client_broke),
      upstream_(*this, client_, TunnelEnd::upstream_broke),
      last_moved_(worker.now()),
      client_took_(last_moved_) {}

Tunnel::~Tunnel() = default;

void Tunnel::take_client(TransportPtr transport, std::string sent_ahead) {
  client_.transport = std::move(transport);
  client_.transport->set_owner(client_);
  from_client_ = std::move(sent_ahead);
}

void Tunnel::take_upstream(TransportPtr transport, std::string_view sent_ahead) {
  upstream_.transport = std::move(transport);
  upstream_.transport->set_owner(upstream_);
  if (!sent_ahead.empty()) upstream_.on_bytes(sent_ahead);
  if (!from_client_.empty()) client_.on_bytes(std::exchange(from_client_, {}));
}

void Tunnel::open(Millis idle, Millis write) {
  idle_ = idle;
  write_ = write;
  client_.pace();
  upstream_.pace();
  last_moved_ = client_took_ = worker_.now();
  worker_.schedule(*this, deadline());
}

void Tunnel::close(bool broken) {
  worker_.schedule(*this, kNever);
  for (Side* side : {&client_, &upstream_}) {
    if (broken && side->transport != nullptr) side->transport->reset_on_close();
    side->transport.reset();
  }
}

void Tunnel::end(TunnelEnd how) {
  // Idle with bytes that a side never took: it must not see a clean end in their place.
  const bool unsent = client_.transport->queued() > 0 || upstream_.transport->queued() > 0;
  close(how != TunnelEnd::both_sides && (how != TunnelEnd::idle || unsent));
  user_.on_tunnel_ended(how);
}

void Tunnel::forward(Side& to, std::string_view bytes) {
  const bool was_empty = to.transport->queued() == 0;
  to.transport->write(bytes);
  last_moved_ = worker_.now();
  if (&to != &client_ || !was_empty || to.transport->queued() == 0) return;
  client_took_ = last_moved_;  // from here on it has to take something in time
  worker_.schedule(*this, deadline());
}

// --- time ---

TimePoint Tunnel::deadline() const {
  TimePoint next = last_moved_ + idle_;
  if (client_.transport != nullptr && client_.transport->queued() > 0)
    next = std::min(next, client_took_ + write_);
  return next;
}

void Tunnel::on_timer(TimePoint now) {
  if (client_.transport == nullptr) return;
  if (client_.transport->queued() > 0 && client_.transport->made_progress()) client_took_ = now;
  if (now < deadline()) return worker_.schedule(*this, deadline());
  if (now >= last_moved_ + idle_) return end(TunnelEnd::idle);
  end(TunnelEnd::client_stalled);
}

// --- the two sides ---

void Tunnel::Side::on_bytes(std::string_view bytes) {
  received += bytes.size();
  tunnel.forward(other, bytes);
  pace();
}

// Reads no more than the other side has room for.
void Tunnel::Side::pace() {
  if (transport == nullptr) return;
  const size_t limit = tunnel.worker_.options().limits.buffer_bytes;
  const size_t queued = std::min(other.transport->queued(), limit);
  transport->limit_reads(limit - queued);
  queued == limit ? transport->stop_reading() : transport->start_reading();
}

void Tunnel::Side::on_drained() {
  tunnel.last_moved_ = tunnel.worker_.now();
  if (other.ended) return finish_writing();
  other.pace();
}

void Tunnel::Side::on_end() {
  ended = true;
  if (other.transport->queued() == 0) other.finish_writing();
}

// The other side has ended, and all it sent is with the kernel.
void Tunnel::Side::finish_writing() {
  if (!std::exchange(finished, true)) transport->shut_down_writing();
  if (transport->queued() > 0) return;  // TLS has an end to be written too: on_drained() comes back here
  if (other.finished && other.transport->queued() == 0) tunnel.end(TunnelEnd::both_sides);
}

void Tunnel::Side::on_broken(int error, std::string_view why) {
  log::debug("tunnel broke", {{"reason", why}});
  // TCP_USER_TIMEOUT is timeouts.write too, and the kernel may be the first to notice.
  const bool stalled = broken == TunnelEnd::client_broke && error == ETIMEDOUT;
  tunnel.end(stalled ? TunnelEnd::client_stalled : broken);
}

}  // namespace sse_proxy
