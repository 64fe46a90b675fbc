// /config: what the process runs with, and where each value came from.
#pragma once

#include "conf/load.h"
#include "proxy/admin/admin_connection.h"

namespace sse_proxy {

// {"options":{KEY:{"value":…,"source":…}},"rules":[TOML…]}. Options hold names of files, never their
// contents.
AdminAnswer config_answer(const Loaded& settings);

}  // namespace sse_proxy
