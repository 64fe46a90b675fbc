// The name that a listening Unix socket has in the file system.
#pragma once

#include <sys/types.h>

#include <string>

namespace sse_proxy {

// SocketFile removes the file of a socket that this process has bound, unless another process has put its own
// in its place by then: one that drains has closed its listener long before it ends.
//   Owned by  whoever listens. Thread: any.
class SocketFile {
 public:
  // Right after the bind.
  explicit SocketFile(std::string path);
  ~SocketFile();
  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&&) = delete;

 private:
  std::string path_;  // empty: nothing to remove
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace sse_proxy
