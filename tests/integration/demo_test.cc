// `sse-proxy demo` as a user runs it, with its output in a pipe.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace sse_proxy {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

struct Outcome {
  std::string output;
  int exit_code;
};

Outcome run_binary(const std::string& arguments) {
  const char* const binary = std::getenv("SSE_PROXY_BINARY");
  FILE* const pipe =
      popen(("'" + std::string(binary ? binary : "sse-proxy") + "' " + arguments).c_str(), "r");
  Outcome outcome;
  std::array<char, 4096> buffer;
  while (const size_t got = fread(buffer.data(), 1, buffer.size(), pipe))
    outcome.output.append(buffer.data(), got);
  const int status = pclose(pipe);
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

TEST(Demo, ShowsALaneInLumpsAndCutBesideALaneThatIsRightAndExitsWithZero) {
  const auto [output, exit_code] = run_binary("demo");
  EXPECT_EQ(exit_code, 0) << output;
  EXPECT_THAT(
      output,
      ContainsRegex("  without  7 of 11 events [^\n]* worst [0-9.]+ s +2 lumps, 1 cut, no keep-alive\n"));
  EXPECT_THAT(
      output,
      ContainsRegex("  with +11 of 11 events [^\n]* worst [0-9.]+ ms +no lump, no cut, [2-9] keep-alives\n"));
  EXPECT_THAT(
      output,
      ContainsRegex("\nVerdict: right. sse-proxy: 11 of 11 events within [0-9.]+ ms; without it: 4 lost\n$"));
  EXPECT_THAT(output, AllOf(HasSubstr("\"안녕하세요 👋\""), Not(HasSubstr("\033"))));
}

}  // namespace
}  // namespace sse_proxy
