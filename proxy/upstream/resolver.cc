#include "proxy/upstream/resolver.h"

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "proxy/ops/log.h"

namespace sse_proxy {

struct Resolver::State {
  std::vector<Endpoint> upstreams;
  Millis interval{0};
  std::mutex mutex;
  std::condition_variable stopped;
  bool stop = false;
  std::vector<AddressList> lists;  // one per upstream
  std::vector<bool> is_name;

  void refresh(size_t upstream);
  void run();
};

void Resolver::State::refresh(size_t upstream) {
  std::string why;
  std::vector<SocketAddress> fresh = resolve_blocking(upstreams[upstream], why);
  const std::lock_guard lock(mutex);
  if (stop) return;
  if (!fresh.empty()) {
    lists[upstream] = std::make_shared<const std::vector<SocketAddress>>(std::move(fresh));
    return;
  }
  log::warn("upstream name does not resolve any more: its last addresses are kept",
            {{"upstream", std::string_view(upstreams[upstream].text)}, {"reason", std::string_view(why)}});
}

void Resolver::State::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex);
      if (stopped.wait_for(lock, interval, [this] { return stop; })) return;
    }
    for (size_t i = 0; i < upstreams.size(); ++i) {
      if (is_name[i]) refresh(i);
    }
  }
}

Resolver::Resolver(const std::vector<Endpoint>& upstreams, Millis interval)
    : state_(std::make_shared<State>()) {
  state_->upstreams = upstreams;
  state_->interval = interval;
}

Resolver::~Resolver() {
  const std::lock_guard lock(state_->mutex);
  state_->stop = true;
  state_->stopped.notify_all();
}

std::optional<Error> Resolver::start() {
  bool any_name = false;
  for (const Endpoint& upstream : state_->upstreams) {
    std::vector<SocketAddress> addresses = literal_address(upstream);
    const bool name = addresses.empty();
    if (name) {
      std::string why;
      addresses = resolve_blocking(upstream, why);
      if (addresses.empty()) {
        return Error{Side::self, 0,
                     "upstream " + upstream.text + ": cannot resolve \"" + upstream.host + "\": " + why +
                         " (check the name, or give an address)"};
      }
    }
    any_name = any_name || name;
    state_->is_name.push_back(name);
    state_->lists.push_back(std::make_shared<const std::vector<SocketAddress>>(std::move(addresses)));
  }
  if (any_name && state_->interval > Millis::zero()) {
    std::thread([state = state_] { state->run(); }).detach();
  }
  return std::nullopt;
}

AddressList Resolver::addresses(size_t upstream) const {
  const std::lock_guard lock(state_->mutex);
  return state_->lists[upstream];
}

}  // namespace sse_proxy
