// What a service manager is told, and the sockets that it hands over.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "proxy/net/socket.h"
#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

// The socket that $NOTIFY_SOCKET names.
class Manager {
 public:
  explicit Manager(std::string path)
      : path_(std::move(path)), fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    if (path_[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size), 0) << std::strerror(errno);
  }
  ~Manager() {
    if (path_[0] != '@') unlink(path_.c_str());
  }
  [[nodiscard]] std::string next() const {
    if (!wait_for(fd_.get(), POLLIN, Clock::now() + kPatience)) return "nothing came";
    char bytes[256];
    const ssize_t n = recv(fd_.get(), bytes, sizeof bytes, 0);
    return {bytes, n > 0 ? static_cast<size_t>(n) : 0};
  }

 private:
  std::string path_;
  Fd fd_;
};

// The kernel's choice of port, or a path.
Fd listening(const std::string& path = "") {
  const Endpoint endpoint{.text = "", .unix_path = path, .host = "127.0.0.1"};
  const Result<int> fd = listen_on(literal_address(endpoint).front(), {});
  EXPECT_TRUE(fd) << fd.error().message;
  return Fd(fd ? *fd : -1);
}

std::string name_of(const Fd& socket) { return local_address(socket.get()).text(); }
uint16_t port_of(const Fd& socket) { return local_address(socket.get()).peer().port; }

std::string temporary_path(const std::string& name) {
  return "/tmp/sse-proxy-test-" + std::to_string(getpid()) + "-" + name;
}

std::string answer_at(Peer client) {
  client.send(kGet);
  return read_response(client).body;
}

const std::string kNowhere = "http://127.0.0.1:1";

TEST(ServiceManager, ItIsToldWhenTheProxyIsReadyReloadsAndStops) {
  for (const std::string& path : {temporary_path("notify"), "@" + temporary_path("notify")}) {
    const Manager manager(path);
    const uint16_t port = refused_port();
    Process proxy({"--listen", "127.0.0.1:" + std::to_string(port), "--upstream", kNowhere},
                  {{"NOTIFY_SOCKET", path}});
    EXPECT_EQ(manager.next(), "READY=1");
    EXPECT_EQ(try_to_connect(port), 0) << "ready before it listens";
    proxy.signal(SIGHUP);
    EXPECT_TRUE(manager.next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    EXPECT_EQ(manager.next(), "READY=1");
    proxy.signal(SIGTERM);
    EXPECT_EQ(manager.next(), "STOPPING=1");
    EXPECT_EQ(proxy.wait_for_exit(), 0);
  }
}

TEST(ServiceManager, OneThatDoesNotListenKeepsNothingFromRunning) {
  for (const char* path : {"/nonexistent/notify", "notify", "", "@"}) {
    Process proxy({"--listen", "127.0.0.1:0", "--upstream", kNowhere}, {{"NOTIFY_SOCKET", path}});
    proxy.wait_for_log("listening on");
    proxy.signal(SIGTERM);
    EXPECT_EQ(proxy.wait_for_exit(), 0);
  }
}

TEST(ServiceManager, ItsSocketsAreUsedForTheAddressesThatTheyAreBoundTo) {
  const Origin origin([](Peer& peer) {
    while (peer.wait_for_request()) peer.send(text_response("here"));
  });
  const std::string path = temporary_path("listen.sock");
  for (const std::string workers : {"1", "3"}) {
    const Fd tcp = listening(), local = listening(path);
    Process proxy({"--listen", name_of(local), "--listen", "127.0.0.1:0", "--listen", name_of(tcp),
                   "--upstream", origin.url(), "--workers", workers},
                  {}, 0, {tcp.get(), local.get()});
    proxy.wait_for_log("listening on " + name_of(tcp));
    for (int i = 0; i < 6; ++i) {
      EXPECT_EQ(answer_at(connect_to(port_of(tcp))), "here");
      EXPECT_EQ(answer_at(connect_to_unix(path)), "here");
    }
    proxy.signal(SIGTERM);
    EXPECT_EQ(proxy.wait_for_exit(), 0);
    EXPECT_TRUE(std::filesystem::exists(path)) << "the path is the manager's";
    unlink(path.c_str());
  }
}

TEST(ServiceManager, AClientThatComesWhileTheProxyRestartsWaitsInTheSocketAndIsServed) {
  const Origin origin([](Peer& peer) {
    while (peer.wait_for_request()) peer.send(text_response("here"));
  });
  const Fd socket = listening();
  const Args args = {"--listen", name_of(socket), "--upstream", origin.url()};
  {
    Process first(args, {}, 0, {socket.get()});
    first.wait_for_log("listening on");
    EXPECT_EQ(answer_at(connect_to(port_of(socket))), "here");
    first.signal(SIGTERM);
    EXPECT_EQ(first.wait_for_exit(), 0);
  }
  Peer early = connect_to(port_of(socket));
  early.send(kGet);
  Process second(args, {}, 0, {socket.get()});
  EXPECT_EQ(read_response(early).body, "here");
}

TEST(ServiceManager, ASocketThatNoListenAddressNamesIsRefused) {
  const Fd socket = listening();
  Process proxy({"--listen", "127.0.0.1:0", "--upstream", kNowhere}, {}, 0, {socket.get()});
  EXPECT_EQ(proxy.wait_for_exit(), 1);
  EXPECT_NE(proxy.log().find("a socket on " + name_of(socket) + ", which listen does not name"),
            std::string::npos)
      << proxy.log();
}

TEST(ServiceManager, ADescriptorThatIsNoListeningSocketIsRefused) {
  const Fd listener = listening(), datagrams(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  Process proxy({"--listen", name_of(listener), "--upstream", kNowhere}, {}, 0,
                {listener.get(), datagrams.get()});
  EXPECT_EQ(proxy.wait_for_exit(), 1);
  EXPECT_NE(proxy.log().find("descriptor 4 of the service manager is no listening stream socket"),
            std::string::npos)
      << proxy.log();
}

TEST(ServiceManager, SocketsForAnotherProcessAreLeftAlone) {
  Process proxy({"--listen", "127.0.0.1:0", "--upstream", kNowhere},
                {{"LISTEN_FDS", "1"}, {"LISTEN_PID", "1"}});
  proxy.wait_for_log("listening on");
  proxy.signal(SIGTERM);
  EXPECT_EQ(proxy.wait_for_exit(), 0);
}

}  // namespace
}  // namespace sse_proxy::test
