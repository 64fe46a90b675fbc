#include "proxy/demo/demo.h"

#include <csignal>
#include <future>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "conf/endpoint.h"
#include "proxy/demo/client.h"
#include "proxy/demo/middlebox.h"
#include "proxy/demo/origin.h"
#include "proxy/demo/report.h"
#include "proxy/demo/screen.h"
#include "proxy/demo/socket.h"
#include "proxy/server.h"

namespace sse_proxy {
namespace {

using stage::LocalService;
using stage::StopSignal;

constexpr milliseconds kTick{50};
constexpr int kExitFailed = 1;
constexpr int kExitSignal = 128;  // plus the number, as shells have it

std::string local_url(uint16_t port) { return "http://127.0.0.1:" + std::to_string(port); }

// Takes SIGINT and SIGTERM for itself, in all threads that start later; the one who waits gets them.
class Interruption {
 public:
  Interruption() {
    sigemptyset(&awaited_);
    sigaddset(&awaited_, SIGINT);
    sigaddset(&awaited_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &awaited_, &before_);
  }
  ~Interruption() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  // The signal that came within `time`.
  std::optional<int> within(milliseconds time) {
    const timespec limit{time.count() / 1000, time.count() % 1000 * 1'000'000};
    const int number = sigtimedwait(&awaited_, nullptr, &limit);
    return number > 0 ? std::optional(number) : std::nullopt;
  }
  void wait() {
    while (sigwaitinfo(&awaited_, nullptr) < 0) {
    }
  }

 private:
  sigset_t awaited_{}, before_{};
};

// The proxy, the real one, on a thread of its own.
class ProxyThread {
 public:
  static Result<std::unique_ptr<ProxyThread>> start(Options options) {
    auto proxy = std::make_unique<ProxyThread>();
    std::promise<std::optional<Error>> started;
    auto start_error = started.get_future();
    proxy->thread_ =
        std::thread(&ProxyThread::create_and_run, proxy.get(), std::move(options), std::move(started));
    if (const auto error = start_error.get()) return *error;
    return proxy;
  }
  ~ProxyThread() {
    if (server_) server_->stop();
    thread_.join();
  }

  [[nodiscard]] uint16_t port() const {
    const std::string& address = server_->addresses().front();
    return static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }

 private:
  void create_and_run(const Options& options, std::promise<std::optional<Error>> started) {
    Loaded settings;
    settings.options = options;
    auto created = Server::create(std::move(settings));
    if (!created) return started.set_value(created.error());
    server_ = *std::move(created);
    started.set_value(std::nullopt);
    server_->run();
  }

  std::unique_ptr<Server> server_;
  std::thread thread_;
};

// Everything that listens. Two middleboxes of one kind, so that each lane has its own.
struct Stage {
  ~Stage() { stop.request(); }

  StopSignal stop;
  std::unique_ptr<LocalService> origin;
  std::unique_ptr<ProxyThread> proxy;
  std::unique_ptr<LocalService> middlebox_without;
  std::unique_ptr<LocalService> middlebox_with;
};

Options proxy_options(Options options, uint16_t origin_port) {
  options.listen = {*parse_listen("127.0.0.1:0")};
  options.upstream = {*parse_upstream(local_url(origin_port))};
  options.route.sse.keepalive = stage::kKeepalive;
  options.access_log = false;
  return options;
}

Result<std::unique_ptr<LocalService>> start_middlebox(const StopSignal& stop, uint16_t upstream_port) {
  return LocalService::start(stop, [&stop, upstream_port](stage::Connection client) {
    stage::play_middlebox(std::move(client), upstream_port, stop);
  });
}

// Fills the stage from the origin to the middleboxes; the error of the first that failed.
std::optional<Error> set_up(Stage& stage, const Options& options) {
  auto origin = LocalService::start(stage.stop, stage::play_origin);
  if (!origin) return origin.error();
  stage.origin = *std::move(origin);
  auto proxy = ProxyThread::start(proxy_options(options, stage.origin->port()));
  if (!proxy) return proxy.error();
  stage.proxy = *std::move(proxy);
  auto without = start_middlebox(stage.stop, stage.origin->port());
  if (!without) return without.error();
  stage.middlebox_without = *std::move(without);
  auto with = start_middlebox(stage.stop, stage.proxy->port());
  if (!with) return with.error();
  stage.middlebox_with = *std::move(with);
  return std::nullopt;
}

int show_lanes(const Stage& stage, Interruption& interruption) {
  const auto screen = stage::Screen::for_stdout();
  const auto begin = stage::clock_now();
  const stage::LaneClient without(stage.middlebox_without->port(), stage.stop);
  const stage::LaneClient with(stage.middlebox_with->port(), stage.stop);
  const auto leave = [&stage](int code) {
    stage.stop.request();
    return code;
  };
  while (true) {
    const stage::Lanes lanes{begin, without.sights(), with.sights()};
    const bool over = is_over(lanes.without) && is_over(lanes.with);
    if (over || stage::clock_now() - begin > stage::kTimeLimit) {
      const bool shown = screen->finish(lanes);
      return leave(shown && is_right(stage::measure(lanes.with)) ? 0 : kExitFailed);
    }
    if (!screen->update(lanes)) return leave(kExitFailed);
    if (const auto signal = interruption.within(kTick)) return leave(kExitSignal + *signal);
  }
}

int serve(const Stage& stage, Interruption& interruption) {
  const std::string without = local_url(stage.middlebox_without->port()) + "/events";
  const std::string with = local_url(stage.middlebox_with->port()) + "/events";
  std::string text = "The demo is serving: the same 9 seconds of events, for each request anew.\n\n";
  text += "  without: origin -> middlebox -> curl; nothing, then all at once, then cut\n";
  text += "    curl -N --compressed " + without + "\n\n";
  text += "  with sse-proxy: origin -> sse-proxy -> middlebox -> curl; each event at once, to the end\n";
  text += "    curl -N " + with + "\n\n";
  text += "  the parts by themselves\n";
  text += "    origin     " + local_url(stage.origin->port()) + "/events\n";
  text += "    sse-proxy  " + local_url(stage.proxy->port()) + "/events\n\nCtrl-C ends it.\n";
  if (!stage::print(text)) return kExitFailed;
  interruption.wait();
  return 0;
}

}  // namespace

int demo(const Loaded& loaded) {
  Interruption interruption;
  Stage stage;
  if (const auto error = set_up(stage, loaded.options)) {
    std::cerr << "sse-proxy demo: " << error->message << "\n";
    return kExitFailed;
  }
  return loaded.demo_serve ? serve(stage, interruption) : show_lanes(stage, interruption);
}

}  // namespace sse_proxy
