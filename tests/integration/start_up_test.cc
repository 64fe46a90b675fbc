// Bad input: one line that says what and where, and the right exit code.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

// Exits with `code` after exactly one line, which contains all of `words`.
void expect_refusal(const Args& args, int code, const std::vector<std::string>& words,
                    const std::map<std::string, std::string>& environment = {}) {
  Process process(args, environment);
  EXPECT_EQ(process.wait_for_exit(), code);
  EXPECT_EQ(process.count_in_log("\n"), 1U) << process.log();
  for (const std::string& word : words) {
    EXPECT_NE(process.log().find(word), std::string::npos) << word << " is missing in: " << process.log();
  }
}

const std::string kUpstream = "http://127.0.0.1:1";

TEST(StartUp, AWrongFlagIsNamed) {
  expect_refusal({"--upstream", kUpstream, "--keep-aliv", "1s"}, 2, {"--keep-aliv"});
  expect_refusal({"--upstream"}, 2, {"--upstream"});
  expect_refusal({"walk"}, 2, {"walk"});
}

TEST(StartUp, AWrongValueIsNamed) {
  expect_refusal({"--upstream", kUpstream, "--keepalive", "soon"}, 2, {"--keepalive", "soon"});
  expect_refusal({"--upstream", kUpstream, "--listen", "127.0.0.1:99999"}, 2, {"--listen", "99999"});
  expect_refusal({"--upstream", "ftp://a"}, 2, {"--upstream", "ftp://a"});
  expect_refusal({"--upstream", kUpstream}, 2, {"SSE_PROXY_SSE_KEEPALIVE", "never"},
                 {{"SSE_PROXY_SSE_KEEPALIVE", "never"}});
}

TEST(StartUp, AWrongKeyInTheFileIsNamedWithItsLine) {
  const ConfigurationFile file(
      "listen = '127.0.0.1:0'\nupstream = 'http://127.0.0.1:1'\n[sse]\nkeepaliv = '1s'\n");
  expect_refusal({"--config", file.path()}, 2, {file.path() + ":4", "keepaliv"});
}

TEST(StartUp, AWrongTypeInTheFileIsNamedWithItsLine) {
  const ConfigurationFile file("upstream = 'http://127.0.0.1:1'\nworkers = true\n");
  expect_refusal({"--config", file.path()}, 2, {file.path() + ":2", "workers"});
}

TEST(StartUp, AFileThatIsNoTomlIsNamedWithItsLine) {
  const ConfigurationFile file("upstream = 'http://127.0.0.1:1'\n\n= what\n");
  expect_refusal({"--config", file.path()}, 2, {file.path() + ":3"});
}

TEST(StartUp, AFileThatCannotBeReadIsNamed) {
  expect_refusal({"--config", "/nonexistent/a.toml"}, 2, {"/nonexistent/a.toml"});
  expect_refusal({"--config", "/tmp"}, 2, {"/tmp"});
}

TEST(StartUp, ContradictoryOptionsAreNamed) {
  expect_refusal({"--upstream", kUpstream, "--keepalive", "off", "--first-keepalive", "1s"}, 2,
                 {"keepalive"});
}

TEST(StartUp, WithoutAnUpstreamThereIsNothingToDo) { expect_refusal({}, 2, {"upstream"}); }

TEST(StartUp, APortInUseIsNamedAndItsOwnerKeepsEveryConnection) {
  for (const std::string workers : {"1", "2"}) {
    Rig rig({"--workers", workers});
    const std::string address = "127.0.0.1:" + std::to_string(rig.proxy.port());
    expect_refusal({"--listen", address, "--upstream", kUpstream, "--workers", workers}, 1,
                   {address, "in use"});
    rig.origin.serve([](Peer& peer) {
      while (peer.wait_for_request()) peer.send(text_response("mine"));
    });
    for (int i = 0; i < 20; ++i) {
      Peer client = rig.client();
      client.send(kGet);
      EXPECT_EQ(read_response(client).body, "mine");
    }
  }
}

TEST(StartUp, AnAddressOfAnotherHostIsNamed) {
  expect_refusal({"--listen", "192.0.2.1:80", "--upstream", kUpstream}, 1, {"192.0.2.1:80"});
}

TEST(StartUp, APortWithoutPermissionIsNamed) {
  if (geteuid() == 0) GTEST_SKIP() << "root may listen anywhere";
  expect_refusal({"--listen", "127.0.0.1:80", "--upstream", kUpstream}, 1, {"127.0.0.1:80", "permission"});
}

TEST(StartUp, AnUpstreamThatDoesNotResolveIsNamed) {
  expect_refusal({"--listen", "127.0.0.1:0", "--upstream", "http://nonexistent.invalid:80"}, 1,
                 {"nonexistent.invalid"});
}

TEST(StartUp, VariablesOfKubernetesAreNoErrors) {
  Process proxy({"--listen", "127.0.0.1:0", "--upstream", kUpstream},
                {{"SSE_PROXY_PORT", "tcp://10.0.0.1:80"}, {"SSE_PROXY_SERVICE_HOST", "10.0.0.1"}});
  proxy.wait_for_log("listening on");
}

// With threads, each doubling of that table holds all streams up for 10 ms or more.
TEST(StartUp, TheTableOfDescriptorsIsLargeBeforeThereAreThreads) {
  Process proxy({"--listen", "127.0.0.1:0", "--upstream", kUpstream});
  proxy.wait_for_log("listening on");
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_GE(std::stoul(proxy.kernel_status("FDSize")), std::min<size_t>(limit.rlim_max, 16'384));
}

TEST(StartUp, AStandardDescriptorThatIsClosedIsNoneForASocket) {
  fcntl(STDIN_FILENO, F_SETFD, FD_CLOEXEC);
  Proxy proxy({"--upstream", kUpstream});
  EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(proxy.pid()) + "/fd/0"), "/dev/null");
  fcntl(STDIN_FILENO, F_SETFD, 0);
  EXPECT_EQ(proxy.stop_and_count()["connections"], 0U);
}

TEST(StartUp, HelpAndVersionExitWithZero) {
  for (const std::string flag : {"--help", "--version"}) {
    Process process({flag});
    EXPECT_EQ(process.wait_for_exit(), 0);
    EXPECT_EQ(process.log(), "");
  }
}

}  // namespace
}  // namespace sse_proxy::test
