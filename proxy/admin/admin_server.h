// The admin listener: probes, metrics, live streams, and the page for people.
#pragma once

#include <uv.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "parser/result.h"
#include "proxy/admin/admin_connection.h"
#include "proxy/admin/feed.h"
#include "proxy/net/socket_file.h"
#include "proxy/shared.h"
#include "proxy/worker.h"

namespace sse_proxy {

class Server;

using Workers = std::span<const std::unique_ptr<Worker>>;

// AdminServer is on the main loop, which no event waits for, and answers as long as a worker runs. It reads
// the workers' counters; for the rest it asks them, and they answer in their time.
//   Owned by  the Server, which destroys it once its workers' loops have ended. Borrows it and its
//   workers. Thread: post() from any; the rest on the loop's.
class AdminServer {
 public:
  // Listens where the options say; null where they say off. The error names the address.
  static Result<std::unique_ptr<AdminServer>> create(Server& server);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // Runs `task` on the loop.
  void post(std::function<void()> task);

  [[nodiscard]] const std::vector<std::string>& addresses() const noexcept { return addresses_; }

  // --- on the loop ---
  [[nodiscard]] uv_loop_t* loop() noexcept { return loop_; }
  [[nodiscard]] uv_buf_t read_slab() noexcept {
    return uv_buf_init(slab_.data(), static_cast<unsigned>(slab_.size()));
  }
  [[nodiscard]] Workers workers() const noexcept { return workers_; }
  // Of all workers, for the page.
  [[nodiscard]] nlohmann::ordered_json totals() const;
  [[nodiscard]] uint64_t new_walk() noexcept { return ++last_walk_; }
  // Null when it has closed.
  [[nodiscard]] AdminConnection* connection(uint64_t id) const noexcept;

  // A request is complete: answers it, or begins to.
  void handle(AdminConnection& connection);
  // It has closed: its descriptor is free.
  void remove(AdminConnection& connection);

 private:
  static constexpr size_t kMaxConnections = 64;

  struct Listener {
    AdminServer* server;
    int fd;
    bool is_unix;
    uv_poll_t poll;
  };

  explicit AdminServer(Server& server);
  std::optional<Error> listen(const Endpoint& endpoint);
  void start();
  static void watch(Listener& listener);
  static void pause(Listener& listener);
  void accept_all(Listener& listener);
  bool accept(const Listener& listener);
  bool make_room();
  void tell_readiness(AdminConnection& connection);
  void on_wake();
  void look_around();

  Server& server_;
  Shared& shared_;
  Workers workers_;
  uv_loop_t* loop_;
  uv_async_t wake_;
  uv_timer_t look_;
  std::mutex mutex_;
  std::vector<std::function<void()>> tasks_;  // under mutex_
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::string> addresses_;
  std::vector<SocketFile> socket_files_;
  int spare_;  // a descriptor that is given up for a probe when the process has no other left
  std::map<uint64_t, AdminConnection*> connections_;
  uint64_t last_id_ = 0;
  uint64_t last_walk_ = 0;
  std::array<char, 16 * 1024> slab_;
  Feed feed_;
};

}  // namespace sse_proxy
