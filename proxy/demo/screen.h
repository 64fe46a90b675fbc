// How the demo is shown: two lanes side by side that are redrawn on a terminal, plain lines elsewhere.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "proxy/demo/client.h"

namespace sse_proxy::stage {

// Both lanes at one moment.
struct Lanes {
  microseconds begin;
  std::vector<Sight> without;
  std::vector<Sight> with;
};

// Shows the lanes as they fill. Each call is false once nobody can read the output any more.
class Screen {
 public:
  // What suits stdout: its kind, its size, NO_COLOR and TERM.
  static std::unique_ptr<Screen> for_stdout();
  virtual ~Screen() = default;

  virtual bool update(const Lanes& lanes) = 0;
  // The last update, with the figures and the verdict.
  virtual bool finish(const Lanes& lanes) = 0;
};

// To stdout; false when it is closed.
bool print(std::string_view text);

}  // namespace sse_proxy::stage
