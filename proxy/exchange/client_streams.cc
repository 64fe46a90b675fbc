#include "proxy/exchange/client_streams.h"

namespace sse_proxy {
namespace {

constexpr unsigned kSubscriberBits = 64;

}  // namespace

size_t ClientStreams::Hash::operator()(const IpAddress& address) const noexcept {
  const auto& bytes = address.bytes();
  return std::hash<std::string_view>()({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::optional<ClientStreams::Place> ClientStreams::enter(const PeerAddress& client) {
  if (limit_ == 0 || !client.ip) return Place();
  const IpAddress key = client.ip->is_v4() ? *client.ip : client.ip->network(kSubscriberBits);
  const std::lock_guard lock(mutex_);
  size_t& count = counts_[key];
  if (count >= limit_) return std::nullopt;
  ++count;
  return Place(*this, key);
}

void ClientStreams::leave(const IpAddress& key) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(key);
  if (--found->second == 0) counts_.erase(found);
}

size_t ClientStreams::clients() const {
  const std::lock_guard lock(mutex_);
  return counts_.size();
}

}  // namespace sse_proxy
