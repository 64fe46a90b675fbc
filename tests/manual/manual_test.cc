// What is made from the option table and committed, and what no option may be missing from.
#include "manual/manual.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace sse_proxy {
namespace {

using ::testing::HasSubstr;

std::string contents(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Manual, TheOptionsPageIsWhatTheTableSays) {
  EXPECT_EQ(contents("docs/options.md"), options_page())
      << "run: build/release/sse-proxy-manual options > docs/options.md";
}

TEST(Manual, EveryOptionIsInEveryForm) {
  const std::string man = man_page("@OPTIONS@\n"), bash = bash_completion(), zsh = zsh_completion(),
                    fish = fish_completion();
  for (const Field& field : fields()) {
    const std::string flag = "--" + std::string(field.flag);
    EXPECT_THAT(bash, HasSubstr(" " + flag));
    EXPECT_THAT(zsh, HasSubstr(flag + (stands_alone(field) ? "[" : "=[")));
    EXPECT_THAT(fish, HasSubstr(" -l " + std::string(field.flag) + " "));
    EXPECT_THAT(man, HasSubstr(variable_of(field)));
  }
}

TEST(Manual, AShellShowsTheHelpUpToWhereItExplainsItself) {
  EXPECT_EQ(short_help(*find_key("workers")), "event loops");
  EXPECT_EQ(short_help(*find_key("listen")), "address to listen on");
  EXPECT_EQ(short_help(*find_key("sse.keepalive_event")),
            "send an event of this name, with data: {}, in place of the comment");
}

TEST(Manual, ThePageIsFilledInAndNothingInItIsTakenForARequest) {
  const std::string page = man_page(contents("docs/man/sse-proxy.1.in"));
  EXPECT_EQ(page.find('@'), std::string::npos);
  EXPECT_THAT(page, HasSubstr(SSE_PROXY_VERSION));
  EXPECT_THAT(page, HasSubstr(".SS Event streams\n.TP\n\\fB\\-\\-sse\\-path\\fR \\fIGLOB\\fR\n"));
  EXPECT_THAT(page, HasSubstr("\\fB\\-\\-print\\fR"));
}

}  // namespace
}  // namespace sse_proxy
