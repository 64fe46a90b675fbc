// Sockets whose every byte and pause a test writes out: the client's side and the origin's.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/integration/wire_helpers.h"

namespace sse_proxy::test {

inline constexpr Millis kPatience{20000};  // until a test gives up on what must come: the machine may be busy
inline constexpr Millis kQuiet{60};        // how long a test watches that something does not come

Millis since(Clock::time_point start);

// One end of a connection, blocking with deadlines. What fails to come in time fails the test and reads as
// "".
class Peer {
 public:
  Peer() = default;
  explicit Peer(Fd fd) : wire_(std::move(fd)) {}

  // From here on TLS. Where the handshake fails, the connection has ended.
  bool start_tls(tls::SslPtr ssl, Millis patience = kPatience);
  [[nodiscard]] SSL* ssl() const { return wire_.ssl(); }

  // False once the peer does not take it (closed, or no progress for `patience`).
  bool send(std::string_view bytes, Millis patience = kPatience);
  // What the socket takes until it has taken nothing for `quiet`; stops at `limit`.
  size_t send_until_blocked(size_t limit, Millis quiet = Millis(300));

  // Everything up to and with the first `mark`.
  std::string read_until(std::string_view mark, Millis patience = kPatience);
  std::string read_exactly(size_t size, Millis patience = kPatience);
  // Everything until the end; ending() says of which kind.
  std::string read_to_end(Millis patience = kPatience);
  // What comes until nothing has come for `quiet`.
  std::string read_for(Millis duration);
  // A request or response head with its blank line.
  std::string read_head(Millis patience = kPatience) { return read_until("\r\n\r\n", patience); }
  // The next chunk's bytes; "" for the last one. Null when the connection ended instead.
  std::optional<std::string> read_chunk(Millis patience = kPatience);
  // For scripts: the next request head, "" if the connection ends before it has come.
  std::string next_request(Millis patience = kPatience);
  bool wait_for_request(Millis patience = kPatience) { return !next_request(patience).empty(); }
  // True if the peer's close is noticed in time; what it sent before is kept.
  bool wait_for_close(Millis patience = kPatience);

  void half_close() { wire_.half_close(); }
  void close() { wire_.close(); }
  void reset() { wire_.reset(); }  // close with RST
  // Ends TCP both ways, and TLS without a word.
  void cut() { wire_.cut(); }

  [[nodiscard]] Ending ending() const { return ending_; }
  [[nodiscard]] const std::string& received() const { return received_; }  // all of it, read or not
  [[nodiscard]] int fd() const { return wire_.fd(); }
  [[nodiscard]] bool valid() const { return wire_.fd() >= 0; }
  // Bytes that were read are to be read again.
  void push_back(std::string_view bytes) { unread_.insert(0, bytes); }
  // For reading much: what has come is not kept in received().
  void forget_received() { keep_ = false; }

 private:
  // False: nothing came in time, or the end.
  bool fill(Clock::time_point deadline);

  Wire wire_;
  std::string received_;
  std::string unread_;
  Ending ending_ = Ending::open;
  bool keep_ = true;
};

struct ConnectOptions {
  int receive_buffer = 0;  // SO_RCVBUF; 0: the system's choice
  std::string address = "127.0.0.1";
  bool handshake = true;  // at once, where the tests run over TLS
};
Peer connect_to(uint16_t port, const ConnectOptions& options = {});
Peer connect_to_unix(const std::string& path, const ConnectOptions& options = {});
// What connect() says now: 0 or an errno.
int try_to_connect(uint16_t port);

// An origin on a port of its own. A test either accepts each connection itself, or leaves that to a script.
class Origin {
 public:
  using Script = std::function<void(Peer&)>;
  struct Options {
    std::string address = "127.0.0.1";
    std::string unix_path;
    int receive_buffer = 0;
  };
  Origin() : Origin(Options{}) {}
  explicit Origin(const Options& options);
  explicit Origin(Script script) : Origin() { serve(std::move(script)); }
  ~Origin();

  Peer accept(Millis patience = kPatience);
  // Null when nobody connected in time.
  std::optional<Peer> accept_within(Millis patience);
  // From now on every connection is accepted and given to `script`, each on a thread of its own.
  void serve(Script script);
  void stop_listening() { listener_.close(); }

  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const { return url_; }
  [[nodiscard]] std::string authority() const { return url_.substr(url_.find("//") + 2); }
  [[nodiscard]] size_t connections() const;

 private:
  Fd listener_;
  uint16_t port_ = 0;
  std::string url_;
  mutable std::mutex mutex_;
  std::list<Peer> served_;
  std::vector<std::thread> threads_;
  std::thread accepter_;
  std::atomic<bool> stopping_{false};
  std::atomic<size_t> accepted_{0};
};

// A port on which nobody listens.
uint16_t refused_port();

// A port that neither accepts nor refuses: its listen queue is full.
class SilentPort {
 public:
  SilentPort();
  [[nodiscard]] std::string url() const;
  // From now on it refuses.
  void close();

 private:
  Fd listener_;
  std::vector<Fd> waiting_;
  uint16_t port_ = 0;
};

}  // namespace sse_proxy::test
