// The `demo` command: a badly behaved origin, a strict middlebox and the proxy, in one process.
#pragma once

#include "conf/load.h"

namespace sse_proxy {

// The exit code: 0 only if the lane with the proxy was right.
int demo(const Loaded& loaded);

}  // namespace sse_proxy
