#include "proxy/worker.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "proxy/client/client_connection.h"
#include "proxy/exchange/exchange.h"
#include "proxy/listener.h"
#include "proxy/net/transport.h"
#include "proxy/ops/log.h"
#include "proxy/upstream/upstream_pool.h"

namespace sse_proxy {
namespace {

constexpr unsigned kIdleTries = 16;  // how many clients are looked at to find one that is idle indeed

KeepaliveText keepalive_text(const SseOptions& sse) {
  if (!sse.keepalive_event.empty()) return event_keepalive(sse.keepalive_event);
  return comment_keepalive(sse.keepalive_comment, sse.keepalive_form == KeepaliveForm::block, sse.padding);
}

}  // namespace

RouteSettings::RouteSettings(const Route& from)
    : route(from),
      stream{.keepalive_text = keepalive_text(from.sse),
             .keepalive = *from.sse.keepalive,
             .max_event_bytes = from.sse.max_event_bytes,
             .partial_flush = from.sse.partial_flush,
             .retry = from.sse.retry} {}

Millis RouteSettings::first_keepalive(bool expected) const noexcept {
  if (route.sse.first_keepalive) return *route.sse.first_keepalive;
  return expected ? kFirstKeepalive : Millis::zero();
}

// Aborts what the drain left over.
class Worker::DrainTimer final : public Timer {
 public:
  explicit DrainTimer(Worker& worker) : worker_(worker) {}
  void on_timer(TimePoint now) override {
    if (now >= worker_.drain_ends_) worker_.abort_all();
  }

 private:
  Worker& worker_;
};

Worker::Worker(Shared& shared, Settings settings)
    : shared_(shared),
      wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      wheel_(now()),
      read_slab_(std::make_unique<std::array<char, kReadSlab>>()),
      decode_slab_(std::make_unique<std::array<char, kDecodeSlab>>()),
      generation_(std::make_shared<Generation>(std::move(settings))),
      random_(std::random_device{}()),
      pool_(std::make_unique<UpstreamPool>(*this)),
      drain_timer_(std::make_unique<DrainTimer>(*this)) {
  if (wake_fd_ < 0 || !loop_.watch(wake_fd_, 0, EPOLLIN, *this))
    throw std::system_error(errno, std::generic_category(), "eventfd");
}

Worker::~Worker() {
  abort_all();
  pool_->clear();
  end_turn();
  for (const Accepted& accepted : handed_over_) ::close(accepted.fd);
  ::close(wake_fd_);
}

void Worker::add_listener(int fd, bool tls, std::vector<Worker*> peers) {
  listeners_.push_back(std::make_unique<Listener>(*this, fd, tls, std::move(peers)));
}

void Worker::run() {
  while (!finished_) {
    loop_.turn(wheel_.next_wake());
    if (now() >= wheel_.next_wake()) wheel_.advance(now());
    end_turn();
    loop_.end_turn();
    measure_turn();
  }
  run_tasks(true);
}

// --- from any thread ---

void Worker::drain(Millis timeout) {
  drain_requested_.store(timeout.count());
  wake();
}

void Worker::stop() {
  stop_requested_.store(true);
  wake();
}

void Worker::hand_over(int fd, bool tls) {
  {
    const std::lock_guard lock(mutex_);
    handed_over_.push_back({fd, tls});
  }
  wake();
}

void Worker::use(Settings settings) {
  post([this, settings = std::move(settings)] { generation_ = std::make_shared<Generation>(settings); });
}

bool Worker::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (!takes_tasks_) return false;
    tasks_.push_back(std::move(task));
  }
  wake();
  return true;
}

void Worker::forget_walk(uint64_t id) {
  post([this, id] { walks_.erase(id); });
}

void Worker::wake() noexcept { (void)eventfd_write(wake_fd_, 1); }

// --- on the loop ---

void Worker::on_ready(uint32_t) {
  eventfd_t wakes = 0;
  (void)eventfd_read(wake_fd_, &wakes);
  std::vector<Accepted> handed_over;
  {
    const std::lock_guard lock(mutex_);
    handed_over.swap(handed_over_);
  }
  for (const Accepted& accepted : handed_over) accept(accepted.fd, {}, accepted.tls);
  const int64_t timeout = drain_requested_.exchange(-1);
  if (timeout >= 0 && !draining()) {
    drain_ends_ = now() + Millis(timeout);
    begin_drain();
  }
  if (stop_requested_.load()) abort_all();
  run_tasks(false);
}

// `last`: nothing comes after these.
void Worker::run_tasks(bool last) {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
    if (last) takes_tasks_ = false;
  }
  for (const auto& task : tasks) task();
}

