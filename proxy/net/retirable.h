#pragma once

namespace sse_proxy {

// Base of what may be in use further up the stack when it ends: it is freed at the end of the loop's turn.
class Retirable {
 public:
  virtual ~Retirable() = default;
};

}  // namespace sse_proxy
