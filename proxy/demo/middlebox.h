// The demo's middlebox: nginx and a load balancer in one, with the defaults that people meet in production.
#pragma once

#include "proxy/demo/socket.h"

namespace sse_proxy::stage {

// Passes one request on to `upstream_port` and its response back. The body is held until 4 KiB are together
// or it ends, unless the response says `X-Accel-Buffering: no` (a field that is for middleboxes and not
// passed on). After 3 s without a byte from upstream, what is held is delivered and both sides are closed.
void play_middlebox(Connection client, uint16_t upstream_port, const StopSignal& stop);

}  // namespace sse_proxy::stage
