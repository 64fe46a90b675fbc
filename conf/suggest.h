// The nearest right word to a wrong one, for error messages.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace sse_proxy {

// Insertions, deletions, substitutions and swaps of neighbours that turn one into the other.
size_t edit_distance(std::string_view a, std::string_view b);

// `alias` is what might have been meant, `answer` what is then suggested.
struct Candidate {
  std::string_view alias;
  std::string_view answer;
};

// The answer whose alias is nearest to `word`, if it is near enough for a slip of the pen; else empty.
// Case, and `-`, `_` and `.` for each other, hardly count.
std::string_view nearest(std::string_view word, std::span<const Candidate> candidates);

// `: did you mean "answer"?`, or nothing where nothing is near.
std::string did_you_mean(std::string_view answer);

}  // namespace sse_proxy
