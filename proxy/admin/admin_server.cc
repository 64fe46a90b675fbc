#include "proxy/admin/admin_server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "proxy/admin/admin_access.h"
#include "proxy/admin/config.h"
#include "proxy/admin/metrics.h"
#include "proxy/admin/page.h"
#include "proxy/admin/streams.h"
#include "proxy/admin/upstream_check.h"
#include "proxy/ops/log.h"
#include "proxy/server.h"

namespace sse_proxy {
namespace {

constexpr uint64_t kLookEveryMs = 500;
constexpr int kBacklog = 64;
constexpr int kAcceptsPerTurn = 16;  // fewer than there may be: each is read before it can give way
constexpr std::string_view kStream = "/streams/";

int open_spare() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

AdminAnswer text(int status, std::string body) { return {.status = status, .body = std::move(body)}; }

AdminAnswer not_allowed(std::string_view allowed) {
  AdminAnswer answer = error_answer(405, "this is not possible here: Allow says what is");
  answer.fields.add("Allow", allowed);
  return answer;
}

}  // namespace

Result<std::unique_ptr<AdminServer>> AdminServer::create(Server& server) {
  if (!server.settings()->options.admin) return std::unique_ptr<AdminServer>();
  std::unique_ptr<AdminServer> admin(new AdminServer(server));
  if (auto error = admin->listen(*server.settings()->options.admin)) return *error;
  admin->start();
  return admin;
}

AdminServer::AdminServer(Server& server)
    : server_(server),
      shared_(server.shared()),
      workers_(server.workers()),
      loop_(server.main_loop()),
      spare_(open_spare()),
      feed_(*this) {
  uv_async_init(loop_, &wake_, [](uv_async_t* async) { static_cast<AdminServer*>(async->data)->on_wake(); });
  uv_timer_init(loop_, &look_);
  wake_.data = look_.data = this;
}

AdminServer::~AdminServer() {
  while (!connections_.empty()) connections_.begin()->second->close();
  for (const auto& listener : listeners_) {
    if (listener->poll.data != nullptr) uv_close(reinterpret_cast<uv_handle_t*>(&listener->poll), nullptr);
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&wake_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&look_), nullptr);
  feed_.close();
  uv_run(loop_, UV_RUN_NOWAIT);  // the handles are members: the loop lets go of them here
  for (const auto& listener : listeners_) ::close(listener->fd);
  if (spare_ >= 0) ::close(spare_);
}

std::optional<Error> AdminServer::listen(const Endpoint& endpoint) {
  std::string why;
  std::vector<SocketAddress> addresses = literal_address(endpoint);
  if (addresses.empty()) addresses = resolve_blocking(endpoint, why);
  if (addresses.empty()) {
    return Error{
        Side::self, 0,
        "cannot listen on " + endpoint.text + ": " + why + " (give --admin an address of this host)"};
  }
  for (const SocketAddress& address : addresses) {
    const Result<int> fd = listen_on(address, {.backlog = kBacklog, .unix_mode = shared_.options.unix_mode});
    if (!fd) return fd.error();
    const SocketAddress bound = local_address(*fd);
    const bool is_unix = address.family() == AF_UNIX;
    addresses_.push_back(bound.text());
    if (is_unix) socket_files_.emplace_back(endpoint.unix_path);
    listeners_.push_back(std::make_unique<Listener>(Listener{this, *fd, is_unix, {}}));
  }
  return std::nullopt;
}

void AdminServer::start() {
  for (const auto& listener : listeners_) {
    uv_poll_init(loop_, &listener->poll, listener->fd);
    listener->poll.data = listener.get();
    watch(*listener);
  }
  uv_timer_start(
      &look_, [](uv_timer_t* timer) { static_cast<AdminServer*>(timer->data)->look_around(); }, kLookEveryMs,
      kLookEveryMs);
}

void AdminServer::watch(Listener& listener) {
  uv_poll_start(&listener.poll, UV_READABLE, [](uv_poll_t* poll, int, int) {
    auto* const ready = static_cast<Listener*>(poll->data);
    ready->server->accept_all(*ready);
  });
}

// Until look_around(): the queue is not to be spun over.
void AdminServer::pause(Listener& listener) { uv_poll_stop(&listener.poll); }

void AdminServer::accept_all(Listener& listener) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    if (accept(listener)) continue;
    if ((errno != EMFILE && errno != ENFILE) || !anyone_waits(listener.fd)) return;
    if (spare_ < 0 && !make_room()) return pause(listener);
    if (spare_ >= 0) ::close(std::exchange(spare_, -1));
    (void)accept(listener);
    return;  // without a descriptor nobody says that the queue is empty
  }
}

