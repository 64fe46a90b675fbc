// The memory of a C library that takes an allocator, counted block by block in a MemoryBudget.
#pragma once

#include <cstddef>

#include "parser/memory_budget.h"

namespace sse_proxy {

// AccountedMemory hands out blocks from a reservation, then from what the budget still has.
//   Owned by  one decoder (or stack of them). Borrows the MemoryBudget, which outlives it.
//   Thread    its owner's; only the budget is shared.
//   Fails     by a null block, as the libraries expect of malloc, and remembers it in refused().
// All blocks must be back before it is destroyed; destruction returns the reservation.
class AccountedMemory {
 public:
  explicit AccountedMemory(MemoryBudget& budget) noexcept : budget_(budget) {}
  ~AccountedMemory();
  AccountedMemory(const AccountedMemory&) = delete;
  AccountedMemory& operator=(const AccountedMemory&) = delete;

  // Sets `bytes` aside, so that allocations up to this sum cannot be refused. False when they do not fit.
  [[nodiscard]] bool reserve(size_t bytes) noexcept;

  // A block aligned for any type, or null.
  [[nodiscard]] void* allocate(size_t bytes) noexcept;
  void deallocate(void* block) noexcept;

  // True once an allocation returned null: the library's next error means this, not bad input.
  [[nodiscard]] bool refused() const noexcept { return refused_; }
  // Bytes in blocks now, headers included.
  [[nodiscard]] size_t allocated() const noexcept { return allocated_; }

 private:
  void return_surplus() noexcept;

  MemoryBudget& budget_;
  size_t reserved_ = 0;   // kept however little is allocated
  size_t held_ = 0;       // taken from the budget: max(reserved_, allocated_)
  size_t allocated_ = 0;  // in blocks
  bool refused_ = false;
};

}  // namespace sse_proxy
