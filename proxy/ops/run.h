// The `run` command: the proxy in the foreground until a signal ends it.
#pragma once

#include <functional>

#include "conf/load.h"

namespace sse_proxy {

// The exit code: 0 after a drain, 1 when it could not start.
// `read_again` reads the configuration as it was read at first, for SIGHUP.
int run(const Loaded& loaded, const std::function<Result<Loaded>()>& read_again);

}  // namespace sse_proxy
