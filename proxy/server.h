// The whole proxy in one object: listening sockets, workers and their threads.
#pragma once

#include <uv.h>

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "conf/reload.h"
#include "parser/result.h"
#include "proxy/net/socket_file.h"
#include "proxy/ops/service_manager.h"
#include "proxy/shared.h"
#include "proxy/worker.h"

namespace sse_proxy {

class AdminServer;

// Server runs `options.workers` workers, each on a thread of its own; the one that calls run() is left to
// signals and the admin listener.
//   Owned by  main, the demo, or a test. Keeps the settings.
//   Thread    drain(), reload_certificates() and stop() from any; the rest from the one that made it.
class Server {
 public:
  // Loads the certificates, resolves the upstreams and listens on every address, by the socket among
  // `handed_over` that is bound to it or by one of its own; the error says which one failed, why and what to
  // do, and its status is the exit code.
  static Result<std::unique_ptr<Server>> create(Loaded settings, HandedOverSockets handed_over = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Serves until drained or stopped.
  void run();
  // From now on readiness says that the end is near.
  void announce_drain();
  // Listeners close, streams end, and run() returns when all is done, or after `options.drain_timeout`.
  void drain();
  // Reads the certificates again, for new connections.
  void reload_certificates();
  // New requests are served with these settings, but for what is read at start only.
  Changes use(Loaded settings);
  // run() returns at once; what is under way is aborted.
  void stop();

  // Where it listens, with the ports that the kernel chose.
  [[nodiscard]] const std::vector<std::string>& addresses() const noexcept { return addresses_; }
  [[nodiscard]] const AdminServer* admin() const noexcept { return admin_.get(); }
  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
  [[nodiscard]] size_t max_connections() const noexcept { return shared_->max_connections; }
  // For the admin listener.
  [[nodiscard]] Shared& shared() noexcept { return *shared_; }
  [[nodiscard]] std::span<const std::unique_ptr<Worker>> workers() const noexcept { return workers_; }
  // The loop of the thread that calls run(), for signals and all else that is no data path.
  [[nodiscard]] uv_loop_t* main_loop() noexcept { return &main_loop_; }
  // "connections=1 exchanges=2 …": the sums of all workers' counters.
  [[nodiscard]] std::string totals() const;

 private:
  explicit Server(Settings settings);
  std::optional<Error> make_workers();
  std::optional<Error> listen(HandedOverSockets handed_over);
  std::optional<Error> listen_on_all_workers(SocketAddress address, bool tls);
  void accept_on_first_worker(int fd, bool tls);

  const Settings start_;
  Settings settings_;
  std::unique_ptr<Shared> shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
  uv_loop_t main_loop_;
  uv_async_t worker_finished_;
  std::atomic<size_t> running_{0};
  std::unique_ptr<AdminServer> admin_;
  std::vector<std::string> addresses_;
  std::vector<SocketFile> socket_files_;
};

}  // namespace sse_proxy
