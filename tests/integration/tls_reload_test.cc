// Certificates that change while the proxy runs: new connections get the new one, and no stream notices.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>

#include "tests/integration/abuse_helpers.h"
#include "tls/certificate.h"

namespace sse_proxy::test {
namespace {

constexpr Millis kSoon{kSanitized ? 20000 : 2000};  // what new connections may wait for a new certificate

struct Reloading {
  Reloading(const std::string& certificate, const std::string& key)
      : proxy({"--tls-cert", certificate, "--tls-key", key, "--upstream", origin.url(), "--access-log",
               "off"}) {}
  // The subject of the certificate that a new client is shown.
  std::string shown(const TestCa& ca) const {
    Peer client = proxy.client();
    EXPECT_TRUE(client.start_tls(tls_client(ca.file())));
    const tls::CertificatePtr certificate(SSL_get1_peer_certificate(client.ssl()));
    return certificate == nullptr ? "" : tls::short_name(*certificate);
  }
  // How long new clients are still shown another one.
  Millis until_shown(const TestCa& ca, const std::string& name) const {
    const auto start = Clock::now();
    expect_soon([&] { return shown(ca) == name; }, "the new certificate");
    return since(start);
  }
  Origin origin;
  Proxy proxy;
};

struct RunningStream {
  RunningStream(Reloading& rig, const TestCa& ca) : client(rig.proxy.client()) {
    EXPECT_TRUE(client.start_tls(tls_client(ca.file())));
    client.send(kGet);
    upstream = rig.origin.accept();
    upstream.read_head();
    upstream.send(kStreamHead);
    client.read_head();
  }
  void expect_alive() {
    upstream.send(chunk("data: a\n\n"));
    EXPECT_EQ(client.read_chunk(), "data: a\n\n");
  }
  Peer client, upstream;
};

TEST(TlsReload, ReplacedFilesAreShownToNewConnectionsAndStreamsGoOn) {
  const TestCa ca;
  const CertificateFiles files = ca.issue("server", {.name = "first"});
  Reloading rig(files.certificate, files.key);
  RunningStream stream(rig, ca);
  EXPECT_EQ(rig.shown(ca), "first");
  Millis fastest = kPatience;  // of several: others may need the machine
  for (const char* name : {"second", "third", "fourth"}) {
    ca.issue("server", {.name = name});
    fastest = std::min(fastest, rig.until_shown(ca, name));
    stream.expect_alive();
  }
  EXPECT_LT(fastest, kSoon);
}

TEST(TlsReload, TheSymlinkSwapOfKubernetesIsAChange) {
  const TestCa ca;
  const auto folder = ca.folder();
  const auto place = [&](const std::string& version) {
    const CertificateFiles files = ca.issue(version, {.name = version});
    std::filesystem::create_directory(folder / (".." + version));
    std::filesystem::rename(files.certificate, folder / (".." + version) / "tls.crt");
    std::filesystem::rename(files.key, folder / (".." + version) / "tls.key");
    std::filesystem::create_directory_symlink(".." + version, folder / "..data_tmp");
    std::filesystem::rename(folder / "..data_tmp", folder / "..data");
  };
  place("first");
  for (const char* name : {"tls.crt", "tls.key"}) {
    std::filesystem::create_symlink(std::filesystem::path("..data") / name, folder / name);
  }
  Reloading rig(folder / "tls.crt", folder / "tls.key");
  RunningStream stream(rig, ca);
  EXPECT_EQ(rig.shown(ca), "first");
  Millis fastest = kPatience;
  for (const char* name : {"second", "third", "fourth"}) {
    place(name);
    fastest = std::min(fastest, rig.until_shown(ca, name));
    stream.expect_alive();
  }
  EXPECT_LT(fastest, kSoon);
}

TEST(TlsReload, ABadCertificateLeavesTheOldOneAndIsLoggedAndCounted) {
  const TestCa ca;
  const CertificateFiles files = ca.issue("server", {.name = "first"});
  Reloading rig(files.certificate, files.key);
  ca.issue("server", {.name = "second", .until = -60});
  rig.proxy.wait_for_log("certificates are not reloaded");
  EXPECT_EQ(rig.shown(ca), "first");
  EXPECT_GE(rig.proxy.stop_and_count()["reload_failures"], 1U);
}

TEST(TlsReload, SighupReloadsAtOnce) {
  const TestCa ca;
  const CertificateFiles files = ca.issue("server", {.name = "first"});
  Reloading rig(files.certificate, files.key);
  rig.proxy.signal(SIGHUP);
  rig.proxy.wait_for_log("certificates reloaded");
  EXPECT_EQ(rig.shown(ca), "first");
}

TEST(TlsReload, TwentySwapsDropNoneOfAThousandStreams) {
  const TestCa ca;
  const CertificateFiles files = ca.issue("server", {.name = "0"});
  Reloading rig(files.certificate, files.key);
  const size_t count = kSanitized ? 100 : affordable_connections(2200) >= 2200 ? 1000 : 200;
  std::vector<RunningStream> streams;
  std::vector<Millis> waits;
  for (int swap = 1; swap <= 20; ++swap) {
    for (size_t i = 0; i < count / 20; ++i) streams.emplace_back(rig, ca);
    ca.issue("server", {.name = std::to_string(swap)});
    rig.proxy.signal(SIGHUP);
    waits.push_back(rig.until_shown(ca, std::to_string(swap)));
  }
  std::sort(waits.begin(), waits.end());
  EXPECT_LT(waits[waits.size() / 2], kSoon);
  for (RunningStream& stream : streams) stream.expect_alive();
}

}  // namespace
}  // namespace sse_proxy::test
