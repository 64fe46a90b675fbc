// `sse-proxy check --live`: is the proxy of this configuration up? For HEALTHCHECK and the like, where no
// curl is.
#pragma once

#include <string>

#include "conf/options.h"
#include "parser/clock.h"

namespace sse_proxy {

inline constexpr Millis kLiveCheckPatience{2000};  // for everything together

struct LiveCheck {
  bool alive = false;
  std::string line;  // what was asked, and what came of it; without a line end
};

// Asks /healthz of the admin listener; without one, connects to the first listener. Blocks for
// `patience` at most, name look-ups aside. Addresses that mean every interface are asked on the loopback one.
LiveCheck check_live(const Options& options, Millis patience = kLiveCheckPatience);

}  // namespace sse_proxy
