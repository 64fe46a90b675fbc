#include "proxy/listener.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "proxy/net/socket.h"
#include "proxy/ops/log.h"
#include "proxy/worker.h"

namespace sse_proxy {
namespace {

constexpr unsigned kAcceptsPerTurn = 64;  // streams that run come first
constexpr Millis kRetryAfter{20};         // how soon a full process looks for room again

}  // namespace

Listener::Listener(Worker& worker, int fd, std::vector<Worker*> peers)
    : worker_(worker),
      fd_(fd),
      is_unix_(local_address(fd).family() == AF_UNIX),
      peers_(std::move(peers)),
      poll_(new uv_poll_t) {
  uv_poll_init(worker_.loop(), poll_, fd_);
  poll_->data = this;
  poll();
}

Listener::~Listener() {
  uv_poll_stop(poll_);
  poll_->data = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(poll_),
           [](uv_handle_t* h) { delete reinterpret_cast<uv_poll_t*>(h); });
  close(fd_);
}

void Listener::poll() {
  paused_ = false;
  uv_poll_start(poll_, UV_READABLE, [](uv_poll_t* handle, int, int) {
    if (handle->data != nullptr) static_cast<Listener*>(handle->data)->on_readable(kAcceptsPerTurn);
  });
}

void Listener::empty_queue() {
  // The limit stays in force: what does not fit would only wait for a close.
  if (!paused_) on_readable(UINT32_MAX);
}

void Listener::on_timer(TimePoint) {
  if (paused_) poll();
}

void Listener::on_readable(unsigned limit) {
  for (unsigned i = 0; i < limit; ++i) {
    if (!accept_one()) return;
  }
}

bool Listener::accept_one() {
  Shared& shared = worker_.shared();
  if (shared.connections.fetch_add(1, std::memory_order_relaxed) >= shared.max_connections) {
    shared.connections.fetch_sub(1, std::memory_order_relaxed);
    pause(nullptr);
    return false;
  }
  SocketAddress peer;
  peer.size = sizeof peer.storage;
  const int fd =
      accept4(fd_, reinterpret_cast<sockaddr*>(&peer.storage), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    shared.connections.fetch_sub(1, std::memory_order_relaxed);
    if (errno == ECONNABORTED || errno == EINTR) return true;
    if (errno != EAGAIN && errno != EWOULDBLOCK) pause(std::strerror(errno));
    return false;
  }
  if (peers_.empty()) {
    worker_.accept(fd, peer.peer());
  } else {
    peers_[next_peer_++ % peers_.size()]->hand_over(fd);
  }
  return true;
}

void Listener::pause(const char* why) {
  if (why != nullptr)
    log::warn("cannot accept connections for a moment", {{"reason", std::string_view(why)}});
  paused_ = true;
  uv_poll_stop(poll_);
  worker_.schedule(*this, worker_.now() + kRetryAfter);
}

}  // namespace sse_proxy
