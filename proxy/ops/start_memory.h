// What only the start needed.
#pragma once

namespace sse_proxy {

// Gives the memory back that reading flags and files, and linking the libraries, took: the heap's free pages,
// and the pages of programs and libraries that are mapped but may never be looked at again (the next look
// finds them in the page cache). Half of what a process without streams is charged with. Any thread; once,
// when all is set up.
void give_back_start_memory() noexcept;

}  // namespace sse_proxy
