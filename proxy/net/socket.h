// Sockets before anything is sent: addresses, listening, the options that every connection has.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>
#include <vector>

#include "conf/options.h"
#include "parser/clock.h"
#include "parser/ip_address.h"
#include "parser/result.h"

namespace sse_proxy {

// One address to connect to or listen on. A value.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] int family() const noexcept { return storage.ss_family; }
  [[nodiscard]] const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] std::string text() const;  // "127.0.0.1:80", "[::1]:80", "unix:/path"
  [[nodiscard]] PeerAddress peer() const;  // without what the kernel alone needs to know
};

// The address of a literal endpoint or a Unix path; empty for a name, which needs the resolver.
std::vector<SocketAddress> literal_address(const Endpoint& endpoint);

// What a Host field says of this endpoint: its port left out where it is its scheme's, 80 or
// 443; "localhost" for a Unix socket.
std::string authority_of(const Endpoint& endpoint);

// Looks a name up; blocks. On failure empty, and `why` says what the resolver said.
std::vector<SocketAddress> resolve_blocking(const Endpoint& endpoint, std::string& why);

struct ListenOptions {
  int backlog = 4096;
  bool reuse_port = false;  // let other sockets share the port
  uint32_t unix_mode = 0660;
  Millis write_timeout{0};  // becomes TCP_USER_TIMEOUT of accepted connections
};

// A listening, non-blocking socket. Connections that it accepts inherit TCP_NODELAY and the keep-alive
// options. The error names the address, what failed and the way out.
Result<int> listen_on(const SocketAddress& address, const ListenOptions& options);

// What connections inherit that a listening socket of any kind accepts: the options below, and
// `write_timeout` as TCP_USER_TIMEOUT.
void set_listener_options(int fd, Millis write_timeout) noexcept;

// A connection is in the queue of this listening socket. accept() without a free descriptor does not say.
bool anyone_waits(int listening_fd) noexcept;

// How long the kernel waits for the peer to acknowledge, or to take more, before it breaks the connection
// (TCP_USER_TIMEOUT; RFC 5482).
void set_user_timeout(int fd, Millis timeout) noexcept;

// "127.0.0.1:80" of a listening or connected socket, with the port that the kernel chose.
SocketAddress local_address(int fd);

// TCP_NODELAY, and keep-alive probes so that a vanished peer is noticed within half a minute.
void set_connection_options(int fd) noexcept;

}  // namespace sse_proxy
