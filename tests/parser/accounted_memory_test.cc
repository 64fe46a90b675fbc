#include "parser/accounted_memory.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sse_proxy {
namespace {

constexpr size_t kHeader = alignof(std::max_align_t);

TEST(AccountedMemory, DrawsOnItsReservationFirstAndThenOnTheBudget) {
  MemoryBudget budget(10000);
  {
    AccountedMemory memory(budget);
    ASSERT_TRUE(memory.reserve(1000));
    EXPECT_EQ(budget.used(), 1000u);
    void* first = memory.allocate(1000 - kHeader);
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(budget.used(), 1000u);
    EXPECT_EQ(memory.allocated(), 1000u);
    void* second = memory.allocate(500);
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(budget.used(), 1500u + kHeader);
    memory.deallocate(first);
    EXPECT_EQ(budget.used(), 1000u);  // growth goes back at once, the reservation stays
    memory.deallocate(second);
    memory.deallocate(nullptr);
    EXPECT_EQ(budget.used(), 1000u);
    EXPECT_EQ(memory.allocated(), 0u);
  }
  EXPECT_EQ(budget.used(), 0u);
}

TEST(AccountedMemory, RefusesWhatDoesNotFitAndRemembersIt) {
  MemoryBudget budget(2000);
  AccountedMemory memory(budget);
  EXPECT_FALSE(memory.reserve(2001));
  ASSERT_TRUE(memory.reserve(1000));
  void* block = memory.allocate(2000 - kHeader);
  EXPECT_NE(block, nullptr);
  EXPECT_FALSE(memory.refused());
  EXPECT_EQ(memory.allocate(0), nullptr);
  EXPECT_TRUE(memory.refused());
  memory.deallocate(block);
  EXPECT_TRUE(memory.refused());
  EXPECT_EQ(budget.used(), 1000u);
}

TEST(AccountedMemory, RefusesSizesThatWouldOverflow) {
  MemoryBudget budget(SIZE_MAX);
  AccountedMemory memory(budget);
  ASSERT_TRUE(memory.reserve(100));
  for (const size_t size : {SIZE_MAX, SIZE_MAX - kHeader + 1, SIZE_MAX / 2 + 1}) {
    EXPECT_EQ(memory.allocate(size), nullptr) << size;
    EXPECT_EQ(budget.used(), 100u);
  }
}

TEST(AccountedMemory, AlignsBlocksForAnyType) {
  MemoryBudget budget(10000);
  AccountedMemory memory(budget);
  for (const size_t size : {0, 1, 3, 17, 100}) {
    void* block = memory.allocate(size);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % alignof(std::max_align_t), 0u);
    std::memset(block, 0xff, size);
    memory.deallocate(block);
  }
}

}  // namespace
}  // namespace sse_proxy
