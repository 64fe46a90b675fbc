#include "parser/accounted_memory.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace sse_proxy {
namespace {

// Stands before each block, as the libraries do not say how much they free. Its size keeps the alignment.
struct alignas(std::max_align_t) BlockHeader {
  size_t size;  // of the whole block, this header included
};

}  // namespace

AccountedMemory::~AccountedMemory() {
  assert(allocated_ == 0);
  budget_.release(held_);
}

bool AccountedMemory::reserve(size_t bytes) noexcept {
  if (!budget_.reserve(bytes)) return false;
  reserved_ += bytes;
  held_ += bytes;
  return true;
}

void* AccountedMemory::allocate(size_t bytes) noexcept {
  const size_t size = bytes + sizeof(BlockHeader);
  const size_t wanted = allocated_ + size;
  if (bytes > SIZE_MAX / 2 || (wanted > held_ && !budget_.reserve(wanted - held_))) {
    refused_ = true;
    return nullptr;
  }
  held_ = std::max(held_, wanted);
  void* memory = std::malloc(size);
  if (memory == nullptr) {
    refused_ = true;
    return_surplus();
    return nullptr;
  }
  allocated_ = wanted;
  return new (memory) BlockHeader{size} + 1;
}

void AccountedMemory::deallocate(void* block) noexcept {
  if (block == nullptr) return;
  BlockHeader* header = static_cast<BlockHeader*>(block) - 1;
  allocated_ -= header->size;
  std::free(header);
  return_surplus();
}

void AccountedMemory::return_surplus() noexcept {
  const size_t keep = std::max(reserved_, allocated_);
  budget_.release(held_ - keep);
  held_ = keep;
}

}  // namespace sse_proxy