// False: errno says why.
bool AdminServer::accept(const Listener& listener) {
  SocketAddress peer;
  peer.size = sizeof peer.storage;
  const int fd = accept4(listener.fd, reinterpret_cast<sockaddr*>(&peer.storage), &peer.size,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return false;
  if (connections_.size() >= kMaxConnections && !make_room()) {
    ::close(fd);
    return true;
  }
  const uint64_t id = ++last_id_;
  auto* const connection = new AdminConnection(*this, id, peer.peer());
  connections_.emplace(id, connection);
  connection->open(fd, listener.is_unix);
  return true;
}

// Closes the connection that has kept us waiting for longest: a probe gets through whatever others do, as a
// supervisor ends a process that does not answer.
bool AdminServer::make_room() {
  AdminConnection* longest = nullptr;
  for (const auto& [id, connection] : connections_) {
    if (!connection->waits_for_client()) continue;
    if (longest == nullptr || connection->since_ms() < longest->since_ms()) longest = connection;
  }
  if (longest != nullptr) longest->close();
  return longest != nullptr;
}

void AdminServer::remove(AdminConnection& connection) {
  connections_.erase(connection.id());
  if (spare_ < 0) spare_ = open_spare();
}

AdminConnection* AdminServer::connection(uint64_t id) const noexcept {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second;
}

void AdminServer::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  uv_async_send(&wake_);
}

void AdminServer::on_wake() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (const auto& task : tasks) task();
}

void AdminServer::look_around() {
  for (auto it = connections_.begin(); it != connections_.end();)
    (it++)->second->check_patience(uv_now(loop_));
  if (spare_ < 0) spare_ = open_spare();
  for (const auto& listener : listeners_) watch(*listener);
}

nlohmann::ordered_json AdminServer::totals() const {
  uint64_t ended = 0, begun = 0, events = 0, keepalives = 0;
  for (const auto& worker : workers_) {
    const Counters& counters = std::as_const(*worker).counters();
    ended += counters.streams_ended.value();  // first: no stream is seen to end before it begins
    begun += counters.streams_opened.value();
    events += counters.events.value();
    keepalives += counters.keepalives.value();
  }
  return {{"open", begun - ended},
          {"events", events},
          {"keepalives", keepalives},
          {"connections", shared_.connections.load()},
          {"draining", shared_.draining.load()}};
}

// `?upstream`: only if an upstream takes connections.
void AdminServer::tell_readiness(AdminConnection& connection) {
  if (shared_.draining) return connection.answer(text(503, "draining\n"));
  const RequestHead& request = connection.request();
  const std::string_view query = std::string_view(request.target).substr(request.path().size());
  if (query.empty()) return connection.answer(text(200, "ready\n"));
  if (query != "?upstream")
    return connection.answer(error_answer(400, "readiness has ?upstream and no other query"));
  auto check = std::make_unique<UpstreamCheck>(*this);
  UpstreamCheck& begun = *check;
  connection.keep(std::move(check));
  begun.begin(connection, shared_);
}

void AdminServer::handle(AdminConnection& connection) {
  const RequestHead& request = connection.request();
  const std::string_view path = request.path();
  if (const auto refused = check_access(request, connection.peer(), shared_.options.admin_remote))
    return connection.answer(error_answer(refused->status, refused->message));
  const bool is_one_stream = path.starts_with(kStream);
  if (is_one_stream && request.method == "DELETE")
    return end_stream(*this, connection, path.substr(kStream.size()));
  if (is_one_stream) return connection.answer(not_allowed("DELETE"));
  if (request.method != "GET" && request.method != "HEAD") return connection.answer(not_allowed("GET, HEAD"));
  if (path == "/healthz") return connection.answer(text(200, "alive\n"));
  if (path == "/readyz") return tell_readiness(connection);
  if (path == "/metrics") return connection.answer(metrics_answer(request, shared_, workers_));
  if (path == "/config") return connection.answer(config_answer(*server_.settings()));
  if (path == "/streams")
    return connection.answer_in_pieces("application/json", make_stream_list(*this, connection.id()));
  if (path == "/events") return feed_.add(connection);
  if (const auto page = page_answer(path)) return connection.answer(*page);
  connection.answer(error_answer(404, "there is no such page here"));
}

}  // namespace sse_proxy
