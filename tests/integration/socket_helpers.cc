#include "tests/integration/socket_helpers.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace sse_proxy::test {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Address address_of(const std::string& text, uint16_t port) {
  Address address;
  if (text.find(':') != std::string::npos) {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr);
    address.size = sizeof *v6;
  } else {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    inet_pton(AF_INET, text.c_str(), &v4->sin_addr);
    address.size = sizeof *v4;
  }
  return address;
}

Address unix_address(const std::string& path) {
  Address address;
  auto* un = reinterpret_cast<sockaddr_un*>(&address.storage);
  un->sun_family = AF_UNIX;
  std::strncpy(un->sun_path, path.c_str(), sizeof un->sun_path - 1);
  address.size = sizeof *un;
  return address;
}

uint16_t local_port(int fd) {
  Address address;
  address.size = sizeof address.storage;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size);
  return ntohs(reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port);
}

// Close-on-exec, or the proxy would keep the tests' sockets open.
Fd new_socket(int family) { return Fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

bool wait_for(int fd, short what, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<Millis>(deadline - Clock::now()).count();
    pollfd poll_fd{fd, what, 0};
    const int n = poll(&poll_fd, 1, static_cast<int>(std::max<int64_t>(left, 0)));
    if (n > 0) return true;
    if (n == 0 || errno != EINTR) return false;
  }
}

}  // namespace

Millis since(Clock::time_point start) { return std::chrono::duration_cast<Millis>(Clock::now() - start); }

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Fd::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

// --- Peer ---

bool Peer::send(std::string_view bytes, Millis patience) {
  while (!bytes.empty()) {
    if (!wait_for(fd_.get(), POLLOUT, Clock::now() + patience)) return false;
    const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN) return false;
    if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

size_t Peer::send_until_blocked(size_t limit, Millis quiet) {
  const std::string block(64 * 1024, 'x');
  size_t sent = 0;
  while (sent < limit && wait_for(fd_.get(), POLLOUT, Clock::now() + quiet)) {
    const ssize_t n =
        ::send(fd_.get(), block.data(), std::min(block.size(), limit - sent), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN) break;
    if (n > 0) sent += static_cast<size_t>(n);
  }
  return sent;
}

bool Peer::fill(Clock::time_point deadline) {
  if (ending_ != Ending::open || !wait_for(fd_.get(), POLLIN, deadline)) return false;
  char bytes[65536];
  const ssize_t n = recv(fd_.get(), bytes, sizeof bytes, 0);
  if (n <= 0) {
    ending_ = n == 0 ? Ending::fin : Ending::reset;
    return false;
  }
  unread_.append(bytes, static_cast<size_t>(n));
  if (keep_) received_.append(bytes, static_cast<size_t>(n));
  return true;
}

std::string Peer::read_until(std::string_view mark, Millis patience) {
  const auto deadline = Clock::now() + patience;
  size_t from = 0;
  for (;;) {
    const size_t at = unread_.find(mark, from);
    if (at != std::string::npos) {
      std::string bytes = unread_.substr(0, at + mark.size());
      unread_.erase(0, bytes.size());
      return bytes;
    }
    from = unread_.size() < mark.size() ? 0 : unread_.size() - mark.size() + 1;
    if (fill(deadline)) continue;
    ADD_FAILURE() << "waited in vain for " << testing::PrintToString(std::string(mark)) << "; ending "
                  << static_cast<int>(ending_)
                  << ", unread: " << testing::PrintToString(unread_.substr(0, 1000));
    return "";
  }
}

std::string Peer::read_exactly(size_t size, Millis patience) {
  const auto deadline = Clock::now() + patience;
  while (unread_.size() < size) {
    if (fill(deadline)) continue;
    ADD_FAILURE() << "got " << unread_.size() << " of " << size << " bytes; ending "
                  << static_cast<int>(ending_);
    return "";
  }
  std::string bytes = unread_.substr(0, size);
  unread_.erase(0, size);
  return bytes;
}

std::string Peer::read_to_end(Millis patience) {
  const auto deadline = Clock::now() + patience;
  while (fill(deadline)) {
  }
  if (ending_ == Ending::open) {
    ADD_FAILURE() << "the connection did not end; unread: "
                  << testing::PrintToString(unread_.substr(0, 1000));
  }
  return std::exchange(unread_, {});
}

std::string Peer::read_for(Millis duration) {
  const auto deadline = Clock::now() + duration;
  while (fill(deadline)) {
  }
  return std::exchange(unread_, {});
}

std::optional<std::string> Peer::read_chunk(Millis patience) {
  const auto deadline = Clock::now() + patience;
  for (;;) {
    const size_t line = unread_.find("\r\n");
    if (line != std::string::npos) {
      size_t size = 0;
      const auto [end, error] = std::from_chars(unread_.data(), unread_.data() + line, size, 16);
      if (error != std::errc() || end != unread_.data() + line) {
        ADD_FAILURE() << "no chunk size: " << testing::PrintToString(unread_.substr(0, line));
        return std::nullopt;
      }
      if (unread_.size() >= line + 2 + size + 2) {
        std::string bytes = unread_.substr(line + 2, size);
        EXPECT_EQ(unread_.substr(line + 2 + size, 2), "\r\n");
        unread_.erase(0, line + 2 + size + 2);
        return bytes;
      }
    }
    if (fill(deadline)) continue;
    if (ending_ == Ending::open) ADD_FAILURE() << "no chunk came in time";
    return std::nullopt;
  }
}

bool Peer::wait_for_close(Millis patience) {
  const auto deadline = Clock::now() + patience;
  while (fill(deadline)) {
  }
  return ending_ != Ending::open;
}

std::string Peer::next_request(Millis patience) {
  const auto deadline = Clock::now() + patience;
  for (;;) {
    const size_t end = unread_.find("\r\n\r\n");
    if (end != std::string::npos) {
      std::string head = unread_.substr(0, end + 4);
      unread_.erase(0, head.size());
      return head;
    }
    if (!fill(deadline)) return "";
  }
}

void Peer::half_close() { ::shutdown(fd_.get(), SHUT_WR); }

void Peer::shut_down() { ::shutdown(fd_.get(), SHUT_RDWR); }

void Peer::reset() {
  const linger at_once{1, 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fd_.close();
}

// --- clients ---

Peer connect_to(uint16_t port, const ConnectOptions& options) {
  const Address address = address_of(options.address, port);
  Fd fd = new_socket(address.get()->sa_family);
  if (options.receive_buffer > 0) {
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &options.receive_buffer, sizeof(int));
  }
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd.get(), address.get(), address.size) != 0) {
    ADD_FAILURE() << "connect to port " << port << ": " << std::strerror(errno);
  }
  return Peer(std::move(fd));
}

