#include "proxy/ops/live_check.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <string_view>

#include "proxy/net/socket.h"

namespace sse_proxy {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kRequest = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
constexpr size_t kStatusLineStart = std::string_view("HTTP/1.1 200").size();

// A blocking client with a deadline. Each step says what went wrong, or nothing.
class Client {
 public:
  explicit Client(Millis patience) : deadline_(Clock::now() + patience) {}
  ~Client() {
    if (fd_ >= 0) close(fd_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  std::optional<std::string> connect_to(const SocketAddress& address) {
    fd_ = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return std::strerror(errno);
    if (connect(fd_, address.get(), address.size) == 0) return std::nullopt;
    if (errno == EAGAIN) return "its listen queue is full";  // a Unix socket
    if (errno != EINPROGRESS) return std::strerror(errno);
    if (!wait_for(POLLOUT)) return "no connection in time";
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 ? std::nullopt : std::optional<std::string>(std::strerror(error));
  }

  // What the answer begins with, up to the status code.
  std::optional<std::string> ask(std::string& answer) {
    if (send(fd_, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(kRequest.size()))
      return std::strerror(errno);
    while (answer.size() < kStatusLineStart) {
      if (!wait_for(POLLIN)) return "no answer in time";
      char bytes[kStatusLineStart];
      const ssize_t n = recv(fd_, bytes, kStatusLineStart - answer.size(), 0);
      if (n == 0) return "it closed the connection";
      if (n < 0) return std::strerror(errno);
      answer.append(bytes, static_cast<size_t>(n));
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] bool wait_for(short events) const {
    pollfd entry{fd_, events, 0};
    const auto left = std::chrono::duration_cast<Millis>(deadline_ - Clock::now()).count();
    return left > 0 && poll(&entry, 1, static_cast<int>(left)) == 1;
  }

  Clock::time_point deadline_;
  int fd_ = -1;
};

// Where a client on this machine finds a listener.
Endpoint reachable(Endpoint endpoint) {
  if (endpoint.host == "0.0.0.0") endpoint.host = "127.0.0.1";
  if (endpoint.host == "::") endpoint.host = "::1";
  return endpoint;
}

}  // namespace

LiveCheck check_live(const Options& options, Millis patience) {
  const bool has_admin = options.admin.has_value();
  const Endpoint endpoint = reachable(has_admin ? *options.admin : options.listen.front());
  const std::string where = endpoint.text + (has_admin ? "/healthz" : "");
  const auto dead = [&](const std::string& why) { return LiveCheck{false, where + ": " + why}; };

  std::string why;
  std::vector<SocketAddress> addresses = literal_address(endpoint);
  if (addresses.empty()) addresses = resolve_blocking(endpoint, why);
  if (addresses.empty()) return dead(why);
  Client client(patience);
  if (const auto wrong = client.connect_to(addresses.front())) return dead(*wrong);
  if (!has_admin) return {true, where + ": accepts connections"};
  std::string answer;
  if (const auto wrong = client.ask(answer)) return dead(*wrong);
  const std::string status = answer.substr(answer.size() - 3);
  if (!answer.starts_with("HTTP/1.1 ")) return dead("what answers is no admin listener");
  return {status == "200", where + ": status " + status};
}

}  // namespace sse_proxy
