// Input: a byte that says how the rest is cut, the stream. The law: at every cut the scanner gives the
// answers of the slow reference decoder.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "parser/event_scanner.h"
#include "tests/support/reference_sse.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const sse_proxy::test::ReferenceMarks marks(stream);
  sse_proxy::EventScanner scanner;
  uint32_t random = data[0];
  size_t events = 0;
  for (size_t from = 0; from < stream.size();) {
    random = random * 1664525 + 1013904223;
    const size_t largest = data[0] < 64 ? 1 : data[0];
    const size_t to = std::min(stream.size(), from + 1 + (random >> 8) % largest);
    const auto found = scanner.scan(stream.substr(from, to - from));
    require(found.boundary == (marks.boundary[to] > from ? marks.boundary[to] - from : 0));
    require(found.line_end == (marks.line_end[to] > from ? marks.line_end[to] - from : 0));
    require(scanner.inside_bom() || scanner.at_boundary() || marks.boundary[to] != to);
    events += found.events;
    require(events == marks.events[to]);
    from = to;
  }
  const auto retry = sse_proxy::test::reference_decode(stream).retry;
  const auto seen = scanner.last_retry();
  require(!seen || retry.has_value());
  require(!retry || retry->size() > 9 || seen == std::chrono::milliseconds(std::stoul(*retry)));
  return 0;
}
