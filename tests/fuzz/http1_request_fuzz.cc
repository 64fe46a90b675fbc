// Input: a byte that says how the rest is cut and what the limit is, the bytes of a connection. The laws:
// cuts change nothing; what is accepted and written out again by our writer is read back as the same message.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "parser/forwarding.h"
#include "parser/header_policy.h"
#include "parser/http1_writer.h"
#include "tests/support/http1_rig.h"

using namespace sse_proxy;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

// Keeps the head of the first message as a value.
class HeadKeeper final : public RequestSink {
 public:
  void on_request_head(RequestHead&& read) override { head = std::move(read); }
  void on_request_body(std::string_view piece) override {
    require(!piece.empty());
    body += piece;
  }
  RequestHead head;
  std::string body;
};

std::vector<std::string_view> cut(std::string_view bytes, size_t largest) {
  std::vector<std::string_view> pieces;
  for (size_t at = 0; at < bytes.size(); at += largest) pieces.push_back(bytes.substr(at, largest));
  return pieces;
}

// Of two faults in one message, a long trailer and a bad byte in it, the cuts decide which is seen first.
bool same(const test::Parsed& whole, const test::Parsed& cut) {
  if (whole.status == ParseStatus::failed) return cut.status == whole.status && cut.heads == whole.heads;
  return cut == whole;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t limit = data[0] & 0x80 ? 64 : 4096;
  const test::Parsed whole = test::parse_request({bytes}, limit);
  require(same(whole, test::parse_request(cut(bytes, 1 + data[0] % 32), limit)));
  require(whole.status != ParseStatus::failed || (whole.error_status >= 400 && !whole.error.empty()));
  if (whole.status != ParseStatus::complete) return 0;

  HeadKeeper first;
  RequestParser parser(first, limit);
  require(parser.feed(bytes).status == ParseStatus::complete);
  apply_request_policy(first.head, false);
  const TrustedProxies trusted{{}, {*AddressRange::parse("10.0.0.0/8")}, (data[0] & 0x40) != 0};
  require(!apply_forwarding_policy(first.head, {}, trusted, 1, 2).id.empty());  // from a Unix peer
  set_host(first.head, "keep", "upstream");
  std::string out;
  write_request_head(first.head, out);
  if (first.head.body.kind == Framing::chunked) {
    if (!first.body.empty())
      out.append(ChunkHead(first.body.size()).view()).append(first.body).append(kChunkEnd);
    out.append(kLastChunk);
  } else {
    out.append(first.body);
  }

  HeadKeeper second;
  RequestParser reader(second, out.size());
  const ParseStep step = reader.feed(out);
  require(step.status == ParseStatus::complete && step.consumed == out.size());  // one message, no more
  require(second.head.method == first.head.method && second.head.target == first.head.target);
  require(second.head.body.kind == first.head.body.kind && second.body == first.body);
  require(second.head.fields.count(FieldId::host) == 1);
  require(second.head.fields.count(FieldId::content_length) +
              second.head.fields.count(FieldId::transfer_encoding) <=
          1);
  require(second.head.fields.count(FieldId::connection) == 0);
  return 0;
}
