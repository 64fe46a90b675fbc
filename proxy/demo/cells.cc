#include "proxy/demo/cells.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace sse_proxy::stage {
namespace {

struct Range {
  char32_t from, to;
  [[nodiscard]] bool has(char32_t c) const { return from <= c && c <= to; }
};

// What terminals draw over two cells (Unicode Standard Annex 11, wide and full-width, roughly).
constexpr std::array kWide = {
    Range{0x1100, 0x115F},   Range{0x231A, 0x231B},   Range{0x23E9, 0x23EC},   Range{0x2614, 0x2615},
    Range{0x26A1, 0x26A1},   Range{0x2705, 0x2705},   Range{0x2728, 0x2728},   Range{0x274C, 0x274C},
    Range{0x2E80, 0x303E},   Range{0x3041, 0x4DBF},   Range{0x4E00, 0xA4CF},   Range{0xA960, 0xA97F},
    Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},   Range{0xFF01, 0xFF60},
    Range{0xFFE0, 0xFFE6},   Range{0x1F300, 0x1F320}, Range{0x1F32D, 0x1F64F}, Range{0x1F680, 0x1F6FF},
    Range{0x1F900, 0x1F9FF}, Range{0x1FA70, 0x1FAFF}, Range{0x20000, 0x3FFFD}};
// What is drawn over the character before: combining marks, joiners, variation selectors.
constexpr std::array kWithoutWidth = {Range{0x0300, 0x036F}, Range{0x200B, 0x200D}, Range{0xFE00, 0xFE0F}};

template <size_t N>
bool is_in(const std::array<Range, N>& ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(), [c](const Range& range) { return range.has(c); });
}

struct Character {
  size_t bytes;
  size_t cells;
};

// The first character of a text that is not empty; a broken one is taken byte by byte.
Character first_character(std::string_view utf8) {
  const auto lead = static_cast<uint8_t>(utf8[0]);
  const size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  if (bytes == 1 || bytes > utf8.size()) return {1, 1};
  auto code = static_cast<char32_t>(lead & (0xFF >> (bytes + 1)));
  for (size_t i = 1; i < bytes; ++i) code = (code << 6) | (static_cast<uint8_t>(utf8[i]) & 0x3F);
  return {bytes, is_in(kWithoutWidth, code) ? size_t{0} : is_in(kWide, code) ? size_t{2} : size_t{1}};
}

// The longest start of the text that takes no more than `cells`.
std::string_view start_within(std::string_view utf8, size_t cells) {
  size_t bytes = 0;
  while (bytes < utf8.size()) {
    const Character next = first_character(utf8.substr(bytes));
    if (next.cells > cells) break;
    cells -= next.cells;
    bytes += next.bytes;
  }
  return utf8.substr(0, bytes);
}

std::string shortened(std::string_view utf8, size_t cells) {
  if (cell_width(utf8) <= cells) return std::string(utf8);
  return cells == 0 ? "" : std::string(start_within(utf8, cells - 1)) + "…";
}

}  // namespace

size_t cell_width(std::string_view utf8) {
  size_t cells = 0;
  while (!utf8.empty()) {
    const Character next = first_character(utf8);
    cells += next.cells;
    utf8.remove_prefix(next.bytes);
  }
  return cells;
}

std::string fit(std::string_view utf8, size_t cells) {
  std::string text = shortened(utf8, cells);
  return text.append(cells - cell_width(text), ' ');
}

std::string fit_right(std::string_view utf8, size_t cells) {
  const std::string text = shortened(utf8, cells);
  return std::string(cells - cell_width(text), ' ') + text;
}

}  // namespace sse_proxy::stage
