// A bare TCP relay, the floor of what any proxy can cost: one read and one write for what came, no parsing.
//   bench_relay PORT UPSTREAM_PORT
#include <csignal>
#include <memory>
#include <unordered_map>

#include "bench/loop.h"

namespace {

constexpr uint64_t kListener = 0;

// One direction's end: what it could not send waits here, and the other end is not read meanwhile.
struct End {
  int fd;
  std::string unsent;
};

// Ids are 2n for the client of pair n and 2n + 1 for its upstream.
struct Pair {
  std::array<End, 2> ends;
};

class Relay {
 public:
  Relay(uint16_t port, uint16_t upstream) : listener_(bench::listen_on(port)), upstream_(upstream) {
    loop_.watch(listener_, kListener, EPOLLIN);
  }

  void run() {
    for (;;) loop_.turn(*this);
  }

  void on_due(uint64_t, int64_t) {}

  void on_ready(uint64_t id, uint32_t events) {
    if (id == kListener) return accept_all();
    const auto found = pairs_.find(id / 2);
    if (found == pairs_.end()) return;
    Pair& pair = *found->second;
    const bool fine = ((events & EPOLLOUT) == 0 || flush(pair, id)) &&
                      ((events & ~uint32_t{EPOLLOUT}) == 0 || pass_on(pair, id));
    if (fine) return;
    for (const End& end : pair.ends) close(end.fd);
    pairs_.erase(found);
  }

 private:
  void accept_all() {
    for (int fd; (fd = bench::accept_from(listener_)) >= 0;) {
      const uint64_t id = ++last_pair_ * 2;
      const int upstream = bench::connect_to(upstream_);
      pairs_.emplace(last_pair_, new Pair{{End{fd, {}}, End{upstream, {}}}});
      loop_.watch(fd, id, EPOLLIN);
      loop_.watch(upstream, id + 1, EPOLLIN);
    }
  }

  bool pass_on(Pair& pair, uint64_t id) {
    const ssize_t n = recv(pair.ends[id % 2].fd, slab_.data(), slab_.size(), 0);
    if (n <= 0) return n < 0 && errno == EAGAIN;
    End& to = pair.ends[1 - id % 2];
    const auto length = static_cast<size_t>(n);
    ssize_t sent = send(to.fd, slab_.data(), length, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return false;
    sent = std::max<ssize_t>(sent, 0);
    if (static_cast<size_t>(sent) == length) return true;
    to.unsent.append(slab_.data() + sent, length - static_cast<size_t>(sent));
    listen_to(pair, id);
    return true;
  }

  bool flush(Pair& pair, uint64_t id) {
    End& end = pair.ends[id % 2];
    const ssize_t n = send(end.fd, end.unsent.data(), end.unsent.size(), MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN;
    end.unsent.erase(0, static_cast<size_t>(n));
    if (end.unsent.empty()) listen_to(pair, id);
    return true;
  }

  void listen_to(const Pair& pair, uint64_t id) {
    for (size_t side = 0; side < 2; ++side) {
      const uint32_t reads = pair.ends[1 - side].unsent.empty() ? uint32_t{EPOLLIN} : 0U;
      const uint32_t writes = pair.ends[side].unsent.empty() ? 0U : uint32_t{EPOLLOUT};
      loop_.change(pair.ends[side].fd, id / 2 * 2 + side, reads | writes);
    }
  }

  bench::Loop loop_;
  int listener_;
  uint16_t upstream_;
  uint64_t last_pair_ = 0;
  std::unordered_map<uint64_t, std::unique_ptr<Pair>> pairs_;
  std::array<char, size_t{64} * 1024> slab_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: bench_relay PORT UPSTREAM_PORT\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  bench::raise_descriptor_limit();
  std::make_unique<Relay>(static_cast<uint16_t>(std::atoi(argv[1])),
                          static_cast<uint16_t>(std::atoi(argv[2])))
      ->run();
}
