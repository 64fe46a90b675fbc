#include "proxy/ops/demo.h"

namespace sse_proxy {

int demo(Loaded) { return 1; }

}  // namespace sse_proxy
