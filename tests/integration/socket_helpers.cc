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

}  // namespace

Millis since(Clock::time_point start) { return std::chrono::duration_cast<Millis>(Clock::now() - start); }

// --- Peer ---

bool Peer::start_tls(tls::SslPtr ssl, Millis patience) {
  if (wire_.start_tls(std::move(ssl), patience)) return true;
  ending_ = Ending::reset;
  return false;
}

bool Peer::send(std::string_view bytes, Millis patience) {
  while (!bytes.empty()) {
    if (!wait_for(fd(), POLLOUT, Clock::now() + patience)) return false;
    const ssize_t n = wire_.send(bytes);
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return wire_.flush(Clock::now() + patience);
}

size_t Peer::send_until_blocked(size_t limit, Millis quiet) {
  const std::string block(64 * 1024, 'x');
  size_t sent = 0;
  while (sent < limit && wait_for(fd(), POLLOUT, Clock::now() + quiet)) {
    const ssize_t n = wire_.send({block.data(), std::min(block.size(), limit - sent)});
    if (n < 0) break;
    sent += static_cast<size_t>(n);
  }
  return sent;
}

bool Peer::fill(Clock::time_point deadline) {
  char bytes[65536];
  while (ending_ == Ending::open && wire_.wait_to_receive(deadline)) {
    const size_t n = wire_.receive(bytes, sizeof bytes, ending_);
    if (n == 0) continue;
    unread_.append(bytes, n);
    if (keep_) received_.append(bytes, n);
    return true;
  }
  return false;
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
  Peer peer(std::move(fd));
  if (options.handshake && tls_towards_clients()) peer.start_tls(tls_client(test_ca_file()));
  return peer;
}

Peer connect_to_unix(const std::string& path, const ConnectOptions& options) {
  const Address address = unix_address(path);
  Fd fd = new_socket(AF_UNIX);
  if (connect(fd.get(), address.get(), address.size) != 0) {
    ADD_FAILURE() << "connect to " << path << ": " << std::strerror(errno);
  }
  Peer peer(std::move(fd));
  if (options.handshake && tls_towards_clients()) peer.start_tls(tls_client(test_ca_file()));
  return peer;
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
  url_ = (tls_towards_upstreams() ? "https://" : "http://") +
         (v6 ? "[" + options.address + "]" : options.address) + ":" + std::to_string(port_);
}

Origin::~Origin() {
  stopping_ = true;
  if (accepter_.joinable()) accepter_.join();
  {
    const std::lock_guard lock(mutex_);
    for (Peer& peer : served_) peer.cut();
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
  Peer peer(std::move(fd));
  if (tls_towards_upstreams() && port_ != 0) peer.start_tls(tls_server(test_certificate()));
  return peer;
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
        served.half_close();
        served.cut();  // closed with the origin: the descriptor may not be used anew meanwhile
      });
    }
    // The threads use the script.
    const std::lock_guard lock(mutex_);
    for (Peer& peer : served_) peer.cut();
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
