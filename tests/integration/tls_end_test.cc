// The end of a TLS connection is a record: it has to arrive like any other, though the socket takes it late.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iterator>

#include "tests/integration/abuse_helpers.h"

namespace sse_proxy::test {
namespace {

// The kernel takes nothing of what the process sends next: strace says so.
class FullSocket {
 public:
  explicit FullSocket(const Process& process) {
    const std::string pid = std::to_string(process.pid());
    child_ = fork();
    if (child_ == 0) {
      execlp("strace", "strace", "-q", "-f", "-o", "/dev/null", "-p", pid.c_str(), "-e",
             "inject=sendto:error=EAGAIN:when=1", nullptr);
      _exit(127);
    }
    const auto traced = [&] { return process.kernel_status("TracerPid") != "0"; };
    while (!(attached_ = traced()) && waitpid(child_, nullptr, WNOHANG) == 0) usleep(5000);
  }
  // Not where processes may not be traced.
  [[nodiscard]] bool attached() const noexcept { return attached_; }
  ~FullSocket() {
    if (!attached_) return;
    kill(child_, SIGINT);
    waitpid(child_, nullptr, 0);
  }
  FullSocket(const FullSocket&) = delete;
  FullSocket& operator=(const FullSocket&) = delete;

 private:
  pid_t child_ = -1;
  bool attached_ = false;
};

struct TlsRig {
  TestCa ca;
  CertificateFiles files = ca.issue("server");
  Origin origin;
  Proxy proxy{Args{"--tls-cert", files.certificate, "--tls-key", files.key, "--upstream", origin.url(),
                   "--access-log", "off"}};
  Peer client() {
    Peer peer = proxy.client();
    EXPECT_TRUE(peer.start_tls(tls_client(ca.file())));
    return peer;
  }
};

TEST(TlsEnds, TheLastEndOfATunnelArrivesThoughTheSocketTakesItLate) {
  TlsRig rig;
  Peer client = rig.client();
  client.send(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  Peer upstream = rig.origin.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
  client.read_head();
  client.half_close();
  upstream.read_to_end();
  const FullSocket full(rig.proxy);
  if (!full.attached()) GTEST_SKIP() << "strace cannot attach";
  upstream.half_close();
  client.read_to_end();
  EXPECT_EQ(client.ending(), Ending::fin);
}

TEST(TlsEnds, TheEndOfABodyThatEndsWithTheConnectionArrivesThoughTheSocketTakesItLate) {
  TlsRig rig;
  Peer client = rig.client();
  client.send("GET / HTTP/1.0\r\n\r\n");
  Peer upstream = rig.origin.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nwhole");
  client.read_until("whole");
  const FullSocket full(rig.proxy);
  if (!full.attached()) GTEST_SKIP() << "strace cannot attach";
  upstream.half_close();
  client.read_to_end();
  EXPECT_EQ(client.ending(), Ending::fin);
}

}  // namespace
}  // namespace sse_proxy::test
