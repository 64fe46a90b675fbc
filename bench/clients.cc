// The clients of the bench: one thread, as many connections as descriptors.
//   bench_clients kind=KIND port=N path=PATH connections=N [seconds=S] [rate=N] [tls=1.2|1.3] [origin=PORT]
// KIND is what is done, on all connections at once:
//   streams     each reads one event stream
//   plain       each sends RATE requests per second, one at a time
//   storm       each reads one event; all connect at once
//   handshakes  each connects, asks once, closes, and again
//   keepalives  each reads a stream on which something comes RATE times a second; a delay is how much later
//               it came than that
//   lockstep    each reads a stream with step=1 from the origin at PORT; RATE events in all, each when the
//   one
//               before has arrived: a proxy has one event at a time, whatever else the machine does
// Prints "begin" and "end" where what is measured begins and ends, then the counts between as a line of JSON.
// In lockstep it waits for a line after either, so that counters can be switched on and off.
#include <openssl/ssl.h>

#include <csignal>
#include <memory>
#include <unordered_map>

#include "bench/loop.h"
#include "bench/response_reader.h"

namespace {

using bench::kSecond;
using bench::now_ns;

enum class Kind : uint8_t { streams, plain, storm, handshakes, keepalives, lockstep };

struct Job {
  Kind kind;
  uint16_t port;
  std::string path;
  uint64_t connections;
  double seconds;
  int64_t rate;
  std::string tls;  // the version; empty: none
  uint16_t origin;
};

constexpr uint64_t kClock = 0;              // the timer that begins and ends
constexpr uint64_t kConnectingAtOnce = 64;  // but for storms
constexpr int64_t kWarmUp = kSecond;
constexpr int64_t kPatience = 30 * kSecond;  // until all are connected

class Clients {
 public:
  explicit Clients(Job job) : job_(std::move(job)), tls_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_session_cache_mode(tls_.get(), SSL_SESS_CACHE_OFF);  // each handshake is a full one
    const int version = job_.tls == "1.2" ? TLS1_2_VERSION : TLS1_3_VERSION;
    SSL_CTX_set_min_proto_version(tls_.get(), version);
    SSL_CTX_set_max_proto_version(tls_.get(), version);
    SSL_CTX_set_cipher_list(tls_.get(), "ECDHE-ECDSA-AES128-GCM-SHA256");  // the same for all proxies
    SSL_CTX_set_ciphersuites(tls_.get(), "TLS_AES_128_GCM_SHA256");
    request_ =
        "GET " + job_.path + " HTTP/1.1\r\nHost: bench\r\n" +
        (job_.kind == Kind::plain || job_.kind == Kind::handshakes ? "" : "Accept: text/event-stream\r\n") +
        (job_.kind == Kind::handshakes ? "Connection: close\r\n" : "") + "\r\n";
  }

  void run() {
    const int64_t started = now_ns();
    if (job_.kind == Kind::storm) begin();
    connect_more();
    while (!done_) {
      loop_.turn(*this);
      if (begun_ == 0 && now_ns() - started > kPatience) return give_up("not all connections were answered");
    }
    report();
  }

