// How many cells of a terminal a text takes: Korean letters and emoji take two each.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sse_proxy::stage {

size_t cell_width(std::string_view utf8);
// Cut, with an ellipsis, or filled up with spaces to exactly `cells`.
std::string fit(std::string_view utf8, size_t cells);
std::string fit_right(std::string_view utf8, size_t cells);

}  // namespace sse_proxy::stage
