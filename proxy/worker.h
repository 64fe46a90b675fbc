// One event loop with all that it serves. Workers share nothing but `Shared`.
#pragma once

#include <sys/uio.h>

#include <array>
#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <random>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "conf/load.h"
#include "parser/event_stream.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/retirable.h"
#include "proxy/net/timer_wheel.h"
#include "proxy/ops/counters.h"
#include "proxy/shared.h"

namespace sse_proxy {

class ClientConnection;
class Exchange;
class Listener;
class Transport;
class UpstreamPool;

using Settings = std::shared_ptr<const Loaded>;

// A request's settings, with what is derived from them once.
struct RouteSettings {
  explicit RouteSettings(const Route& from);
  // How long a stream that is silent from its head on waits for its first keep-alive.
  [[nodiscard]] Millis first_keepalive(bool expected) const noexcept;

  const Route& route;
  EventStreamSettings stream;
};

// Where TLS puts what it turns into something else. Nothing in it outlives the call that filled it.
struct TlsScratch {
  std::array<char, 96 * 1024> plain;   // of one read: no larger than its ciphertext and a record kept before
  std::array<char, 16 * 1024> joined;  // the pieces of one record
  std::string cipher;
};

// Worker owns a loop, its listeners, connections, pool, timers and counters.
//   Owned by  the Server. Thread: run() binds it to one; only wake-ups (drain, stop, hand_over) come from
//   others.
class Worker final : private Watcher {
 public:
  Worker(Shared& shared, Settings settings);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Takes over a listening socket, before run(). `peers`: workers to share its connections with in turn (Unix
  // sockets, where the kernel does not balance); empty: keep them all.
  void add_listener(int fd, bool tls, std::vector<Worker*> peers);
  // Serves until drained or stopped.
  void run();

  // From any thread. The drain ends at the latest `timeout` after it began; stop() ends at once.
  void drain(Millis timeout);
  void stop();
  void hand_over(int fd, bool tls);
  // From now on new requests are served with these.
  void use(Settings settings);
  // Runs `task` on the loop. False: it has ended, and nothing runs there any more.
  bool post(std::function<void()> task);

  // --- for what runs on the loop ---
  [[nodiscard]] EventLoop& loop() noexcept { return loop_; }
  [[nodiscard]] TimePoint now() const noexcept { return loop_.now(); }
  [[nodiscard]] Shared& shared() noexcept { return shared_; }
  [[nodiscard]] const Options& options() const noexcept { return generation_->settings->options; }
  [[nodiscard]] MemoryBudget& buffers() noexcept { return shared_.buffers; }
  [[nodiscard]] UpstreamPool& pool() noexcept { return *pool_; }
  [[nodiscard]] Counters& counters() noexcept { return counters_; }
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  [[nodiscard]] TurnScratch& scratch() noexcept { return scratch_; }
  // Room for the pieces of one write.
  [[nodiscard]] iovec* wire(size_t pieces) {
    if (wire_.size() < pieces) wire_.resize(pieces);
    return wire_.data();
  }
  // An empty string with room for a head, to be given back: heads are made without an allocation, and those
  // that were leave no holes between what streams own.
  [[nodiscard]] std::string borrow_text() noexcept { return std::exchange(spare_text_, {}); }
  void give_back(std::string&& text) noexcept {
    constexpr size_t kLargest = 16 * 1024;
    text.clear();
    if (text.capacity() <= kLargest) spare_text_ = std::move(text);
  }
  [[nodiscard]] std::span<char> read_slab() noexcept { return *read_slab_; }
  [[nodiscard]] std::span<char> decode_slab() noexcept { return *decode_slab_; }
  [[nodiscard]] TlsScratch& tls_scratch();  // made when it is first asked for
  [[nodiscard]] std::shared_ptr<const RouteSettings> route(std::string_view method, std::string_view path);
  [[nodiscard]] uint64_t random() noexcept { return random_(); }
  // Uniform in [low, high] times `span`.
  [[nodiscard]] Millis spread(Millis span, double low, double high);

  // A read of event bytes left whole in this turn: how long that took is known at the turn's end.
  void note_event_turn() noexcept {
    if (event_turns_++ == 0) event_turns_since_ = now();
  }

  void schedule(Timer& timer, TimePoint deadline) { wheel_.schedule(timer, deadline); }
  void report_later(Transport& transport);
  void retire(std::unique_ptr<Retirable> object);

  void accept(int fd, const PeerAddress& peer, bool tls);
  void remove(ClientConnection& connection);
  // A client connection waits for its first or next request, or for its client to close; or does so no more.
  void mark_idle(ClientConnection& connection);
  void mark_busy(ClientConnection& connection);
  // Makes room for a new client as nginx does; false when none has been idle for `least`.
  bool close_longest_idle(Millis least);
  // Idle connections to upstreams give way, then idle clients; false when there are none.
  bool free_a_descriptor();
  // An exchange whose client has gone, and whose upstream is read to its end all the same.
  void adopt(std::unique_ptr<Exchange> exchange);
  void remove(Exchange& orphan);

  [[nodiscard]] uint32_t next_stream_number() noexcept { return ++last_stream_; }
  // Visits the exchanges under way, `most` connections at a time: a new id begins a walk, which the same id
  // goes on with however the connections come and go. False: that was the last one.
  bool walk(uint64_t id, size_t most, const std::function<void(Exchange&)>& visit);
  // A walk that is not to be gone on with. From any thread.
  void forget_walk(uint64_t id);

  [[nodiscard]] bool draining() const noexcept { return drain_ends_ != kNever; }
  [[nodiscard]] TimePoint drain_ends() const noexcept { return drain_ends_; }

 private:
  static constexpr size_t kReadSlab = 64 * 1024;
  static constexpr size_t kDecodeSlab = 16 * 1024;

  class DrainTimer;
  using ClientList = std::list<std::unique_ptr<ClientConnection>>;

  // Settings with what is derived from them; lives as long as an exchange is served with them.
  struct Generation {
    explicit Generation(Settings given)
        : settings(std::move(given)), routes(settings->options, settings->rules) {}
    const Settings settings;
    RouteTable routes;
    std::unordered_map<const Route*, RouteSettings> route_settings;
  };

  void measure_turn() noexcept;
  void on_ready(uint32_t) override;  // somebody woke it
  void wake() noexcept;
  void run_tasks(bool last);
  void leave_busy(ClientList::iterator position) noexcept;
  void begin_drain();
  void close_listeners();
  void abort_all();
  void end_turn() {
    if (!broken_.empty() || !retired_.empty()) clean_up();
  }
  void clean_up();
  void finish_if_drained();

  Shared& shared_;
  EventLoop loop_;
  int wake_fd_;  // an eventfd
  bool finished_ = false;
  std::atomic<int64_t> drain_requested_{-1};  // milliseconds
  std::atomic<bool> stop_requested_{false};
  std::mutex mutex_;  // for what others leave here
  struct Accepted {
    int fd;
    bool tls;
  };
  std::vector<Accepted> handed_over_;
  std::vector<std::function<void()>> tasks_;
  bool takes_tasks_ = true;

  TimerWheel wheel_;
  Counters counters_;
  uint64_t event_turns_ = 0;
  TimePoint event_turns_since_;
  TurnScratch scratch_;
  std::vector<iovec> wire_;
  std::string spare_text_;
  std::unique_ptr<std::array<char, kReadSlab>> read_slab_;
  std::unique_ptr<std::array<char, kDecodeSlab>> decode_slab_;
  std::unique_ptr<TlsScratch> tls_scratch_;
  std::shared_ptr<Generation> generation_;
  std::mt19937_64 random_;
  std::vector<std::unique_ptr<Retirable>> retired_;
  std::vector<Transport*> broken_;
  std::unique_ptr<UpstreamPool> pool_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  ClientList busy_;
  std::unordered_map<uint64_t, ClientList::iterator> walks_;  // where each goes on
  uint32_t last_stream_ = 0;
  ClientList idle_;  // the longest idle one first
  std::list<std::unique_ptr<Exchange>> orphans_;
  std::unique_ptr<DrainTimer> drain_timer_;
  TimePoint drain_ends_ = kNever;
};

}  // namespace sse_proxy
