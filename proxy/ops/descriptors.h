// The process's descriptors, two for each exchange.
#pragma once

#include <cstddef>

namespace sse_proxy {

// A standard descriptor that was closed is /dev/null from here on: no socket takes its number, and nothing
// that is written to it reaches a client. First of all.
void open_standard_descriptors() noexcept;

// The soft limit becomes the hard one; what it is now, SIZE_MAX: none.
size_t raise_descriptor_limit() noexcept;

// Makes the kernel's table of descriptors large. While a process has threads, each doubling of that table
// waits for an RCU grace period, 10 ms and more, and with it every stream of the worker that met it. So:
// before the first thread.
void make_room_for_descriptors() noexcept;

}  // namespace sse_proxy
