// Which upstreams are worth asking: those that fail are left out for a while (passive health checks).
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "conf/options.h"
#include "parser/clock.h"

namespace sse_proxy {

enum class UpstreamFailure : uint8_t {
  no_connection,  // refused, unreachable, or not accepted in time: it is out at once
  no_response,    // reset, closed or silent before its response head: out after three in a row
};

// UpstreamHealth leaves a failing upstream out for 1 s, twice as long each time it fails again, up to 1 min.
// Then one exchange may try it, and the others follow once that was answered.
//   Owned by  the process: what one worker meets, all know. Any thread; a healthy upstream costs an atomic
//   load. Never     leaves out a single upstream, nor refuses to try all when none is left.
class UpstreamHealth {
 public:
  // `upstreams` is borrowed, for the log.
  explicit UpstreamHealth(const std::vector<Endpoint>& upstreams);

  // The next upstream of the ring to try, from `first` on: a healthy one, else any. `tried`: by this exchange
  // before. Nothing when all were.
  std::optional<size_t> choose(size_t first, std::span<const size_t> tried, TimePoint now) noexcept;

  [[nodiscard]] bool is_out(size_t upstream);
  // True if that leaves it out from now on.
  bool failed(size_t upstream, UpstreamFailure failure, TimePoint now);
  // A response head came.
  void answered(size_t upstream);

 private:
  struct State {
    std::atomic<bool> suspect{false};  // whether anything below differs from its start; the rest under mutex_
    bool out = false;
    bool on_trial = false;  // one exchange tries it, until `until`
    TimePoint until{};
    unsigned times_out = 0;  // since it last answered
    unsigned failures = 0;   // in a row
  };
  [[nodiscard]] bool admit(State& state, TimePoint now) noexcept;

  const std::vector<Endpoint>& upstreams_;
  std::mutex mutex_;
  std::unique_ptr<State[]> states_;
};

}  // namespace sse_proxy
