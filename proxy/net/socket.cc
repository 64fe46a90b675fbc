#include "proxy/net/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace sse_proxy {
namespace {

constexpr int kKeepaliveIdleSeconds = 15;
constexpr int kKeepaliveIntervalSeconds = 5;
constexpr int kKeepaliveProbes = 3;

void set_option(int fd, int level, int name, int value) noexcept {
  (void)setsockopt(fd, level, name, &value, sizeof value);  // best effort: each has a sound default
}

SocketAddress unix_address(const std::string& path) {
  SocketAddress address;
  auto* un = reinterpret_cast<sockaddr_un*>(&address.storage);
  un->sun_family = AF_UNIX;
  std::memcpy(un->sun_path, path.data(), std::min(path.size(), sizeof un->sun_path - 1));
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

Error failure(const SocketAddress& address, const char* what, int code) {
  std::string message = std::string("cannot ") + what + " " + address.text() + ": " + std::strerror(code);
  if (code == EADDRINUSE)
    message += " (another process listens there: stop it, or choose another --listen address)";
  if (code == EACCES)
    message += " (choose a port above 1023 or a writable directory, or grant CAP_NET_BIND_SERVICE)";
  if (code == EADDRNOTAVAIL) message += " (no interface has this address)";
  return {Side::self, 0, std::move(message)};
}

// A path left behind by a process that ended is removed; one that somebody listens on is not.
bool is_stale(const SocketAddress& address) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);  // its queue may be full
  if (fd < 0) return false;
  const bool refused = connect(fd, address.get(), address.size) != 0 && errno == ECONNREFUSED;
  close(fd);
  return refused;
}

bool bind_to(int fd, const SocketAddress& address, const ListenOptions& options) {
  if (address.family() != AF_UNIX) return bind(fd, address.get(), address.size) == 0;
  const char* const path = reinterpret_cast<const sockaddr_un*>(&address.storage)->sun_path;
  struct stat status {};
  if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode) && is_stale(address)) unlink(path);
  const mode_t before = umask(0777 & ~options.unix_mode);
  const bool bound = bind(fd, address.get(), address.size) == 0;
  const int error = errno;
  umask(before);
  errno = error;
  return bound;
}

}  // namespace

std::string SocketAddress::text() const {
  char host[INET6_ADDRSTRLEN] = "";
  switch (family()) {
    case AF_INET: {
      const auto* in = reinterpret_cast<const sockaddr_in*>(&storage);
      inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
      return std::string(host) + ":" + std::to_string(ntohs(in->sin_port));
    }
    case AF_INET6: {
      const auto* in6 = reinterpret_cast<const sockaddr_in6*>(&storage);
      inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
      return "[" + std::string(host) + "]:" + std::to_string(ntohs(in6->sin6_port));
    }
    case AF_UNIX: return "unix:" + std::string(reinterpret_cast<const sockaddr_un*>(&storage)->sun_path);
    default: return "?";
  }
}

PeerAddress SocketAddress::peer() const {
  if (family() == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(&storage);
    const auto* bytes = reinterpret_cast<const uint8_t*>(&in->sin_addr);
    return {IpAddress::v4(std::span<const uint8_t, 4>(bytes, 4)), ntohs(in->sin_port)};
  }
  if (family() != AF_INET6) return {};
  const auto* in6 = reinterpret_cast<const sockaddr_in6*>(&storage);
  return {IpAddress::v6(std::span<const uint8_t, 16>(in6->sin6_addr.s6_addr)), ntohs(in6->sin6_port)};
}

std::vector<SocketAddress> literal_address(const Endpoint& endpoint) {
  if (!endpoint.unix_path.empty()) return {unix_address(endpoint.unix_path)};
  SocketAddress address;
  auto* in = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* in6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (inet_pton(AF_INET, endpoint.host.c_str(), &in->sin_addr) == 1) {
    in->sin_family = AF_INET;
    in->sin_port = htons(endpoint.port);
    address.size = sizeof *in;
    return {address};
  }
  if (inet_pton(AF_INET6, endpoint.host.c_str(), &in6->sin6_addr) == 1) {
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(endpoint.port);
    address.size = sizeof *in6;
    return {address};
  }
  return {};
}

std::string authority_of(const Endpoint& endpoint) {
  if (!endpoint.unix_path.empty()) return "localhost";
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + endpoint.host + "]" : endpoint.host;
  return endpoint.port == (endpoint.tls ? 443 : 80) ? host : host + ":" + std::to_string(endpoint.port);
}

std::vector<SocketAddress> resolve_blocking(const Endpoint& endpoint, std::string& why) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const std::string port = std::to_string(endpoint.port);
  const int code = getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &list);
  if (code != 0) {
    why = code == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(code);
    return {};
  }
  std::vector<SocketAddress> addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    SocketAddress address;
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    address.size = entry->ai_addrlen;
    addresses.push_back(address);
  }
  freeaddrinfo(list);
  return addresses;
}

Result<int> listen_on(const SocketAddress& address, const ListenOptions& options) {
  const int fd = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return failure(address, "open a socket for", errno);
  if (address.family() != AF_UNIX) {
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (options.reuse_port) set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (address.family() == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set_listener_options(fd, options.write_timeout);
  }
  if (!bind_to(fd, address, options)) {
    const int code = errno;
    close(fd);
    return failure(address, "listen on", code);
  }
  if (listen(fd, options.backlog) != 0) {
    const int code = errno;
    close(fd);
    return failure(address, "listen on", code);
  }
  return fd;
}

void set_listener_options(int fd, Millis write_timeout) noexcept {
  set_connection_options(fd);  // Linux hands them on to what the socket accepts
  set_user_timeout(fd, write_timeout);
}

void set_user_timeout(int fd, Millis timeout) noexcept {
  const Millis::rep limit = std::min<Millis::rep>(timeout.count(), INT_MAX);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(limit));
}

SocketAddress local_address(int fd) {
  SocketAddress address;
  address.size = sizeof address.storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0) address.size = 0;
  return address;
}

bool anyone_waits(int listening_fd) noexcept {
  pollfd queue{listening_fd, POLLIN, 0};
  return ::poll(&queue, 1, 0) > 0;
}

void set_connection_options(int fd) noexcept {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepaliveIdleSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepaliveIntervalSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveProbes);
}

}  // namespace sse_proxy
