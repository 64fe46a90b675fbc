// Durations (`500ms`, `15s`, `2m`, `1h`) and sizes (`64KiB`, `1MiB`, `1GiB`, bytes) as people write them.
// Pure functions; an error's message is a clause about the text, without saying where it stood.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "parser/result.h"

namespace sse_proxy {

// Nothing is longer or larger, so that sums of a few never overflow.
inline constexpr std::chrono::milliseconds kMaxDuration = std::chrono::hours(24 * 365);
inline constexpr size_t kMaxSize = size_t{1} << 40;

// `off_allowed`: the word `off` is a duration too, of 0. A number without a unit is an error, 0 as well.
Result<std::chrono::milliseconds> parse_duration(std::string_view text, bool off_allowed = false);

// The shortest form that parse_duration() reads back: 90000 ms is "90s", 0 is "0s".
std::string format_duration(std::chrono::milliseconds duration);

Result<size_t> parse_size(std::string_view text);

// The shortest form that parse_size() reads back: 65536 is "64KiB", 1000 is "1000".
std::string format_size(size_t bytes);

// A whole decimal number from `least` to `most`.
Result<size_t> parse_count(std::string_view text, size_t least, size_t most);

// The text in double quotes, control characters and quotes escaped as in TOML: for messages and output.
std::string in_quotes(std::string_view text);

}  // namespace sse_proxy
