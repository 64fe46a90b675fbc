// Input: a byte for the cuts, the limit and the request's method, the bytes of an upstream. The laws: cuts
// change nothing; a response that is accepted is written out by our writer as one that is read back the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "parser/header_policy.h"
#include "parser/http1_writer.h"
#include "tests/support/http1_rig.h"

using namespace sse_proxy;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

class HeadKeeper final : public ResponseSink {
 public:
  void on_interim_head(ResponseHead&&) override { ++interim; }
  void on_response_head(ResponseHead&& read) override { head = std::move(read); }
  void on_response_body(std::string_view piece) override {
    require(!piece.empty());
    body += piece;
  }
  ResponseHead head;
  std::string body;
  int interim = 0;
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
  const char* const method = data[0] & 0x40 ? "HEAD" : "GET";
  const test::Parsed whole = test::parse_response({bytes}, method, limit);
  require(same(whole, test::parse_response(cut(bytes, 1 + data[0] % 32), method, limit)));
  if (whole.status == ParseStatus::failed) {
    require(whole.error_status == 502 && whole.error_side == Side::upstream && !whole.error.empty());
    return 0;
  }

  HeadKeeper first;
  ResponseParser parser(first, limit);
  parser.next_message(method);
  const ParseStatus status = parser.feed(bytes).status;
  if (status != ParseStatus::complete && !parser.finish()) return 0;
  require(first.interim <= 16 && first.head.status >= 200);
  if (is_event_stream(first.head, method)) apply_event_stream_policy(first.head, true);
  apply_response_policy(first.head);
  const bool has_body = first.head.body.kind != Framing::none;
  if (has_body) first.head.body = {Framing::chunked, 0};
  std::string out;
  write_response_head(first.head, "", out);
  if (has_body && !first.body.empty()) {
    out.append(ChunkHead(first.body.size()).view()).append(first.body).append(kChunkEnd);
  }
  if (has_body) out.append(kLastChunk);

  HeadKeeper second;
  ResponseParser reader(second, out.size());
  reader.next_message(method);
  const ParseStep step = reader.feed(out);
  require(step.status == ParseStatus::complete && step.consumed == out.size());
  require(second.head.status == first.head.status && second.head.reason == first.head.reason);
  require(second.body == first.body);
  require(second.head.fields.count(FieldId::connection) == 0);
  return 0;
}
