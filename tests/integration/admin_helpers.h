// A proxy with an admin listener, and what tests ask of it.
#pragma once

#include <string>
#include <string_view>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {

// "127.0.0.1:9180" from the log's line.
std::string admin_address(Process& proxy);

struct AdminRig : Rig {
  explicit AdminRig(Args args = {});
  [[nodiscard]] Peer admin() const { return connect_to(admin_port); }
  // One request on a connection of its own, with `fields` (each with its CR LF) and the usual Host.
  [[nodiscard]] Response ask(std::string_view path, std::string_view method = "GET",
                             std::string_view fields = {}, std::string_view host = "127.0.0.1") const;
  [[nodiscard]] std::string get(std::string_view path) const { return ask(path).body; }
  // The value of the metric of this name, with its labels as they are printed: `a_total{b="c"}`; -1: none.
  [[nodiscard]] double metric(std::string_view name) const;
  // Waits until that is its value.
  void expect_metric(std::string_view name, double value) const;
  uint16_t admin_port = 0;
};

}  // namespace sse_proxy::test
