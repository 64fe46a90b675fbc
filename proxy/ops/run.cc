#include "proxy/ops/run.h"

#include <uv.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "proxy/admin/admin_server.h"
#include "proxy/ops/descriptors.h"
#include "proxy/ops/log.h"
#include "proxy/ops/service_manager.h"
#include "proxy/ops/start_memory.h"
#include "proxy/server.h"

namespace sse_proxy {
namespace {

constexpr std::array kSignals = {SIGTERM, SIGINT, SIGHUP};

// libuv gives a signal back to its default when the last handle for it closes. These never close, so that a
// signal in the process's last moments does not end it with another exit code.
void keep_signals_from_killing() {
  static std::array<uv_signal_t, kSignals.size()> guards;
  for (size_t i = 0; i < guards.size(); ++i) {
    uv_signal_init(uv_default_loop(), &guards[i]);
    uv_signal_start(
        &guards[i], [](uv_signal_t*, int) {}, kSignals[i]);
  }
}

using ReadAgain = std::function<Result<Loaded>()>;

std::string joined(const std::vector<std::string>& keys) {
  std::string out;
  for (const std::string& key : keys) out.append(out.empty() ? "" : ", ").append(key);
  return out;
}

// Signals and the drain's delay.
class Lifecycle {
 public:
  Lifecycle(Server& server, const ReadAgain& read_again) : server_(server), read_again_(read_again) {
    uv_loop_t* const loop = server.main_loop();
    for (uv_timer_t* timer : {&delay_, &reload_}) {
      uv_timer_init(loop, timer);
      timer->data = this;
      uv_unref(reinterpret_cast<uv_handle_t*>(timer));
    }
    keep_signals_from_killing();
    for (size_t i = 0; i < signals_.size(); ++i) {
      uv_signal_init(loop, &signals_[i]);
      signals_[i].data = this;
      uv_signal_start(
          &signals_[i],
          [](uv_signal_t* handle, int number) { static_cast<Lifecycle*>(handle->data)->on_signal(number); },
          kSignals[i]);
      uv_unref(reinterpret_cast<uv_handle_t*>(&signals_[i]));
    }
  }

  // The handles must be closed before the loop is.
  void close() {
    for (uv_signal_t& signal : signals_) uv_close(reinterpret_cast<uv_handle_t*>(&signal), nullptr);
    for (uv_timer_t* timer : {&delay_, &reload_}) uv_close(reinterpret_cast<uv_handle_t*>(timer), nullptr);
    uv_run(server_.main_loop(), UV_RUN_NOWAIT);
  }

 private:
  void on_signal(int number) {
    if (number == SIGHUP) {
      uv_timer_start(
          &reload_, [](uv_timer_t* timer) { static_cast<Lifecycle*>(timer->data)->reload(); }, 0, 0);
      return;
    }
    if (ending_) {
      log::info("second signal: ending at once");
      return server_.stop();
    }
    ending_ = true;
    server_.announce_drain();
    notify_service_manager(ServiceState::stopping);
    const Millis delay = server_.settings()->options.drain_delay;
    log::info("draining", {{"signal", std::string_view(number == SIGTERM ? "SIGTERM" : "SIGINT")},
                           {"delay_ms", static_cast<int64_t>(delay.count())}});
    if (delay == Millis::zero()) return server_.drain();
    uv_timer_start(
        &delay_, [](uv_timer_t* timer) { static_cast<Lifecycle*>(timer->data)->server_.drain(); },
        static_cast<uint64_t>(delay.count()), 0);
  }

  // A main loop has time for a file: no event waits for it.
  void reload() {
    notify_service_manager(ServiceState::reloading);
    read_configuration();
    notify_service_manager(ServiceState::ready);
  }

  void read_configuration() {
    log::info("SIGHUP: configuration and certificates are read again; every stream goes on");
    server_.reload_certificates();
    Result<Loaded> next = read_again_();
    if (!next) {
      server_.shared().reload_failures.fetch_add(1, std::memory_order_relaxed);
      return log::warn("configuration not reloaded, the old one stays: " + next.error().message);
    }
    const Changes changes = server_.use(*std::move(next));
    log::set_level(server_.settings()->options.log_level);
    if (!changes.needs_restart.empty()) {
      log::warn("what cannot be changed while the proxy runs stays as it was: restart it for " +
                joined(changes.needs_restart));
    }
    log::info("configuration reloaded: new requests are served with it",
              {{"changed", changes.live.empty() ? "nothing" : joined(changes.live)}});
  }

  Server& server_;
  const ReadAgain& read_again_;
  bool ending_ = false;
  uv_timer_t delay_;
  uv_timer_t reload_;  // in the loop's next turn: however many ask for it meanwhile, no other signal waits
  std::array<uv_signal_t, kSignals.size()> signals_;
};

void log_start(const Server& server, const Loaded& loaded) {
  for (const std::string& address : server.addresses()) {
    log::info("listening on " + address, {{"workers", uint64_t{loaded.options.workers}}});
  }
  if (server.admin() != nullptr) {
    for (const std::string& address : server.admin()->addresses()) log::info("admin listens on " + address);
  }
  for (const Endpoint& upstream : loaded.options.upstream)
    log::info("passing requests on to " + upstream.text);
  for (const Note& note : loaded.notes) {
    log::write(note.level == Note::Level::warning ? LogLevel::warn : LogLevel::info, note.text);
  }
  log::info("at most " + std::to_string(server.max_connections()) + " client connections",
            {{"limits.connections", uint64_t{loaded.options.limits.connections}}});
}

}  // namespace

int run(const Loaded& loaded, const std::function<Result<Loaded>()>& read_again) {
  make_room_for_descriptors();  // before the first thread, which is the log's
  log::start(loaded.options.log_level, loaded.options.log_format);
  const auto refuse = [](const Error& error, int exit_code) {
    (void)log::stop();
    std::cerr << "sse-proxy: " << error.message << "\n";
    return exit_code;
  };
  Result<HandedOverSockets> handed_over = HandedOverSockets::from_environment();
  if (!handed_over) return refuse(handed_over.error(), 1);
  Result<std::unique_ptr<Server>> created = Server::create(loaded, *std::move(handed_over));
  if (!created) return refuse(created.error(), created.error().status);
  std::unique_ptr<Server> server = *std::move(created);
  Lifecycle lifecycle(*server, read_again);  // before anybody is told that we are up
  log_start(*server, loaded);
  give_back_start_memory();
  notify_service_manager(ServiceState::ready);
  server->run();
  log::info("stopped: " + server->totals());
  lifecycle.close();
  server.reset();
  if (!log::stop()) std::_Exit(0);
  return 0;
}

}  // namespace sse_proxy
