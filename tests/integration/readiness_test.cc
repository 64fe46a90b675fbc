// A socket is told of once when something comes: whatever comes together is read to its end.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

constexpr std::string_view kStreamToClose = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
constexpr std::string_view kBoth = "data: a\n\ndata: b\n\n";

// While it lives the proxy sleeps: what is sent meanwhile comes at once.
class Asleep {
 public:
  explicit Asleep(const Process& process) : process_(process) {
    process_.signal(SIGSTOP);
    while (!process_.kernel_status("State").starts_with("T")) std::this_thread::yield();
  }
  ~Asleep() { process_.signal(SIGCONT); }

 private:
  const Process& process_;
};

// The bytes of the chunks, once there are as many as in `body`.
std::string read_body(Peer& client, std::string_view body) {
  std::string got;
  while (got.size() < body.size()) {
    const auto some = client.read_chunk();
    if (!some || some->empty()) break;
    got += *some;
  }
  return got;
}

bool send_with_a_descriptor(int to, std::string bytes) {
  std::array<char, CMSG_SPACE(sizeof(int))> control{};
  iovec piece{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr& first = *CMSG_FIRSTHDR(&message);
  first = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
  std::memcpy(CMSG_DATA(&first), &to, sizeof to);
  return sendmsg(to, &message, 0) == static_cast<ssize_t>(bytes.size());
}

TEST(Readiness, BytesAndTheEndThatComeTogetherAreBothSeen) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamToClose);
  {
    const Asleep asleep(rig.proxy);
    stream.upstream.send("data: a\n\n");
    stream.upstream.close();
  }
  const Chunked got = read_chunked_to_end(stream.client);
  EXPECT_TRUE(got.complete);
  EXPECT_EQ(got.body, "data: a\n\n");
}

TEST(Readiness, MoreThanAReadTakesIsReadWithoutAnotherByteComing) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamHead);
  const std::string event = "data: " + std::string(90'000, 'x') + "\n\n";
  {
    const Asleep asleep(rig.proxy);
    stream.upstream.send(chunk(event) + chunk("data: a\n\n"));
  }
  EXPECT_EQ(read_body(stream.client, event + "data: a\n\n"), event + "data: a\n\n");
}

// TCP's urgent byte is no part of the stream, but a read stops before it.
TEST(Readiness, WhatComesAfterUrgentDataIsReadWithoutAnotherByteComing) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamHead);
  {
    const Asleep asleep(rig.proxy);
    stream.upstream.send(chunk("data: a\n\n"));
    ASSERT_EQ(send(stream.upstream.fd(), "!", 1, MSG_OOB), 1);
    stream.upstream.send(chunk("data: b\n\n"));
  }
  EXPECT_EQ(read_body(stream.client, kBoth), kBoth);
}

// The reset is told to whoever asks first: here the write of the request's body, and the read sees an end.
TEST(Readiness, AResetThatAWriteMetIsNoEndOfTheResponse) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, "POST /events HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                kStreamToClose);
  {
    const Asleep asleep(rig.proxy);
    stream.client.send(chunk("more"));
    stream.upstream.reset();
  }
  EXPECT_FALSE(read_chunked_to_end(stream.client).complete);
}

// A read of a Unix socket stops after the bytes that came with a descriptor.
TEST(Readiness, WhatComesAfterADescriptorIsReadWithoutAnotherByteComing) {
  const std::string path = "/tmp/sse-proxy-readiness-" + std::to_string(getpid());
  Origin origin({.unix_path = path});
  const Proxy proxy({"--upstream", origin.url(), "--keepalive", "off"});
  Peer client = proxy.client();
  client.send(kGet);
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.send(kStreamHead);
  client.read_head();
  {
    const Asleep asleep(proxy);
    ASSERT_TRUE(send_with_a_descriptor(upstream.fd(), chunk("data: a\n\n")));
    upstream.send(chunk("data: b\n\n"));
  }
  EXPECT_EQ(read_body(client, kBoth), kBoth);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace sse_proxy::test
