#include "proxy/demo/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>

#include "parser/http_types.h"

namespace sse_proxy::stage {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono_literals::operator""s;

constexpr auto kHeadLimit = 5s;
constexpr size_t kMaxHead = 16 * 1024;
constexpr timeval kSendLimit{2, 0};

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Waits until something happens to one of `polled`; false when `limit` has passed.
bool wait_for(std::span<pollfd> polled, milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    const int ready =
        poll(polled.data(), polled.size(), static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

StopSignal::StopSignal() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void StopSignal::request() const noexcept { (void)eventfd_write(event_.get(), 1); }

Connection::Connection(int fd, const StopSignal& stop) : socket_(fd), stop_(&stop) {
  const int on = 1;
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kSendLimit, sizeof kSendLimit);
}

Connection Connection::to(uint16_t port, const StopSignal& stop) {
  Connection connection(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), stop);
  const sockaddr_in address = loopback(port);
  (void)connect(connection.socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return connection;
}

bool Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

Connection::Wait Connection::receive(std::string& into, milliseconds limit, const Connection* watched) {
  std::array polled = {pollfd{stop_->fd(), POLLIN, 0}, pollfd{socket_.get(), POLLIN, 0},
                       pollfd{watched ? watched->socket_.get() : -1, POLLRDHUP, 0}};
  if (!wait_for(polled, limit)) return Wait::timeout;
  if (polled[0].revents != 0) return Wait::stopped;
  if (polled[2].revents != 0) return Wait::end;
  std::array<char, 16 * 1024> buffer;
  const ssize_t got = recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (got <= 0) return Wait::end;
  into.append(buffer.data(), static_cast<size_t>(got));
  return Wait::bytes;
}

bool Connection::receive_head(std::string& into) {
  while (head_end(into) == std::string_view::npos) {
    if (into.size() > kMaxHead || receive(into, kHeadLimit) != Wait::bytes) return false;
  }
  return true;
}

bool Connection::pause(milliseconds time) {
  std::array polled = {pollfd{stop_->fd(), POLLIN, 0}, pollfd{socket_.get(), POLLRDHUP, 0}};
  return !wait_for(polled, time);
}

Result<std::unique_ptr<LocalService>> LocalService::start(const StopSignal& stop, Handler handler) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || bind(fd, name, size) != 0 || listen(fd, 16) != 0 || getsockname(fd, name, &size) != 0) {
    const std::string why = std::strerror(errno);
    const Descriptor closed(fd);
    return Error{Side::self, 0, "cannot listen on 127.0.0.1: " + why};
  }
  return std::unique_ptr<LocalService>(
      new LocalService(fd, ntohs(address.sin_port), stop, std::move(handler)));
}

LocalService::LocalService(int fd, uint16_t port, const StopSignal& stop, Handler handler)
    : listener_(fd), port_(port), stop_(stop), handler_(std::move(handler)), acceptor_([this] {
        accept_all();
      }) {}

LocalService::~LocalService() { acceptor_.join(); }

void LocalService::accept_all() {
  std::array polled = {pollfd{stop_.fd(), POLLIN, 0}, pollfd{listener_.get(), POLLIN, 0}};
  while (true) {
    if (wait_for(polled, 1s) && polled[0].revents != 0) break;
    join_those_over();
    const int fd = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) talk(fd);
  }
  for (Conversation& conversation : conversations_) conversation.thread.join();
}

void LocalService::talk(int fd) {
  Conversation& conversation = conversations_.emplace_back();
  conversation.thread = std::thread([this, fd, &over = conversation.over] {
    handler_(Connection(fd, stop_));
    over = true;
  });
}

void LocalService::join_those_over() {
  std::erase_if(conversations_, [](Conversation& conversation) {
    if (!conversation.over) return false;
    conversation.thread.join();
    return true;
  });
}

size_t head_end(std::string_view bytes) {
  const size_t at = bytes.find("\r\n\r\n");
  return at == std::string_view::npos ? at : at + 4;
}

namespace {

// Calls `f(line)` for each field line, CR LF included.
template <class F>
void for_each_field(std::string_view head, F&& f) {
  size_t from = head.find("\r\n") + 2;
  while (from < head.size() && head.substr(from, 2) != "\r\n") {
    const size_t to = head.find("\r\n", from) + 2;
    f(head.substr(from, to - from));
    from = to;
  }
}

bool is_named(std::string_view line, std::string_view name) {
  return equals_ignoring_case(line.substr(0, line.find(':')), name);
}

}  // namespace

std::string_view field(std::string_view head, std::string_view name) {
  std::string_view value;
  for_each_field(head, [&](std::string_view line) {
    if (is_named(line, name)) value = trimmed(line.substr(name.size() + 1, line.size() - name.size() - 3));
  });
  return value;
}

std::string without_field(std::string_view head, std::string_view name) {
  std::string result(head.substr(0, head.find("\r\n") + 2));
  for_each_field(head, [&](std::string_view line) {
    if (!is_named(line, name)) result.append(line);
  });
  return result.append("\r\n");
}

std::string with_field(std::string_view head, std::string_view line) {
  return std::string(head.substr(0, head.size() - 2)).append(line).append("\r\n\r\n");
}

}  // namespace sse_proxy::stage
