// The log: one line per fact on stderr, as text or JSON, written by a thread of its own (spdlog).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <variant>

#include "conf/options.h"

namespace sse_proxy::log {

struct Field {
  std::string_view key;
  std::variant<std::string_view, int64_t, uint64_t, double> value;
};

// Before the first line, from the main thread. Without it nothing is written.
void start(LogLevel level, LogFormat format);
// From any thread. Nothing can be turned on that was `off` at the start: there is nobody to write it.
void set_level(LogLevel level) noexcept;
// Waits until what was logged is written. After it nothing is written.
// False: what was logged last could not be written in time, and a thread still hangs in that: only _Exit()
// ends the process.
[[nodiscard]] bool stop();

[[nodiscard]] bool enabled(LogLevel level) noexcept;
// A message of a warning or worse is written at most ten times a second; the next one says how many were left
// out. Any thread; formats only when `level` is enabled. Values are escaped: no peer can forge a line.
void write(LogLevel level, std::string_view message, std::span<const Field> fields = {});

inline void debug(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(LogLevel::debug, message, std::span(fields.begin(), fields.size()));
}
inline void info(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(LogLevel::info, message, std::span(fields.begin(), fields.size()));
}
inline void warn(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(LogLevel::warn, message, std::span(fields.begin(), fields.size()));
}

}  // namespace sse_proxy::log
