#include "conf/glob.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace sse_proxy {
namespace {

bool matches(std::string_view pattern, std::string_view path) {
  const auto glob = Glob::compile(pattern);
  EXPECT_TRUE(glob) << pattern;
  return glob && glob->matches(path);
}

TEST(Glob, AStarStaysWithinASegmentAndTwoDoNot) {
  const struct {
    std::string_view pattern, path;
    bool matches;
  } rows[] = {
      {"/", "/", true},
      {"/", "", false},
      {"/a", "/a", true},
      {"/a", "/A", false},
      {"/a", "/a/", false},
      {"/a", "/ab", false},
      {"/api/*", "/api/x", true},
      {"/api/*", "/api/", true},
      {"/api/*", "/api", false},
      {"/api/*", "/api/x/y", false},
      {"/api/*/events", "/api/7/events", true},
      {"/api/*/events", "/api//events", true},
      {"/api/*/events", "/api/7/8/events", false},
      {"/api/**", "/api/x/y/z", true},
      {"/api/**", "/api/", true},
      {"/api/**", "/api", false},
      {"**", "", true},
      {"**", "/any/thing", true},
      {"*", "/any", false},
      {"**/events", "/events", true},
      {"**/events", "/a/b/events", true},
      {"**/events", "/a/b/events/7", false},
      {"/**/a*z/**", "/q/r/abcz/y", true},
      {"/**/a*z/**", "/q/r/ab/cz/y", false},
      {"/a***b", "/a/x/b", true},
      {"/v*/chat", "/v1/chat", true},
      {"/a.b", "/axb", false},
      {"/[ab]", "/[ab]", true},
      {"/*a*b*c", "/xaxxbxc", true},
      {"/*a*b*c", "/xaxxbxcx", false},
  };
  for (const auto& [pattern, path, expected] : rows)
    EXPECT_EQ(matches(pattern, path), expected) << pattern << " " << path;
}

// The definition, word for word; it may take for ever where the pattern is long.
bool reference(std::string_view pattern, std::string_view path) {
  if (pattern.empty()) return path.empty();
  if (pattern[0] != '*')
    return !path.empty() && path[0] == pattern[0] && reference(pattern.substr(1), path.substr(1));
  const size_t end = std::min(pattern.find_first_not_of('*'), pattern.size());
  for (size_t taken = 0; taken <= path.size(); ++taken) {
    if (reference(pattern.substr(end), path.substr(taken))) return true;
    if (end == 1 && taken < path.size() && path[taken] == '/') return false;
  }
  return false;
}

TEST(Glob, EveryShortPatternMatchesWhatItsDefinitionSays) {
  const auto word = [](std::string_view letters, unsigned number, size_t length) {
    std::string out;
    for (size_t i = 0; i < length; ++i, number /= static_cast<unsigned>(letters.size()))
      out += letters[number % letters.size()];
    return out;
  };
  for (unsigned p = 0; p < 3 * 3 * 3 * 3 * 3; ++p) {
    const std::string pattern = "/" + word("a/*", p, 5);
    const auto glob = Glob::compile(pattern);
    ASSERT_TRUE(glob) << pattern;
    for (size_t length = 0; length <= 6; ++length) {
      for (unsigned n = 0; n < 1u << length; ++n) {
        const std::string path = "/" + word("a/", n, length);
        ASSERT_EQ(glob->matches(path), reference(pattern, path)) << pattern << " " << path;
      }
    }
  }
}

TEST(Glob, NoPatternIsSlow) {
  std::string pattern = "/";
  for (int i = 0; i < 100; ++i) pattern += i % 2 ? "*a" : "**a";
  pattern += "b";
  const std::string path = "/" + std::string(20000, 'a');
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(matches(pattern, path));
  // Backtracking would take longer than the universe has; this is milliseconds, also with sanitizers.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(Glob, ThePatternsOfTheGreatestLengthWork) {
  const std::string longest = "/" + std::string(Glob::kMaxLength - 1, 'x');
  EXPECT_TRUE(matches(longest, longest));
  EXPECT_FALSE(matches(longest, longest + "x"));
  const std::string with_star = longest.substr(1, Glob::kMaxLength - 3);
  EXPECT_TRUE(matches("/" + with_star + "*", "/" + with_star + "yyy"));
}

TEST(Glob, WhatCanNeverMatchIsRefused) {
  const struct {
    std::string pattern, error;
  } rows[] = {
      {"", "\"\" is not a path pattern: it must start with \"/\" or \"*\""},
      {"events", "\"events\" is not a path pattern: it must start with \"/\" or \"*\""},
      {"/a?b=1",
       "\"/a?b=1\" can never match: a path holds no space, \"?\" or \"#\" (the query is not looked at)"},
      {"/a b",
       "\"/a b\" can never match: a path holds no space, \"?\" or \"#\" (the query is not looked at)"},
  };
  for (const auto& [pattern, error] : rows) {
    const auto glob = Glob::compile(pattern);
    ASSERT_FALSE(glob) << pattern;
    EXPECT_EQ(glob.error().message, error);
  }
  const std::string too_long = "/" + std::string(Glob::kMaxLength, 'x');
  EXPECT_EQ(Glob::compile(too_long).error().message,
            "\"" + too_long + "\" is too long: a path pattern has at most 500 bytes");
}

}  // namespace
}  // namespace sse_proxy
