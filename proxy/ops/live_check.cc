#include "proxy/ops/live_check.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

#include "proxy/net/socket.h"

namespace sse_proxy {
namespace {

using Clock = std::chrono::steady_clock;

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
  const Endpoint endpoint = reachable(options.listen.front());
  const auto dead = [&](const std::string& why) { return LiveCheck{false, endpoint.text + ": " + why}; };

  std::string why;
  std::vector<SocketAddress> addresses = literal_address(endpoint);
  if (addresses.empty()) addresses = resolve_blocking(endpoint, why);
  if (addresses.empty()) return dead(why);
  Client client(patience);
  if (const auto wrong = client.connect_to(addresses.front())) return dead(*wrong);
  return {true, endpoint.text + ": accepts connections"};
}

}  // namespace sse_proxy
