#include "conf/glob.h"

#include <array>
#include <bit>

#include "conf/units.h"

namespace sse_proxy {
namespace {

// One bit per position in a pattern: the tokens before which the match may stand.
constexpr size_t kWords = Glob::kMaxLength / 64 + 1;
using Positions = std::array<uint64_t, kWords>;

void add(Positions& positions, size_t at) { positions[at / 64] |= uint64_t{1} << (at % 64); }

}  // namespace

Result<Glob> Glob::compile(std::string_view pattern) {
  const auto problem = [&](const std::string& what) {
    return Error{Side::self, 0, in_quotes(pattern) + what};
  };
  if (!pattern.starts_with('/') && !pattern.starts_with('*')) {
    return problem(" is not a path pattern: it must start with \"/\" or \"*\"");
  }
  if (pattern.size() > kMaxLength) {
    return problem(" is too long: a path pattern has at most " + std::to_string(kMaxLength) + " bytes");
  }
  if (pattern.find_first_of("?# ") != std::string_view::npos) {
    return problem(" can never match: a path holds no space, \"?\" or \"#\" (the query is not looked at)");
  }
  return Glob(pattern);
}

Glob::Glob(std::string_view pattern) : text_(pattern) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '*') {
      tokens_.push_back({Kind::literal, pattern[i]});
      continue;
    }
    const size_t end = std::min(pattern.find_first_not_of('*', i), pattern.size());
    tokens_.push_back({end - i > 1 ? Kind::double_star : Kind::star, '*'});
    i = end - 1;
  }
}

// All the ways to match go forward together, one character at a time: no way back, no blow-up.
bool Glob::matches(std::string_view path) const noexcept {
  const auto enter = [this](Positions& positions, size_t at) {
    add(positions, at);
    // A star may stand for nothing. Two stars never follow each other, so one step is enough.
    if (at < tokens_.size() && tokens_[at].kind != Kind::literal) add(positions, at + 1);
  };
  Positions now{};
  enter(now, 0);
  for (const char c : path) {
    Positions next{};
    bool any = false;
    for (size_t word = 0; word <= tokens_.size() / 64; ++word) {
      for (uint64_t bits = now[word]; bits != 0; bits &= bits - 1) {
        const size_t at = word * 64 + static_cast<size_t>(std::countr_zero(bits));
        if (at == tokens_.size()) continue;
        const Token& token = tokens_[at];
        const bool literal = token.kind == Kind::literal;
        if (literal ? token.literal != c : token.kind == Kind::star && c == '/') continue;
        enter(next, literal ? at + 1 : at);
        any = true;
      }
    }
    if (!any) return false;
    now = next;
  }
  return (now[tokens_.size() / 64] >> (tokens_.size() % 64) & 1) != 0;
}

}  // namespace sse_proxy
