// Rule 15: how the proxy ends.
#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

TEST(Rule15Drain, SignalsDuringTheLastMomentsDoNotChangeTheExitCode) {
  for (int i = 0; i < 5; ++i) {
    Process proxy({"--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:1"});
    proxy.wait_for_log("listening on");
    proxy.signal(SIGTERM);
    while (proxy.running()) {
      for (const int number : {SIGINT, SIGHUP, SIGTERM}) proxy.signal(number);
    }
    EXPECT_EQ(proxy.wait_for_exit(), 0);
  }
}

}  // namespace
}  // namespace sse_proxy::test
