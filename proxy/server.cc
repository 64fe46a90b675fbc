#include "proxy/server.h"

#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>
#include <thread>
#include <utility>

#include "proxy/admin/admin_server.h"
#include "proxy/ops/descriptors.h"

namespace sse_proxy {
namespace {

// Every connection may need a second descriptor towards the upstream; some are kept back for the process
// itself. Where they do not suffice, idle connections give way (Worker::free_a_descriptor).
size_t connections_that_descriptors_allow(size_t wanted, size_t descriptors) {
  const size_t reserve = std::min<size_t>(64, descriptors / 4);
  return std::clamp<size_t>((descriptors - reserve) / 2, 1, wanted);
}

constexpr int kCannotRun = 1, kWrongConfiguration = 2;

std::vector<SocketAddress> addresses_to_listen_on(const Endpoint& endpoint, std::string& why) {
  std::vector<SocketAddress> addresses = literal_address(endpoint);
  if (addresses.empty()) addresses = resolve_blocking(endpoint, why);
  return addresses;
}

}  // namespace

Server::Server(Settings settings) : start_(std::move(settings)), settings_(start_) {
  shared_ = std::make_unique<Shared>(start_->options);
  uv_loop_init(&main_loop_);
  uv_async_init(&main_loop_, &worker_finished_, [](uv_async_t* async) {
    if (static_cast<Server*>(async->data)->running_ == 0) uv_stop(async->loop);
  });
  worker_finished_.data = this;
}

Server::~Server() {
  admin_.reset();
  workers_.clear();
  uv_close(reinterpret_cast<uv_handle_t*>(&worker_finished_), nullptr);
  uv_run(&main_loop_, UV_RUN_DEFAULT);
  uv_loop_close(&main_loop_);
}

Result<std::unique_ptr<Server>> Server::create(Loaded settings, HandedOverSockets handed_over) {
  std::unique_ptr<Server> server(new Server(std::make_shared<const Loaded>(std::move(settings))));
  const auto failed = [](Error error, int exit_code) { return error.status = exit_code, error; };
  const size_t descriptors = raise_descriptor_limit();
  if (auto error = server->shared_->certificates.start()) return failed(*error, kWrongConfiguration);
  if (auto error = server->shared_->resolver.start()) return failed(*error, kCannotRun);
  if (auto error = server->make_workers()) return failed(*error, kCannotRun);
  if (auto error = server->listen(std::move(handed_over))) return failed(*error, kCannotRun);
  auto admin = AdminServer::create(*server);
  if (!admin) return failed(admin.error(), kCannotRun);
  server->admin_ = *std::move(admin);
  server->shared_->max_connections =
      connections_that_descriptors_allow(server->start_->options.limits.connections, descriptors);
  return server;
}

std::optional<Error> Server::make_workers() try {
  for (unsigned i = 0; i < start_->options.workers; ++i)
    workers_.push_back(std::make_unique<Worker>(*shared_, settings_));
  return std::nullopt;
} catch (const std::system_error& error) {
  return Error{Side::self, 0, std::string("cannot start a worker: ") + error.what() + " (raise ulimit -n)"};
}

std::optional<Error> Server::listen(HandedOverSockets handed_over) {
  for (const Endpoint& endpoint : start_->options.listen) {
    std::string why;
    const std::vector<SocketAddress> addresses = addresses_to_listen_on(endpoint, why);
    if (addresses.empty()) {
      return Error{Side::self, 0,
                   "cannot listen on " + endpoint.text + ": " + why + " (give an address of this host)"};
    }
    for (const SocketAddress& address : addresses) {
      if (const auto fd = handed_over.take(address)) {
        set_listener_options(*fd, start_->options.route.timeouts.write);
        addresses_.push_back(address.text());
        accept_on_first_worker(*fd, endpoint.tls);
        continue;
      }
      if (auto error = listen_on_all_workers(address, endpoint.tls)) return error;
    }
  }
  const std::vector<std::string> left = handed_over.left();
  if (left.empty()) return std::nullopt;
  return Error{Side::self, 0,
               "the service manager hands over a socket on " + left.front() +
                   ", which listen does not name: add it there, or take it out of the socket unit"};
}

// Where the kernel does not choose between the workers' own sockets.
void Server::accept_on_first_worker(int fd, bool tls) {
  std::vector<Worker*> peers;
  if (workers_.size() > 1) {
    for (auto& worker : workers_) peers.push_back(worker.get());
  }
  workers_.front()->add_listener(fd, tls, std::move(peers));
}

// A first bind without SO_REUSEPORT proves that the port is free: a second instance must not take half the
// traffic.
std::optional<Error> Server::listen_on_all_workers(SocketAddress address, bool tls) {
  ListenOptions options{.backlog = static_cast<int>(start_->options.limits.backlog),
                        .reuse_port = start_->options.reuse_port,
                        .unix_mode = start_->options.unix_mode,
                        .write_timeout = start_->options.route.timeouts.write};
  Result<int> first = listen_on(address, options);
  if (!first) return first.error();
  address = local_address(*first);
  addresses_.push_back(address.text());
  if (address.family() == AF_UNIX) {
    socket_files_.emplace_back(reinterpret_cast<const sockaddr_un*>(&address.storage)->sun_path);
  }
  if (address.family() == AF_UNIX || workers_.size() == 1) {
    accept_on_first_worker(*first, tls);
    return std::nullopt;
  }
  close(*first);
  options.reuse_port = true;
  for (auto& worker : workers_) {
    Result<int> socket = listen_on(address, options);
    if (!socket) return socket.error();
    worker->add_listener(*socket, tls, {});
  }
  return std::nullopt;
}

void Server::run() {
  std::vector<std::thread> threads;
  running_ = workers_.size();
  for (auto& worker : workers_) {
    threads.emplace_back([this, &worker] {
      worker->run();
      --running_;
      uv_async_send(&worker_finished_);
    });
  }
  uv_run(&main_loop_, UV_RUN_DEFAULT);
  for (std::thread& thread : threads) thread.join();
}

void Server::announce_drain() {
  if (shared_->draining.exchange(true)) return;
  shared_->drain_began_with = shared_->connections.load();
}

void Server::drain() {
  announce_drain();
  for (auto& worker : workers_) worker->drain(settings_->options.drain_timeout);
}

void Server::reload_certificates() { shared_->certificates.reload(); }

Changes Server::use(Loaded settings) {
  Changes changes = keep_what_needs_a_restart(*settings_, settings);
  settings_ = std::make_shared<const Loaded>(std::move(settings));
  for (auto& worker : workers_) worker->use(settings_);
  return changes;
}

void Server::stop() {
  for (auto& worker : workers_) worker->stop();
}

std::string Server::totals() const {
  std::string text;
#define SSE_PROXY_SUM(member, ...)                                                  \
  {                                                                                 \
    uint64_t sum = 0;                                                               \
    for (const auto& worker : workers_) sum += worker->counters().member.value();   \
    text.append(text.empty() ? "" : " ").append(#member "=" + std::to_string(sum)); \
  }
  SSE_PROXY_COUNTERS(SSE_PROXY_SUM)
  SSE_PROXY_LABELLED_COUNTERS(SSE_PROXY_SUM)
#undef SSE_PROXY_SUM
  text += " reload_failures=" + std::to_string(shared_->certificates.reload_failures());
  return text;
}

}  // namespace sse_proxy
