#include "proxy/upstream/upstream_health.h"

#include <algorithm>
#include <string_view>

#include "proxy/ops/log.h"

namespace sse_proxy {
namespace {

constexpr Millis kFirstTimeOut{1000};
constexpr Millis kLongestTimeOut{60000};
constexpr Millis kTrial{5000};  // how long the others wait for the one that tries
constexpr unsigned kFailuresInARow = 3;

Millis time_out(unsigned times) noexcept {
  return std::min(kLongestTimeOut, kFirstTimeOut * (1 << std::min(times - 1, 6U)));
}

}  // namespace

UpstreamHealth::UpstreamHealth(const std::vector<Endpoint>& upstreams)
    : upstreams_(upstreams), states_(std::make_unique<State[]>(upstreams.size())) {}

std::optional<size_t> UpstreamHealth::choose(size_t first, std::span<const size_t> tried,
                                             TimePoint now) noexcept {
  const size_t count = upstreams_.size();
  for (const bool only_healthy : {true, false}) {
    for (size_t i = 0; i < count; ++i) {
      const size_t upstream = (first + i) % count;
      if (std::find(tried.begin(), tried.end(), upstream) != tried.end()) continue;
      if (!only_healthy || admit(states_[upstream], now)) return upstream;
    }
  }
  return std::nullopt;
}

bool UpstreamHealth::admit(State& state, TimePoint now) noexcept {
  if (!state.suspect.load(std::memory_order_relaxed)) return true;
  const std::lock_guard lock(mutex_);
  if (!state.out) return true;
  if (now < state.until) return false;
  state.on_trial = true;
  state.until = now + kTrial;
  return true;
}

bool UpstreamHealth::is_out(size_t upstream) {
  const std::lock_guard lock(mutex_);
  return states_[upstream].out;
}

bool UpstreamHealth::failed(size_t upstream, UpstreamFailure failure, TimePoint now) {
  if (upstreams_.size() == 1) return false;
  State& state = states_[upstream];
  Millis out{0};
  {
    const std::lock_guard lock(mutex_);
    state.suspect.store(true, std::memory_order_relaxed);
    if (state.out && !state.on_trial) return false;  // an exchange that began before
    const bool enough = failure == UpstreamFailure::no_connection || ++state.failures >= kFailuresInARow;
    if (!enough && !state.on_trial) return false;
    out = time_out(++state.times_out);
    state.out = true;
    state.on_trial = false;
    state.failures = 0;
    state.until = now + out;
  }
  log::warn(
      "upstream fails and is left out for a while",
      {{"upstream", std::string_view(upstreams_[upstream].text)}, {"ms", static_cast<int64_t>(out.count())}});
  return true;
}

void UpstreamHealth::answered(size_t upstream) {
  State& state = states_[upstream];
  if (!state.suspect.load(std::memory_order_relaxed)) return;
  bool was_out = false;
  {
    const std::lock_guard lock(mutex_);
    was_out = state.out;
    state.out = state.on_trial = false;
    state.times_out = state.failures = 0;
    state.suspect.store(false, std::memory_order_relaxed);
  }
  if (was_out)
    log::info("upstream answers again", {{"upstream", std::string_view(upstreams_[upstream].text)}});
}

}  // namespace sse_proxy
