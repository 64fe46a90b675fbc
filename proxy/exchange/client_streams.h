// How many event streams each client has in the whole process.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "parser/ip_address.h"

namespace sse_proxy {

// ClientStreams counts by address; IPv6 clients by /64, which is what one subscriber gets (RFC 6177).
//   Owned by  Shared. Any thread: a mutex is held for one look-up at a stream's start and one at its end, and
//   never
//             where there is no limit.
class ClientStreams {
 public:
  // A stream's place in the count, given back when it is destroyed.
  class Place {
   public:
    Place() = default;  // in no count
    Place(Place&& other) noexcept : streams_(std::exchange(other.streams_, nullptr)), key_(other.key_) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(streams_, other.streams_);
      std::swap(key_, other.key_);
      return *this;
    }
    ~Place() {
      if (streams_ != nullptr) streams_->leave(key_);
    }

   private:
    friend ClientStreams;
    Place(ClientStreams& streams, const IpAddress& key) : streams_(&streams), key_(key) {}
    ClientStreams* streams_ = nullptr;
    IpAddress key_;
  };

  explicit ClientStreams(size_t limit) : limit_(limit) {}  // 0: none

  // None: the client has as many as it may. A client without an address (a Unix socket) is not counted.
  [[nodiscard]] std::optional<Place> enter(const PeerAddress& client);
  [[nodiscard]] size_t clients() const;

 private:
  struct Hash {
    size_t operator()(const IpAddress& address) const noexcept;
  };
  void leave(const IpAddress& key) noexcept;

  const size_t limit_;
  mutable std::mutex mutex_;
  std::unordered_map<IpAddress, size_t, Hash> counts_;  // none is 0
};

}  // namespace sse_proxy
