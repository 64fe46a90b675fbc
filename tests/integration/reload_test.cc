// SIGHUP: the configuration is read again for new requests, and no stream notices.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "tests/integration/abuse_helpers.h"
#include "tests/integration/admin_helpers.h"

namespace sse_proxy::test {
namespace {

void reload(const AdminRig& rig, const ConfigurationFile& file, std::string_view text, std::string_view log) {
  const size_t before = rig.proxy.count_in_log(log);
  file.write(text);
  rig.proxy.signal(SIGHUP);
  expect_soon([&] { return rig.proxy.count_in_log(log) > before; }, std::string(log).c_str());
}

constexpr std::string_view kReloaded = "configuration reloaded";

TEST(Reload, NewRequestsGetTheNewValuesAndRunningStreamsKeepTheirs) {
  const ConfigurationFile file("sse.keepalive = \"off\"");
  AdminRig rig({"--config", file.path()});
  Stream before(rig, kGet, kStreamHead);
  reload(rig, file, "sse.keepalive = \"50ms\"\nsse.keepalive_comment = \"new\"", kReloaded);
  rig.proxy.wait_for_log("changed=\"sse.keepalive, sse.keepalive_comment\"");
  Stream after(rig, kGet, kStreamHead);
  EXPECT_EQ(after.client.read_chunk(), ": new\n\n");
  EXPECT_EQ(before.client.read_for(Millis(200)), "");
  before.upstream.send(chunk("data: a\n\n"));
  EXPECT_EQ(before.client.read_chunk(), "data: a\n\n");
  EXPECT_NE(rig.get("/config").find(file.path() + ":1:17"), std::string::npos);
}

TEST(Reload, AKeptAliveConnectionIsServedByTheNewRules) {
  const ConfigurationFile file("");
  AdminRig rig({"--config", file.path()});
  Peer client = rig.client();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  Peer upstream = rig.origin.accept();
  upstream.read_until("hello");
  upstream.send(text_response("a"));
  EXPECT_EQ(read_response(client).body, "a");
  reload(rig, file, "[[rule]]\npath = \"/**\"\nlimits.body_bytes = 4", kReloaded);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(status_of(read_response(client).head), 413);
}

TEST(Reload, WhatIsWrongLeavesTheOldConfigurationAndIsNamed) {
  const ConfigurationFile file("sse.keepalive = \"50ms\"");
  AdminRig rig({"--config", file.path()});
  reload(rig, file, "sse.keepaliv = \"1s\"", "configuration not reloaded");
  EXPECT_NE(rig.proxy.wait_for_log("configuration not reloaded").find(file.path() + ":1:5"),
            std::string::npos);
  Stream stream(rig, kGet, kStreamHead);
  EXPECT_EQ(stream.client.read_chunk(), ": keep-alive\n\n");
  rig.expect_metric("sse_proxy_config_reload_failures_total", 1);
  unlink(file.path().c_str());
  rig.proxy.signal(SIGHUP);
  rig.expect_metric("sse_proxy_config_reload_failures_total", 2);
}

TEST(Reload, WhatNeedsARestartIsNamedAndStaysAsItWas) {
  const ConfigurationFile file("");
  AdminRig rig({"--config", file.path()});
  reload(rig, file, "workers = 3\nlimits.backlog = 7\nlog.access = false", kReloaded);
  const std::string line = rig.proxy.wait_for_log("cannot be changed");
  EXPECT_NE(line.find("workers, limits.backlog"), std::string::npos) << line;
  EXPECT_EQ(rig.metric("sse_proxy_workers"), 1);
  EXPECT_EQ(rig.get("/config").find(file.path() + ":1"), std::string::npos) << "what it runs with is shown";
  Stream stream(rig, kGet, text_response("a"));
  EXPECT_EQ(stream.client.read_exactly(1), "a");
  EXPECT_EQ(rig.proxy.count_in_log("path=/events"), 0U) << "log.access is off from now on";
}

TEST(Reload, TheLogsLevelFollows) {
  const ConfigurationFile file("");
  AdminRig rig({"--config", file.path()});
  reload(rig, file, "log.level = \"warn\"", "SIGHUP");
  expect_soon([&] { return rig.get("/config").find("\"warn\"") != std::string::npos; }, "the level");
  Stream stream(rig, kGet, text_response("a"));
  EXPECT_EQ(stream.client.read_exactly(1), "a");
  reload(rig, file, "sse.keepalive = 1", "configuration not reloaded");
  EXPECT_EQ(rig.proxy.count_in_log("path=/events"), 0U);
  reload(rig, file, "log.level = \"info\"", kReloaded);
}

TEST(Reload, AHundredUnderLoadDropNoStreamAndLeaveNoDescriptor) {
  const ConfigurationFile file("");
  AdminRig rig({"--config", file.path(), "--workers", "2", "--access-log", "off"});
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < (kSanitized ? 20 : 200); ++i)
    streams.push_back(std::make_unique<Stream>(rig, kGet, kStreamHead));
  EXPECT_NE(rig.get("/config"), "");  // what a first connection opens stays
  const size_t descriptors = rig.proxy.open_descriptors();
  for (int i = 0; i < 100; ++i) {
    file.write("sse.keepalive = \"" + std::to_string(10 + i) + "s\"");
    rig.proxy.signal(SIGHUP);
    for (auto& stream : streams) stream->upstream.send(chunk("data: a\n\n"));
    for (auto& stream : streams) ASSERT_EQ(stream->client.read_chunk(), "data: a\n\n") << "reload " << i;
  }
  expect_soon([&] { return rig.get("/config").find("\"109s\"") != std::string::npos; },
              "the last configuration");
  expect_soon([&] { return rig.proxy.open_descriptors() <= descriptors; }, "no descriptor more");
  rig.expect_metric("sse_proxy_streams_open", static_cast<double>(streams.size()));
}

// A configuration that is read when the test gives it.
struct Fifo {
  Fifo() { EXPECT_EQ(mkfifo(path.c_str(), 0600), 0); }
  ~Fifo() { unlink(path.c_str()); }
  void give() const { std::ofstream(path) << "sse.keepalive = \"1s\""; }  // waits for the reader
  const std::string path = "/tmp/sse-proxy-reload-" + std::to_string(getpid()) + ".fifo";
};

bool has_pending_signal(const Process& process) {
  return process.kernel_status("ShdPnd").find_first_of("123456789abcdef") != std::string::npos;
}

TEST(Reload, WhatIsAskedForWhileOneIsUnderWayIsOneMoreAndNoOtherSignalWaitsForIt) {
  const Fifo file;
  std::thread start([&] { file.give(); });
  Proxy proxy({"--config", file.path, "--upstream", "http://127.0.0.1:1"});
  start.join();
  proxy.signal(SIGHUP);
  proxy.wait_for_log("SIGHUP: ");
  for (int i = 0; i < 3; ++i) {
    proxy.signal(SIGHUP);
    expect_soon([&] { return !has_pending_signal(proxy); }, "the signal is taken");
  }
  file.give();
  proxy.wait_for_log(kReloaded);
  file.give();
  expect_soon([&] { return proxy.count_in_log(kReloaded) == 2; }, "the second");
  proxy.signal(SIGTERM);
  EXPECT_EQ(proxy.wait_for_exit(), 0);
  EXPECT_EQ(proxy.count_in_log("SIGHUP: "), 2U);
}

}  // namespace
}  // namespace sse_proxy::test
