// The app behind the proxies of the bench: one thread, as many streams as descriptors.
//   bench_origin PORT
// GET /plain            a response of 1 KiB
// GET /step             no answer: the next of the streams with step=1 has an event
// GET /events?...       an event stream:
//   rate=N              events per second, at a random phase (0: silent)
//   size=N              bytes of an event; its last 20 are "@", the time of sending in nanoseconds
//   first=1             an event at once, with the head
//   count=N             ends after N events (0: never)
//   step=1              an event each time that it is its turn
//   split=1             each event in two writes 1 to 4 ms apart, in turn two chunks and one chunk cut in two
#include <csignal>
#include <deque>
#include <memory>
#include <random>
#include <unordered_map>

#include "bench/loop.h"

namespace {

using bench::kSecond;
using bench::Loop;
using bench::now_ns;

constexpr uint64_t kListener = 0;
constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string plain_response() {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 1024\r\n\r\n" +
         std::string(1024, 'x');
}

std::string chunk(std::string_view bytes) {
  std::array<char, 20> head;
  const int length = std::snprintf(head.data(), head.size(), "%zx\r\n", bytes.size());
  return std::string(head.data(), static_cast<size_t>(length)).append(bytes).append("\r\n");
}

class Origin {
 public:
  explicit Origin(uint16_t port) : listener_(bench::listen_on(port)) {
    loop_.watch(listener_, kListener, EPOLLIN);
  }

  void run() {
    for (;;) loop_.turn(*this);
  }

  void on_ready(uint64_t id, uint32_t events) {
    if (id == kListener) return accept_all();
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    Connection& connection = *found->second;
    if ((events & EPOLLOUT) != 0 && !flush(connection)) return drop(connection);
    if ((events & ~uint32_t{EPOLLOUT}) != 0 && !read(connection)) drop(connection);
  }

  void on_due(uint64_t id, int64_t due) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    Connection& connection = *found->second;
    if (!(connection.split ? send_half(connection, due) : send_event(connection, due))) drop(connection);
  }

 private:
  struct Connection {
    uint64_t id;
    int fd;
    std::string request;
    std::string unsent;
    int64_t period = 0;
    size_t size = 0;
    int64_t left = 0;  // events until the end; negative: endless
    bool split = false;
    bool two_chunks = false;
    bool halfway = false;
    bool stalled = false;
    int64_t next = 0;
  };

  void accept_all() {
    for (int fd; (fd = bench::accept_from(listener_)) >= 0;) {
      const uint64_t id = ++last_id_;
      connections_.emplace(id, new Connection{.id = id, .fd = fd, .request = {}, .unsent = {}});
      loop_.watch(fd, id, EPOLLIN | EPOLLRDHUP);
    }
  }

  void drop(Connection& connection) {
    close(connection.fd);
    std::erase(stepped_, connection.id);
    connections_.erase(connection.id);
  }

  bool read(Connection& connection) {
    std::array<char, 4096> bytes;
    const ssize_t n = recv(connection.fd, bytes.data(), bytes.size(), 0);
    if (n <= 0) return n < 0 && errno == EAGAIN;
    connection.request.append(bytes.data(), static_cast<size_t>(n));
    if (!connection.request.ends_with("\r\n\r\n")) return true;
    const size_t target = connection.request.find(' ') + 1;
    const std::string path = connection.request.substr(target, connection.request.find(' ', target) - target);
    std::string().swap(connection.request);
    if (path == "/step") return step();
    return path == "/plain" ? send(connection, plain_) : start_stream(connection, path);
  }

  bool step() {
    if (stepped_.empty()) return false;
    const auto found = connections_.find(stepped_.front());
    stepped_.push_back(stepped_.front());
    stepped_.pop_front();
    return found != connections_.end() && send(*found->second, chunk(event(*found->second)));
  }

