// `check --live`: one line and an exit code, whatever the proxy is doing.
#include <gtest/gtest.h>

#include "tests/integration/admin_helpers.h"

namespace sse_proxy::test {
namespace {

std::string local(uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

// The exit code and the line, wherever it was printed.
std::pair<int, std::string> check(Args args) {
  args.insert(args.begin(), {"check", "--live"});
  Process process(args);
  const int code = process.wait_for_exit();
  return {code, process.output() + process.log()};
}

TEST(LiveCheck, AProxyThatListensIsAliveAndNeedsNoUpstreamToBeNamed) {
  Rig rig;
  const std::string here = local(rig.proxy.port());
  EXPECT_EQ(check({"--listen", here}), std::pair(0, "sse-proxy: " + here + ": accepts connections\n"));
  const std::string anywhere = "0.0.0.0:" + std::to_string(rig.proxy.port());
  EXPECT_EQ(check({"--listen", anywhere}).first, 0)
      << "the address of all interfaces is asked on the loopback one";
}

TEST(LiveCheck, OneThatDoesNotListenIsDead) {
  const std::string here = local(refused_port());
  EXPECT_EQ(check({"--listen", here}), std::pair(1, "sse-proxy: " + here + ": Connection refused\n"));
  EXPECT_EQ(check({"--listen", "unix:/nonexistent/a.sock"}).first, 1);
}

TEST(LiveCheck, OneThatAcceptsNobodyIsDeadAfterTwoSeconds) {
  const SilentPort silent;
  const auto begin = Clock::now();
  const auto [code, line] = check({"--listen", silent.url().substr(std::string("http://").size())});
  EXPECT_EQ(code, 1);
  EXPECT_NE(line.find("no connection in time"), std::string::npos) << line;
  EXPECT_GE(since(begin), Millis(1900));
  EXPECT_LT(since(begin), Millis(8000));
}

TEST(LiveCheck, WhereThereIsAnAdminListenerItIsAsked) {
  const AdminRig rig;
  const std::string admin = local(rig.admin_port);
  EXPECT_EQ(check({"--admin", admin}), std::pair(0, "sse-proxy: " + admin + "/healthz: status 200\n"));
}

TEST(LiveCheck, AnAdminListenerThatSaysNothingOrSomethingElseIsDead) {
  const Origin silent, other([](Peer&peer) {
    peer.wait_for_request();
    peer.send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
  });
  const auto [late, late_line] = check({"--admin", silent.authority()});
  EXPECT_EQ(late, 1);
  EXPECT_NE(late_line.find("no answer in time"), std::string::npos) << late_line;
  EXPECT_EQ(check({"--admin", other.authority()}),
            std::pair(1, "sse-proxy: " + other.authority() + "/healthz: status 503\n"));
}

TEST(LiveCheck, AWrongConfigurationIsNoAnswer) {
  EXPECT_EQ(check({"--listen", "nowhere"}).first, 2);
  EXPECT_EQ(check({"--print"}).first, 2);
}

}  // namespace
}  // namespace sse_proxy::test
