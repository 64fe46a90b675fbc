#include "proxy/net/system_calls.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

namespace sse_proxy {
namespace {

class WriteInOrder : public ::testing::Test {
 protected:
  WriteInOrder() {
    EXPECT_EQ(pipe2(ends_.data(), O_NONBLOCK | O_CLOEXEC), 0);
    EXPECT_GE(fcntl(ends_[1], F_SETPIPE_SZ, 1 << 20), 1 << 20);
  }
  ~WriteInOrder() override {
    close(ends_[0]);
    close(ends_[1]);
  }

  ssize_t write(std::span<const iovec> pieces) { return system::write_in_order(ends_[1], pieces); }

  std::string arrived() {
    std::string bytes(1 << 20, '\0');
    const ssize_t n = read(ends_[0], bytes.data(), bytes.size());
    bytes.resize(n < 0 ? 0 : static_cast<size_t>(n));
    return bytes;
  }

  std::array<int, 2> ends_{};
};

TEST_F(WriteInOrder, MorePiecesThanACallTakesArriveInOrder) {
  std::vector<std::string> texts;
  std::string all;
  for (int i = 0; i < 5'000; ++i) all += texts.emplace_back(std::to_string(i) + ",");
  std::vector<iovec> pieces;
  for (std::string& text : texts) pieces.push_back({text.data(), text.size()});
  EXPECT_EQ(write(pieces), static_cast<ssize_t>(all.size()));
  EXPECT_EQ(arrived(), all);
}

// The kernel takes what comes before a piece that it can't read: half a batch, with room for more.
TEST_F(WriteInOrder, NothingOvertakesTheRestOfABatchThatWasTakenInPart) {
  void* const unreadable = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(unreadable, MAP_FAILED);
  std::string page(4096, 'a');
  std::vector<iovec> pieces(1'500, {page.data(), page.size()});
  pieces[10].iov_base = unreadable;
  EXPECT_EQ(write(pieces), 10 * 4096);
  EXPECT_EQ(arrived().size(), 10U * 4096);
  munmap(unreadable, 4096);
}

TEST_F(WriteInOrder, AFullPipeTakesNothingAndSaysSo) {
  std::string much(2 << 20, 'a');
  const std::array piece{iovec{much.data(), much.size()}};
  EXPECT_EQ(write(piece), 1 << 20);
  EXPECT_EQ(write(piece), -1);
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_EQ(arrived().size(), 1U << 20);
}

TEST_F(WriteInOrder, WhatWasTakenBeforeAnErrorIsSaid) {
  void* const unreadable = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(unreadable, MAP_FAILED);
  std::string text = "a";
  std::vector<iovec> pieces(1'024, {text.data(), 1});
  pieces.push_back({unreadable, 4096});
  EXPECT_EQ(write(pieces), 1'024);
  munmap(unreadable, 4096);
}

}  // namespace
}  // namespace sse_proxy