Peer connect_to_unix(const std::string& path) {
  const Address address = unix_address(path);
  Fd fd = new_socket(AF_UNIX);
  if (connect(fd.get(), address.get(), address.size) != 0) {
    ADD_FAILURE() << "connect to " << path << ": " << std::strerror(errno);
  }
  return Peer(std::move(fd));
}

int try_to_connect(uint16_t port) {
  const Address address = address_of("127.0.0.1", port);
  const Fd fd = new_socket(AF_INET);
  return connect(fd.get(), address.get(), address.size) == 0 ? 0 : errno;
}

// --- Origin ---

Origin::Origin(const Options& options) {
  const bool is_unix = !options.unix_path.empty();
  const Address address = is_unix ? unix_address(options.unix_path) : address_of(options.address, 0);
  listener_ = new_socket(address.get()->sa_family);
  if (options.receive_buffer > 0) {
    setsockopt(listener_.get(), SOL_SOCKET, SO_RCVBUF, &options.receive_buffer, sizeof(int));
  }
  if (bind(listener_.get(), address.get(), address.size) != 0 || listen(listener_.get(), 128) != 0) {
    ADD_FAILURE() << "origin: " << std::strerror(errno);
  }
  if (is_unix) {
    url_ = "unix:" + options.unix_path;
    return;
  }
  port_ = local_port(listener_.get());
  const bool v6 = options.address.find(':') != std::string::npos;
  url_ = "http://" + (v6 ? "[" + options.address + "]" : options.address) + ":" + std::to_string(port_);
}

Origin::~Origin() {
  stopping_ = true;
  if (accepter_.joinable()) accepter_.join();
  {
    const std::lock_guard lock(mutex_);
    for (Peer& peer : served_) peer.shut_down();
  }
  for (std::thread& thread : threads_) thread.join();
}

std::optional<Peer> Origin::accept_within(Millis patience) {
  if (!wait_for(listener_.get(), POLLIN, Clock::now() + patience)) return std::nullopt;
  Fd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (fd.get() < 0) return std::nullopt;
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ++accepted_;
  return Peer(std::move(fd));
}

Peer Origin::accept(Millis patience) {
  std::optional<Peer> peer = accept_within(patience);
  if (!peer) ADD_FAILURE() << "the proxy did not connect to the origin";
  return peer ? std::move(*peer) : Peer();
}

void Origin::serve(Script script) {
  accepter_ = std::thread([this, script = std::move(script)] {
    while (!stopping_) {
      std::optional<Peer> peer = accept_within(Millis(20));
      if (!peer) continue;
      const std::lock_guard lock(mutex_);
      served_.push_back(*std::move(peer));
      threads_.emplace_back([&script, &served = served_.back()] {
        script(served);
        served.shut_down();  // closed with the origin: the descriptor may not be used anew meanwhile
      });
    }
    // The threads use the script.
    const std::lock_guard lock(mutex_);
    for (Peer& peer : served_) peer.shut_down();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  });
}

size_t Origin::connections() const { return accepted_; }

SilentPort::SilentPort() : listener_(new_socket(AF_INET)) {
  const Address any = address_of("127.0.0.1", 0);
  if (bind(listener_.get(), any.get(), any.size) != 0 || listen(listener_.get(), 0) != 0) {
    ADD_FAILURE() << "silent port: " << std::strerror(errno);
  }
  port_ = local_port(listener_.get());
  const Address address = address_of("127.0.0.1", port_);
  for (int i = 0; i < 8; ++i) {
    waiting_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    (void)connect(waiting_.back().get(), address.get(), address.size);
  }
}

std::string SilentPort::url() const { return "http://127.0.0.1:" + std::to_string(port_); }

void SilentPort::close() { listener_.close(); }

uint16_t refused_port() {
  const Origin origin;
  return origin.port();
}

}  // namespace sse_proxy::test
