// The TLS contexts of the process: loaded at start, and again when their files change.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "conf/options.h"
#include "tls/context.h"

namespace sse_proxy {

// Certificates watches the files by name, so that the symlink swap that Kubernetes does with secrets is a
// change like any other. What cannot be loaded is logged and counted, and the old one stays.
//   Owned by  the process; a thread of its own reads the files, so that no loop waits for a disk. Any thread
//   may ask.
class Certificates {
 public:
  explicit Certificates(const Options& options);
  ~Certificates();
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  // What is wrong with the files that the options name, if anything is.
  static std::optional<Error> check(const Options& options) { return Certificates(options).load(); }

  // Loads all that the options name, or says what is wrong with it; then begins to watch.
  std::optional<Error> start();
  // Loads now, changed or not (SIGHUP).
  void reload();

  // For new connections. Null where no listener, or no upstream, is to have TLS.
  [[nodiscard]] std::shared_ptr<tls::ServerContext> server() const;
  [[nodiscard]] std::shared_ptr<tls::ClientContext> client() const;
  [[nodiscard]] uint64_t reload_failures() const noexcept {
    return reload_failures_.load(std::memory_order_relaxed);
  }

 private:
  std::optional<Error> load();
  // What tells a file from the one that had its name before.
  using Stamp = std::tuple<dev_t, ino_t, off_t, time_t, long>;
  static std::vector<Stamp> stamps_of(const std::vector<std::string>& files);
  // `known`: as of before the files were loaded.
  void watch(std::vector<Stamp> known);
  [[nodiscard]] std::vector<std::string> files() const;

  const Options& options_;
  tls::TicketKeys tickets_;  // outlive a reload: so do the sessions
  bool wants_server_ = false;
  bool wants_client_ = false;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::shared_ptr<tls::ServerContext> server_;
  std::shared_ptr<tls::ClientContext> client_;
  bool reload_requested_ = false;
  bool stop_ = false;
  std::atomic<uint64_t> reload_failures_{0};
  std::thread watcher_;
};

}  // namespace sse_proxy