  bool start_stream(Connection& connection, const std::string& path) {
    const int64_t rate = bench::parameter(path, "rate", 0);
    const int64_t count = bench::parameter(path, "count", 0);
    connection.size = static_cast<size_t>(bench::parameter(path, "size", 200));
    connection.split = bench::parameter(path, "split", 0) != 0;
    connection.left = count > 0 ? count : -1;
    connection.period = rate > 0 ? kSecond / rate : 0;
    if (connection.period > 0) {
      connection.next = now_ns() + static_cast<int64_t>(random_() % static_cast<uint64_t>(connection.period));
      loop_.wake_at(connection.next, connection.id);
    }
    if (bench::parameter(path, "step", 0) != 0) stepped_.push_back(connection.id);
    const bool at_once = bench::parameter(path, "first", 0) != 0;
    return send(connection,
                at_once ? std::string(kStreamHead) + chunk(event(connection)) : std::string(kStreamHead));
  }

  static std::string event(const Connection& connection) {
    constexpr size_t kAround = 6 + 1 + 19 + 2;  // "data: ", "@", nanoseconds, the line ends
    std::string bytes = "data: ";
    bytes.append(std::max(connection.size, kAround) - kAround, 'x').append(1, '@');
    std::array<char, 24> stamp;
    std::snprintf(stamp.data(), stamp.size(), "%019lld", static_cast<long long>(now_ns()));
    return bytes.append(stamp.data(), 19).append("\n\n");
  }

  // The next event is due a period after this one was, however late this one is.
  bool schedule(Connection& connection) {
    if (connection.left > 0 && --connection.left == 0) return send(connection, "0\r\n\r\n");
    connection.next += connection.period;
    loop_.wake_at(connection.next, connection.id);
    return true;
  }

  bool send_event(Connection& connection, int64_t) {
    return send(connection, chunk(event(connection))) && schedule(connection);
  }

  // The stamp is in the second half: an event's delay counts from when it was whole.
  bool send_half(Connection& connection, int64_t due) {
    const std::string whole = event(connection);
    const std::string_view bytes = whole;
    const size_t cut = bytes.size() / 2;
    if (!connection.halfway) {
      connection.halfway = true;
      connection.two_chunks = !connection.two_chunks;
      loop_.wake_at(due + kSecond / 1000 + static_cast<int64_t>(random_() % (3 * kSecond / 1000)),
                    connection.id);
      const std::string in_one = chunk(bytes);
      return send(connection, connection.two_chunks ? chunk(bytes.substr(0, cut))
                                                    : in_one.substr(0, in_one.find('\n') + 1 + cut));
    }
    connection.halfway = false;
    return send(connection,
                connection.two_chunks ? chunk(bytes.substr(cut)) : std::string(bytes.substr(cut)) + "\r\n") &&
           schedule(connection);
  }

  bool send(Connection& connection, std::string_view bytes) {
    connection.unsent.append(bytes);
    return flush(connection);
  }

  bool flush(Connection& connection) {
    const ssize_t n = ::send(connection.fd, connection.unsent.data(), connection.unsent.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return false;
    connection.unsent.erase(0, static_cast<size_t>(std::max<ssize_t>(n, 0)));
    const bool full = !connection.unsent.empty();
    if (full != connection.stalled) {
      connection.stalled = full;
      loop_.change(connection.fd, connection.id, EPOLLIN | EPOLLRDHUP | (full ? uint32_t{EPOLLOUT} : 0U));
    }
    return connection.unsent.size() < (1U << 20);
  }

  Loop loop_;
  int listener_;
  uint64_t last_id_ = kListener;
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> connections_;
  std::deque<uint64_t> stepped_;  // the next one in front
  std::string plain_ = plain_response();
  std::mt19937_64 random_{1};  // the same phases in each run
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: bench_origin PORT\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  bench::raise_descriptor_limit();
  Origin(static_cast<uint16_t>(std::atoi(argv[1]))).run();
}
