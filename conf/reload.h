// What a configuration that was read again changes in a process that runs.
#pragma once

#include <string>
#include <vector>

#include "conf/load.h"

namespace sse_proxy {

struct Changes {
  std::vector<std::string> live;           // keys, and "rule", whose new values count from now on
  std::vector<std::string> needs_restart;  // keys that differ but are read at start only
};

// Compares the two, and gives `next` the running values of what is read at start only.
Changes keep_what_needs_a_restart(const Loaded& running, Loaded& next);

}  // namespace sse_proxy
