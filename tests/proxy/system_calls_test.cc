#include "proxy/net/system_calls.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

namespace sse_proxy {
namespace {

// A TCP connection to itself.
class SendInOrder : public ::testing::Test {
 protected:
  SendInOrder() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener, any, size) | listen(listener, 1) | getsockname(listener, any, &size), 0);
    to_ = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(connect(to_, any, size), 0);
    from_ = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    close(listener);
  }
  ~SendInOrder() override {
    close(from_);
    close(to_);
  }

  ssize_t send(std::span<const iovec> pieces) { return system::send_in_order(from_, pieces); }

  // All that was sent.
  std::string arrived() {
    shutdown(from_, SHUT_WR);
    std::string all;
    std::array<char, 65536> some{};
    for (ssize_t n; (n = read(to_, some.data(), some.size())) > 0;)
      all.append(some.data(), static_cast<size_t>(n));
    return all;
  }

  int from_ = -1;
  int to_ = -1;
};

// A page that can't be read: the kernel takes what comes before it.
class UnreadablePage {
 public:
  UnreadablePage() { EXPECT_NE(page_, MAP_FAILED); }
  ~UnreadablePage() { munmap(page_, kSize); }
  [[nodiscard]] iovec piece() const { return {page_, kSize}; }
  static constexpr size_t kSize = 4096;

 private:
  void* page_ = mmap(nullptr, kSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
};

std::vector<iovec> pieces_of(std::vector<std::string>& texts) {
  std::vector<iovec> pieces;
  for (std::string& text : texts) pieces.push_back({text.data(), text.size()});
  return pieces;
}

TEST_F(SendInOrder, MorePiecesThanACallTakesArriveInOrder) {
  std::vector<std::string> texts;
  std::string all;
  for (int i = 0; i < 5'000; ++i) all += texts.emplace_back(std::to_string(i) + ",");
  EXPECT_EQ(send(pieces_of(texts)), static_cast<ssize_t>(all.size()));
  EXPECT_EQ(arrived(), all);
}

// Half a batch is taken, with room for more.
TEST_F(SendInOrder, NothingOvertakesTheRestOfABatchThatWasTakenInPart) {
  std::string page(4096, 'a');
  std::vector<iovec> pieces(1'500, {page.data(), page.size()});
  const UnreadablePage unreadable;
  pieces[30] = unreadable.piece();
  const ssize_t taken = send(pieces);
  EXPECT_GT(taken, 0);
  EXPECT_LE(taken, 30 * 4096);
  EXPECT_EQ(arrived().size(), static_cast<size_t>(taken));
}

TEST_F(SendInOrder, AFullSocketTakesNothingAndSaysSo) {
  std::string much(1 << 20, 'a');
  const std::array pieces{iovec{much.data(), much.size()}, iovec{much.data(), much.size()}};
  size_t taken = 0;
  for (ssize_t n; (n = send(pieces)) > 0;) taken += static_cast<size_t>(n);
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_EQ(arrived().size(), taken);
}

TEST_F(SendInOrder, WhatWasTakenBeforeAnErrorIsSaid) {
  std::string text = "a";
  std::vector<iovec> pieces(1'024, {text.data(), 1});
  const UnreadablePage unreadable;
  pieces.push_back(unreadable.piece());
  EXPECT_EQ(send(pieces), 1'024);
}

}  // namespace
}  // namespace sse_proxy
