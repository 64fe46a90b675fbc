// Path patterns: `*` is any run of characters but `/`, `**` any run at all; everything else is itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parser/result.h"

namespace sse_proxy {

// A compiled pattern. Immutable once made; matching allocates nothing, does not recurse, and takes at
// most (length of the path) x (length of the pattern) steps whatever either says.
class Glob {
 public:
  static constexpr size_t kMaxLength = 500;

  // Fails on an empty pattern, one that starts with neither `/` nor `*`, and one that is too long.
  static Result<Glob> compile(std::string_view pattern);

  bool matches(std::string_view path) const noexcept;
  const std::string& text() const noexcept { return text_; }

 private:
  enum class Kind : uint8_t { literal, star, double_star };
  struct Token {
    Kind kind;
    char literal;
  };
  explicit Glob(std::string_view pattern);

  std::string text_;
  std::vector<Token> tokens_;
};

}  // namespace sse_proxy
