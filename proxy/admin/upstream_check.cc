#include "proxy/admin/upstream_check.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "proxy/admin/admin_server.h"

namespace sse_proxy {

// Freed by the loop, once it has let go of the handle.
struct UpstreamCheck::Attempt {
  uv_poll_t poll;
  int fd;
  UpstreamCheck* check;
  std::string upstream;

  void close() {
    uv_close(reinterpret_cast<uv_handle_t*>(&poll), [](uv_handle_t* handle) {
      auto* const attempt = static_cast<Attempt*>(handle->data);
      ::close(attempt->fd);
      delete attempt;
    });
  }
};

UpstreamCheck::UpstreamCheck(AdminServer& server) : server_(server) {}

UpstreamCheck::~UpstreamCheck() {
  for (Attempt* attempt : attempts_) attempt->close();
  if (patience_ != nullptr) {
    uv_close(reinterpret_cast<uv_handle_t*>(patience_),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); });
  }
}

void UpstreamCheck::begin(AdminConnection& connection, const Shared& shared) {
  connection_ = connection.id();
  for (size_t i = 0; i < shared.options.upstream.size(); ++i) {
    const AddressList addresses = shared.resolver.addresses(i);
    for (const SocketAddress& address : *addresses) {
      if (attempt(shared.options.upstream[i].text, address)) return answer(true);
    }
  }
  if (attempts_.empty()) return answer(false);
  patience_ = new uv_timer_t;
  uv_timer_init(server_.loop(), patience_);
  patience_->data = this;
  uv_timer_start(
      patience_, [](uv_timer_t* timer) { static_cast<UpstreamCheck*>(timer->data)->answer(false); },
      kPatienceMs, 0);
}

bool UpstreamCheck::attempt(const std::string& upstream, const SocketAddress& address) {
  const int fd = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return note(upstream, strerrordesc_np(errno)), false;
  if (connect(fd, address.get(), address.size) == 0) return ::close(fd), true;
  if (errno != EINPROGRESS) {
    note(upstream, strerrordesc_np(errno));
    return ::close(fd), false;
  }
  auto* const made = new Attempt{.poll = {}, .fd = fd, .check = this, .upstream = upstream};
  uv_poll_init(server_.loop(), &made->poll, fd);
  made->poll.data = made;
  attempts_.push_back(made);
  uv_poll_start(&made->poll, UV_WRITABLE, [](uv_poll_t* poll, int, int) {
    auto* const ready = static_cast<Attempt*>(poll->data);
    ready->check->on_connected(*ready);
  });
  return false;
}

void UpstreamCheck::on_connected(Attempt& attempt) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(attempt.fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error == 0) return answer(true);
  note(attempt.upstream, strerrordesc_np(error));
  std::erase(attempts_, &attempt);
  attempt.close();
  if (attempts_.empty()) answer(false);
}

void UpstreamCheck::note(const std::string& upstream, const char* why) {
  failures_.append(upstream).append(": ").append(why).append("\n");
}

void UpstreamCheck::answer(bool accepted) {
  for (const Attempt* attempt : attempts_) note(attempt->upstream, "does not accept within a second");
  AdminAnswer answer = {.body = "ready\n"};
  if (!accepted)
    answer = {.status = 503, .body = "no upstream takes connections\n" + std::exchange(failures_, {})};
  server_.connection(connection_)->answer_at_last(answer);
}

}  // namespace sse_proxy
