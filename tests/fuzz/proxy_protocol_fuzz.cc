// Input: a byte that says how the rest is cut, the first bytes of a connection. The laws: cuts change
// nothing; a header is complete at its last byte and not before; only what is complete names a source.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "parser/proxy_protocol.h"

using namespace sse_proxy;

namespace {

constexpr size_t kLimit = 1024;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Outcome {
  ParseStatus status = ParseStatus::more;
  size_t consumed = 0;
  std::optional<PeerAddress> source;
  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view bytes, size_t largest) {
  ProxyHeaderParser parser(kLimit);
  Outcome out;
  while (out.status == ParseStatus::more && out.consumed < bytes.size()) {
    const std::string_view piece = bytes.substr(out.consumed, largest);
    const ParseStep step = parser.feed(piece);
    require(step.consumed <= piece.size() &&
            (step.status != ParseStatus::more || step.consumed == piece.size()));
    require((step.status == ParseStatus::failed) == !parser.error().empty());
    out.status = step.status;
    out.consumed += step.consumed;
  }
  if (out.status == ParseStatus::complete) out.source = parser.source();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = read(bytes, SIZE_MAX);
  require(whole == read(bytes, 1 + data[0] % 32));
  require(whole.consumed <= std::max<size_t>(kLimit, 107));
  if (whole.status != ParseStatus::complete) return 0;
  require(read(bytes.substr(0, whole.consumed - 1), SIZE_MAX).status == ParseStatus::more);
  require(read(bytes.substr(0, whole.consumed), SIZE_MAX) == whole);
  if (whole.source && whole.source->ip)
    require(IpAddress::parse(whole.source->ip->text()) == whole.source->ip);
  return 0;
}
