#include "conf/suggest.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "conf/units.h"

namespace sse_proxy {
namespace {

std::string folded(std::string_view word) {
  std::string out;
  for (const unsigned char c : word) out += c == '-' || c == '.' ? '_' : static_cast<char>(std::tolower(c));
  return out;
}

}  // namespace

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> two_back(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], two_back[j - 2] + 1);
    }
    std::swap(two_back, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string_view nearest(std::string_view word, std::span<const Candidate> candidates) {
  constexpr size_t kLongest = 100;  // nobody's slip of the pen; and the comparison is quadratic
  if (word.empty() || word.size() > kLongest) return {};
  const std::string wanted = folded(word);
  std::string_view best;
  size_t best_distance = std::max<size_t>(1, std::min<size_t>(3, wanted.size() / 3)) + 1;
  for (const Candidate& candidate : candidates) {
    const size_t distance = edit_distance(wanted, folded(candidate.alias));
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = candidate.answer;
  }
  return best;
}

std::string did_you_mean(std::string_view answer) {
  return answer.empty() ? "" : ": did you mean " + in_quotes(answer) + "?";
}

}  // namespace sse_proxy
