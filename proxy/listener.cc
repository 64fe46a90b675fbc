#include "proxy/listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "parser/http1_writer.h"
#include "proxy/ops/log.h"
#include "proxy/worker.h"

namespace sse_proxy {
namespace {

constexpr unsigned kAcceptsPerTurn = 64;  // streams that run come first
constexpr Millis kLeastIdle{1000};        // who has just come, or been answered, may have more to say
constexpr Millis kRetryAfter{20};         // how soon a full process looks for room again
constexpr Millis kWarnEvery{10'000};

int open_spare() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

std::string answer_without_a_descriptor() {
  const std::string body = own_error_body(503, "the proxy has no descriptor left for another connection");
  ResponseHead head;
  head.status = 503;
  head.reason = reason_phrase(head.status);
  head.fields.add("Content-Type", "application/json");
  head.body = {Framing::length, body.size()};
  std::string answer;
  write_response_head(head, "close", answer);
  return answer + body;
}

}  // namespace

Listener::Listener(Worker& worker, int fd, bool tls, std::vector<Worker*> peers)
    : worker_(worker),
      fd_(fd),
      tls_(tls),
      peers_(std::move(peers)),
      spare_(open_spare()),
      turned_away_(answer_without_a_descriptor()),
      quiet_until_(worker.now()) {
  resume();
}

Listener::~Listener() { close(); }

void Listener::close() {
  worker_.schedule(*this, kNever);
  for (int* fd : {&fd_, &spare_}) {
    if (*fd >= 0) ::close(std::exchange(*fd, -1));
  }
}

void Listener::resume() {
  paused_ = !worker_.loop().watch(fd_, 0, EPOLLIN, *this);
  if (paused_) worker_.schedule(*this, worker_.now() + kRetryAfter);
}

void Listener::empty_queue() {
  // The limit stays in force: what does not fit would only wait for a close.
  if (!paused_) accept(UINT32_MAX);
}

void Listener::on_timer(TimePoint) {
  if (paused_) resume();
}

void Listener::on_ready(uint32_t) {
  if (fd_ >= 0) accept(kAcceptsPerTurn);
}

void Listener::accept(unsigned limit) {
  for (unsigned i = 0; i < limit; ++i) {
    if (!accept_one()) return;
  }
}

bool Listener::accept_one() {
  if (!worker_.shared().take_connection()) return anyone_waits(fd_) && make_room();
  SocketAddress peer;
  const int fd = accept_from_queue(peer);
  if (fd < 0) {
    const int error = errno;
    worker_.shared().connections.fetch_sub(1, std::memory_order_relaxed);
    switch (error) {
      case EAGAIN: return false;
      case ECONNABORTED:
      case EINTR: return true;
      case EMFILE:
      case ENFILE:  // said before the queue is looked at
        return anyone_waits(fd_) && (worker_.free_a_descriptor() || turn_one_away());
      default: warn("cannot accept connections for a moment", std::strerror(error)); return pause(), false;
    }
  }
  if (peers_.empty()) {
    worker_.accept(fd, peer.peer(), tls_);
  } else {
    peers_[next_peer_++ % peers_.size()]->hand_over(fd, tls_);
  }
  return true;
}

int Listener::accept_from_queue(SocketAddress& peer) {
  peer.size = sizeof peer.storage;
  return accept4(fd_, reinterpret_cast<sockaddr*>(&peer.storage), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

// At the limit: a client that asks for nothing gives way to one that may.
bool Listener::make_room() {
  if (worker_.close_longest_idle(kLeastIdle)) return true;
  pause();
  return false;
}

bool Listener::turn_one_away() {
  if (spare_ >= 0) ::close(spare_);
  SocketAddress peer;
  const int fd = accept_from_queue(peer);
  if (fd >= 0) {
    // What has come is read first: a close over unread bytes is a reset, which would destroy the answer.
    (void)recv(fd, worker_.read_slab().data(), worker_.read_slab().size(), MSG_DONTWAIT);
    (void)send(fd, turned_away_.data(), turned_away_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)shutdown(fd, SHUT_WR);
    ::close(fd);
    worker_.counters().clients_turned_away.add();
    warn("clients are turned away with 503: raise the limit of open files (ulimit -n, LimitNOFILE)",
         std::strerror(EMFILE));
  }
  spare_ = open_spare();
  if (fd < 0) pause();  // another thread was faster
  return fd >= 0;
}

void Listener::pause() {
  paused_ = true;
  worker_.loop().watch(fd_, EPOLLIN, 0, *this);
  worker_.schedule(*this, worker_.now() + kRetryAfter);
}

void Listener::warn(std::string_view message, std::string_view reason) {
  if (worker_.now() < quiet_until_) return;
  quiet_until_ = worker_.now() + kWarnEvery;
  log::warn(message, {{"reason", reason}});
}

}  // namespace sse_proxy
