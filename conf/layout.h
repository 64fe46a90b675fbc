// Text in columns, for --help and --behind list.
#pragma once

#include <string>
#include <string_view>

namespace sse_proxy {

inline constexpr size_t kTextWidth = 100;
// A space at which no line is broken.
inline constexpr char kFixedSpace = '\x1f';

// Appends `text` and a line end; its lines stand between `column` and kTextWidth. `out` already ends in
// its first line, filled up to `column`.
void append_wrapped(std::string& out, std::string_view text, size_t column);

// Fills the last line of `out` up to `column`, or starts a new one where it is longer than that.
void fill_to(std::string& out, size_t column);

}  // namespace sse_proxy
