// What the user should know about a configuration that is valid all the same.
#pragma once

#include <cstdint>
#include <string>

namespace sse_proxy {

// One line for the log at start, and for `check`.
struct Note {
  enum class Level : uint8_t { info, warning };
  Level level = Level::info;
  std::string text;
  bool operator==(const Note&) const = default;
};

}  // namespace sse_proxy
