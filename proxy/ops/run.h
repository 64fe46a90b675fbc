// The `run` command: the proxy in the foreground until a signal ends it.
#pragma once

#include "conf/load.h"

namespace sse_proxy {

// The exit code: 0 after a drain, 1 when it could not start.
int run(const Loaded& loaded);

}  // namespace sse_proxy
