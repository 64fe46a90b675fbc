// The demo's origin: an event stream done badly, as applications and their frameworks do it.
#pragma once

#include "proxy/demo/socket.h"

namespace sse_proxy::stage {

// Answers any request with the script: gzipped though nobody asked, each event torn in the middle of a
// character and the second half sent together with the first half of the next, compressed blocks torn across
// chunks, and a long silence halfway.
void play_origin(Connection client);

}  // namespace sse_proxy::stage
