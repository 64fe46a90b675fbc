// A process-wide allowance of bytes, shared by all workers: what decoders allocate, what streams hold.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace sse_proxy {

// MemoryBudget counts; it allocates nothing. Any thread; relaxed atomics, as only the sum matters.
class MemoryBudget {
 public:
  explicit MemoryBudget(size_t limit) noexcept : limit_(limit) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // Takes `bytes`, or nothing and false when they do not fit.
  [[nodiscard]] bool reserve(size_t bytes) noexcept {
    size_t used = used_.load(std::memory_order_relaxed);
    do {
      if (bytes > limit_ || used > limit_ - bytes) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return true;
  }
  // Takes `bytes` though they may not fit: for bytes that are already in hand and must not be dropped.
  void charge(size_t bytes) noexcept { used_.fetch_add(bytes, std::memory_order_relaxed); }
  void release(size_t bytes) noexcept { used_.fetch_sub(bytes, std::memory_order_relaxed); }

  [[nodiscard]] size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool exhausted() const noexcept { return used() >= limit_; }

 private:
  const size_t limit_;
  std::atomic<size_t> used_{0};
};

}  // namespace sse_proxy