void Worker::begin_drain() {
  for (auto& listener : listeners_) listener->empty_queue();
  close_listeners();
  pool_->clear();
  for (auto* clients : {&idle_, &busy_}) {
    for (auto it = clients->begin(); it != clients->end();) (*it++)->on_drain();
  }
  schedule(*drain_timer_, drain_ends_);
  finish_if_drained();
}

void Worker::close_listeners() {
  for (auto& listener : std::exchange(listeners_, {})) {
    listener->close();
    retire(std::move(listener));
  }
}

void Worker::abort_all() {
  drain_ends_ = std::min(drain_ends_, now());
  close_listeners();
  for (auto* clients : {&idle_, &busy_}) {
    for (auto it = clients->begin(); it != clients->end();) (*it++)->abort_now();
  }
  for (auto it = orphans_.begin(); it != orphans_.end();) (*it++)->abort_now();
  finish_if_drained();
}

void Worker::finish_if_drained() {
  if (draining() && busy_.empty() && idle_.empty() && orphans_.empty()) finished_ = true;
}

// All events of a turn are with the kernel by its end, which is as late as any of them can have been.
void Worker::measure_turn() noexcept {
  if (event_turns_ == 0) return;
  counters_.event_delay.observe(now() - event_turns_since_, std::exchange(event_turns_, 0));
}

// Reports what was met and frees what was retired, which may each lead to more. Nothing is freed that is
// still to be reported: an owner may write to a transport and retire it, in answer to another's report.
void Worker::clean_up() {
  while (!broken_.empty() || !retired_.empty()) {
    while (!broken_.empty()) {
      for (Transport* transport : std::exchange(broken_, {})) transport->report_broken();
    }
    std::exchange(retired_, {}).clear();
  }
}

void Worker::retire(std::unique_ptr<Retirable> object) { retired_.push_back(std::move(object)); }

void Worker::report_later(Transport& transport) { broken_.push_back(&transport); }

Millis Worker::spread(Millis span, double low, double high) {
  std::uniform_real_distribution<double> factor(low, high);
  return Millis(static_cast<int64_t>(static_cast<double>(span.count()) * factor(random_)));
}

TlsScratch& Worker::tls_scratch() {
  if (tls_scratch_ == nullptr) tls_scratch_ = std::make_unique<TlsScratch>();
  return *tls_scratch_;
}

std::shared_ptr<const RouteSettings> Worker::route(std::string_view method, std::string_view path) {
  const Route& route = generation_->routes.match(method, path);
  return {generation_, &generation_->route_settings.try_emplace(&route, route).first->second};
}

void Worker::accept(int fd, const PeerAddress& peer, bool tls) {
  const auto position = idle_.insert(idle_.end(), std::make_unique<ClientConnection>(*this, peer));
  counters_.connections.add();
  (*position)->open(fd, tls, position);
}

void Worker::remove(ClientConnection& connection) {
  const auto position = connection.position();
  retire(std::move(*position));
  leave_busy(position);
  busy_.erase(position);
  finish_if_drained();
}

void Worker::leave_busy(ClientList::iterator position) noexcept {
  for (auto& [id, next] : walks_) {
    if (next == position) ++next;
  }
}

bool Worker::walk(uint64_t id, size_t most, const std::function<void(Exchange&)>& visit) {
  const auto [walk, is_new] = walks_.try_emplace(id, busy_.begin());
  for (; most > 0 && walk->second != busy_.end(); --most) {
    Exchange* const exchange = (*walk->second++)->exchange();
    if (exchange != nullptr) visit(*exchange);
  }
  if (walk->second != busy_.end()) return true;
  walks_.erase(walk);
  return false;
}

void Worker::mark_idle(ClientConnection& connection) {
  leave_busy(connection.position());
  idle_.splice(idle_.end(), busy_, connection.position());
}

void Worker::mark_busy(ClientConnection& connection) {
  busy_.splice(busy_.end(), idle_, connection.position());
}

bool Worker::close_longest_idle(Millis least) {
  for (unsigned i = 0; i < kIdleTries && !idle_.empty(); ++i) {
    if (idle_.front()->idle_since() + least > now()) return false;
    if (idle_.front()->close_if_silent()) {
      counters_.idle_clients_closed.add();
      return true;
    }
    idle_.splice(idle_.end(), idle_, idle_.begin());  // its request has come, and is read in this turn
  }
  return false;
}

bool Worker::free_a_descriptor() { return pool_->clear() || close_longest_idle(Millis::zero()); }

void Worker::adopt(std::unique_ptr<Exchange> exchange) { orphans_.push_back(std::move(exchange)); }

void Worker::remove(Exchange& orphan) {
  const auto position =
      std::find_if(orphans_.begin(), orphans_.end(), [&](const auto& e) { return e.get() == &orphan; });
  if (position == orphans_.end()) return;
  retire(std::move(*position));
  orphans_.erase(position);
  finish_if_drained();
}

}  // namespace sse_proxy
