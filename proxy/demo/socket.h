// Blocking sockets on 127.0.0.1 for the demo's actors: a thread per conversation, and every wait ends when
// the demo does.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "parser/result.h"

namespace sse_proxy::stage {

using std::chrono::milliseconds;

// Owns one descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

// Ends every wait of every conversation, once and for all. request() from any thread.
class StopSignal {
 public:
  StopSignal();
  void request() const noexcept;
  [[nodiscard]] int fd() const noexcept { return event_.get(); }

 private:
  Descriptor event_;
};

// One TCP connection, used by one thread. Borrows the stop signal.
class Connection {
 public:
  enum class Wait : uint8_t { bytes, end, timeout, stopped };

  Connection(int fd, const StopSignal& stop);
  // What failed shows at the first receive().
  static Connection to(uint16_t port, const StopSignal& stop);

  // False: the peer is gone, or takes nothing for two seconds.
  bool send(std::string_view bytes);
  // Appends what comes within `limit`. `end` also when `watched` hangs up first.
  Wait receive(std::string& into, milliseconds limit, const Connection* watched = nullptr);
  // Appends to `into` until it holds a whole HTTP head; false if none comes within some seconds.
  bool receive_head(std::string& into);
  // False: the peer hung up before the time had passed, or the demo is over.
  bool pause(milliseconds time);

 private:
  Descriptor socket_;
  const StopSignal* stop_;
};

// Listens on a port of the kernel's choice and gives each connection a thread of its own.
//   Owned by  the demo. The destructor joins all threads: request the stop first.
class LocalService {
 public:
  using Handler = std::function<void(Connection)>;

  static Result<std::unique_ptr<LocalService>> start(const StopSignal& stop, Handler handler);
  ~LocalService();
  LocalService(const LocalService&) = delete;
  LocalService& operator=(const LocalService&) = delete;
  [[nodiscard]] uint16_t port() const noexcept { return port_; }

 private:
  struct Conversation {
    std::atomic<bool> over = false;
    std::thread thread;
  };

  LocalService(int fd, uint16_t port, const StopSignal& stop, Handler handler);
  void accept_all();
  void talk(int fd);
  void join_those_over();

  Descriptor listener_;
  const uint16_t port_;
  const StopSignal& stop_;
  const Handler handler_;
  std::list<Conversation> conversations_;  // the accepting thread's own
  std::thread acceptor_;
};

// --- HTTP heads as text: the request or status line, then the fields, then an empty line ---

// The end of the head in `bytes`, or npos.
size_t head_end(std::string_view bytes);
// The field's value; empty if there is none.
std::string_view field(std::string_view head, std::string_view name);
std::string without_field(std::string_view head, std::string_view name);
std::string with_field(std::string_view head, std::string_view line);

}  // namespace sse_proxy::stage
