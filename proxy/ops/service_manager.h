// What systemd and its like want to be told, and what they hand over: sd_notify(3) and sd_listen_fds(3),
// whose protocols are a datagram and two variables.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "parser/result.h"
#include "proxy/net/socket.h"

namespace sse_proxy {

enum class ServiceState : uint8_t { ready, reloading, stopping };

// Tells whoever $NOTIFY_SOCKET names; nobody, where it is not set. Does not block and reports no failure: the
// manager's own time-out does.
void notify_service_manager(ServiceState state) noexcept;

// Listening sockets that the service manager has opened for us. Owns those that are not taken.
class HandedOverSockets {
 public:
  // Those of $LISTEN_FDS, if $LISTEN_PID is this process; both variables are then gone, so that no child
  // takes them for its own. Fails on a descriptor that is no listening stream socket.
  static Result<HandedOverSockets> from_environment();

  HandedOverSockets() = default;
  HandedOverSockets(HandedOverSockets&& other) noexcept { sockets_.swap(other.sockets_); }
  HandedOverSockets& operator=(HandedOverSockets&& other) noexcept {
    sockets_.swap(other.sockets_);
    return *this;
  }
  ~HandedOverSockets();

  // The socket that is bound to this very address; the caller owns it then.
  std::optional<int> take(const SocketAddress& address);
  // The addresses of those that nobody has taken.
  [[nodiscard]] std::vector<std::string> left() const;

 private:
  struct Socket {
    int fd;
    std::string address;
  };
  std::vector<Socket> sockets_;
};

}  // namespace sse_proxy