  void on_ready(uint64_t id, uint32_t) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    Connection& connection = *found->second;
    if ((!connection.sent_request && !open(connection)) || !read(connection)) {
      ++errors_;
      drop(connection);
    }
  }

  void on_due(uint64_t id, int64_t due) {
    if (id == kClock) return begun_ == 0 ? begin() : end();
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    found->second->due = due;
    if (!write(*found->second)) ++errors_;
  }

 private:
  struct FreeTls {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  struct Connection {
    Connection(uint64_t its_id, int its_fd, bench::Counts& counts) : id(its_id), fd(its_fd), reader(counts) {}

    uint64_t id;
    int fd;
    std::unique_ptr<SSL, FreeTls> ssl;
    bench::ResponseReader reader;
    bool sent_request = false;
    bool answered = false;
    int64_t due = 0;  // of the plain request under way, or of the next keep-alive
  };

  void connect_more() {
    while (opened_ < job_.connections &&
           (job_.kind == Kind::storm || opened_ - answered_ < kConnectingAtOnce)) {
      ++opened_;
      connect();
    }
  }

  void connect() {
    const uint64_t id = ++last_id_;
    const int fd = bench::connect_to(job_.port);
    auto& connection = connections_[id];
    connection = std::make_unique<Connection>(id, fd, counts_);
    if (!job_.tls.empty()) {
      connection->ssl.reset(SSL_new(tls_.get()));
      SSL_set_fd(connection->ssl.get(), fd);
    }
    loop_.watch(fd, id, EPOLLIN | EPOLLOUT);
  }

  void drop(Connection& connection) {
    connection.ssl.reset();
    close(connection.fd);
    connections_.erase(connection.id);
  }

  // Goes on with the connect and the handshake; then the request is sent.
  bool open(Connection& connection) {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(connection.fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) return false;
    loop_.change(connection.fd, connection.id, EPOLLIN);
    if (connection.ssl) {
      const int done = SSL_connect(connection.ssl.get());
      if (done != 1) return SSL_get_error(connection.ssl.get(), done) == SSL_ERROR_WANT_READ;
      ++handshakes_;
    }
    connection.sent_request = true;
    return write(connection);
  }

  // Requests are small: the socket takes one whole.
  bool write(Connection& connection) {
    const auto size = static_cast<int>(request_.size());
    if (connection.ssl) return SSL_write(connection.ssl.get(), request_.data(), size) == size;
    return send(connection.fd, request_.data(), request_.size(), MSG_NOSIGNAL) == size;
  }

  // False when the connection is lost.
  bool read(Connection& connection) {
    for (;;) {
      ssize_t n = 0;
      if (connection.ssl) {
        n = SSL_read(connection.ssl.get(), slab_.data(), slab_.size());
        if (n <= 0) return SSL_get_error(connection.ssl.get(), static_cast<int>(n)) == SSL_ERROR_WANT_READ;
      } else {
        n = recv(connection.fd, slab_.data(), slab_.size(), 0);
        if (n <= 0) return n < 0 && errno == EAGAIN;
      }
      const uint64_t responses = connection.reader.responses();
      const uint64_t events = connection.reader.events();
      const int64_t now = now_ns();
      if (job_.kind == Kind::keepalives) note_keepalive(connection, now);
      if (!connection.reader.feed({slab_.data(), static_cast<size_t>(n)}, now)) return false;
      if (job_.kind == Kind::lockstep && begun_ != 0 && connection.reader.events() > events) step();
      note_answer(connection);
      if (connection.reader.responses() != responses) return on_response(connection, now);
      if (!connection.ssl) return true;  // level-triggered: the rest is told again
    }
  }

  void note_answer(Connection& connection) {
    const bool by_event = job_.kind == Kind::storm || job_.kind == Kind::lockstep;
    const bool answered = by_event ? connection.reader.events() > 0 : connection.reader.has_head();
    if (!answered || connection.answered) return;
    connection.answered = true;
    ++answered_;
    connect_more();
    if (answered_ != job_.connections) return;
    if (job_.kind == Kind::storm) return end();
    if (job_.kind == Kind::lockstep) return begin_steps();
    if (begun_ == 0 && job_.seconds > 0) loop_.wake_at(now_ns() + kWarmUp, kClock);
    if (job_.seconds == 0) begin();
  }

  void begin_steps() {
    begin();
    std::getchar();
    stepper_ = bench::connect_to(job_.origin);
    counts_ = {};
    step();
  }

  // One more event, or the end.
  void step() {
    if (counts_.events == static_cast<uint64_t>(job_.rate)) {
      end();
      std::getchar();
      return;
    }
    constexpr std::string_view kStep = "GET /step HTTP/1.1\r\n\r\n";
    while (send(stepper_, kStep.data(), kStep.size(), MSG_NOSIGNAL) < 0) {
      if (errno != EAGAIN && errno != ENOTCONN) bench::die("step");
    }
  }

  void note_keepalive(Connection& connection, int64_t now) {
    if (begun_ != 0 && connection.due != 0)
      counts_.delays.push_back(static_cast<float>(now - connection.due) / 1000);
    connection.due = now + kSecond / job_.rate;
  }

  bool on_response(Connection& connection, int64_t now) {
    if (job_.kind == Kind::handshakes) {
      drop(connection);
      connect();
    } else if (job_.kind == Kind::plain) {
      if (connection.due != 0) counts_.delays.push_back(static_cast<float>(now - connection.due) / 1000);
      const int64_t period = kSecond / job_.rate;
      const int64_t next = connection.due != 0 ? connection.due + period  // however late this one was
                                               : now + period * static_cast<int64_t>(connection.id % 97) / 97;
      loop_.wake_at(next, connection.id);
    } else if (job_.seconds == 0 && counts_.responses == job_.connections) {
      end();
    }
    return true;
  }

  void begin() {
    begun_ = now_ns();
    if (job_.seconds > 0) {
      counts_ = {};
      handshakes_ = 0;
      if (job_.kind != Kind::storm)
        loop_.wake_at(begun_ + static_cast<int64_t>(job_.seconds * kSecond), kClock);
    }
    std::puts("begin");
    std::fflush(stdout);
  }

  void end() {
    ended_ = now_ns();
    done_ = true;
    for (const auto& [id, connection] : connections_) {  // those that have not come yet
      if (job_.kind == Kind::keepalives && connection->due < ended_) note_keepalive(*connection, ended_);
    }
    std::puts("end");
    std::fflush(stdout);
  }

  void give_up(const char* why) {
    std::fprintf(stderr, "bench_clients: %s: %llu of %llu\n", why, static_cast<unsigned long long>(answered_),
                 static_cast<unsigned long long>(job_.connections));
    std::exit(1);
  }

  double delay(double p) const {
    return counts_.delays.empty()
               ? 0
               : counts_.delays[static_cast<size_t>(p * double(counts_.delays.size() - 1))];
  }

  void report() {
    std::sort(counts_.delays.begin(), counts_.delays.end());
    std::printf(
        "{\"seconds\": %.4f, \"events\": %llu, \"responses\": %llu, \"handshakes\": %llu, \"chunks\": %llu, "
        "\"cut_chunks\": %llu, \"errors\": %llu, \"p50\": %.1f, \"p99\": %.1f, \"p999\": %.1f, \"max\": "
        "%.1f}\n",
        double(ended_ - begun_) / double(kSecond), static_cast<unsigned long long>(counts_.events),
        static_cast<unsigned long long>(counts_.responses), static_cast<unsigned long long>(handshakes_),
        static_cast<unsigned long long>(counts_.chunks), static_cast<unsigned long long>(counts_.cut_chunks),
        static_cast<unsigned long long>(errors_), delay(0.5), delay(0.99), delay(0.999), delay(1));
  }

  Job job_;
  bench::Loop loop_;
  std::unique_ptr<SSL_CTX, FreeTls> tls_;
  std::string request_;
  bench::Counts counts_;
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> connections_;
  uint64_t last_id_ = kClock;
  uint64_t opened_ = 0;
  uint64_t answered_ = 0;
  uint64_t handshakes_ = 0;
  uint64_t errors_ = 0;
  int stepper_ = -1;  // the connection that asks the origin for the next event
  int64_t begun_ = 0;
  int64_t ended_ = 0;
  bool done_ = false;
  std::array<char, size_t{64} * 1024> slab_;
};

Kind kind_of(std::string_view name) {
  constexpr std::array<std::string_view, 6> kNames{"streams",    "plain",      "storm",
                                                   "handshakes", "keepalives", "lockstep"};
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Kind>(i);
  }
  std::fprintf(stderr, "bench_clients: no kind '%s'\n", std::string(name).c_str());
  std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  std::unordered_map<std::string, std::string> given{{"kind", "streams"}, {"seconds", "0"}, {"rate", "0"}};
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    given[argument.substr(0, argument.find('='))] = argument.substr(argument.find('=') + 1);
  }
  std::signal(SIGPIPE, SIG_IGN);
  bench::raise_descriptor_limit();
  std::make_unique<Clients>(Job{.kind = kind_of(given["kind"]),
                                .port = static_cast<uint16_t>(std::atoi(given["port"].c_str())),
                                .path = given["path"],
                                .connections = std::strtoull(given["connections"].c_str(), nullptr, 10),
                                .seconds = std::atof(given["seconds"].c_str()),
                                .rate = std::atoll(given["rate"].c_str()),
                                .tls = given["tls"],
                                .origin = static_cast<uint16_t>(std::atoi(given["origin"].c_str()))})
      ->run();
}
