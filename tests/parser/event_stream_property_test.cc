#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/support/event_stream_laws.h"

namespace sse_proxy {
namespace {

using test::Choices;

// A stream put together from the pieces of the grammar, right or wrong as chance will have it.
std::string random_stream(const Choices& choose) {
  const auto pick = [&](auto... values) {
    return std::vector<std::string>{values...}[choose(sizeof...(values))];
  };
  const std::string usual_line_end = pick("\n", "\r\n", "\r");
  const bool mixed = choose(3) == 0;
  std::string stream = pick("", "", "\xef\xbb\xbf", "\xef\xbb", "\xef");
  for (size_t pieces = choose(30); pieces > 0; --pieces) {
    const std::string line_end = mixed ? pick("\n", "\r\n", "\r") : usual_line_end;
    switch (choose(14)) {
      case 0: stream += ": a comment" + line_end; break;
      case 1:
        stream += pick("event: ping", "event:", "id: 7", "id", "retry: 100", "retry: x") + line_end;
        break;
      case 2: stream += "data: \xed\x95\x9c\xea\xb5\xad\xec\x96\xb4 \xf0\x9f\x98\x80" + line_end; break;
      case 3:
        stream += "data: " + std::string(choose(6) == 0 ? choose(4000) : choose(90), 'x') + line_end;
        break;
      case 4:
        stream += pick("\n", "\r\n", "\r", "\xef\xbb\xbf", ":", "data", "\xff\xfe", " ", "r", "event: ");
        break;
      case 5: stream += "nonsense" + line_end; break;
      case 6:
      case 7: stream += "data: {\"n\": 1}" + line_end; break;
      case 8: stream += "data: done" + line_end + line_end + line_end; break;
      default: stream += line_end; break;
    }
  }
  return stream;
}

TEST(EventStreamLaws, HoldForAnyStreamAnySplitAndAnyTiming) {
  constexpr int kStreams = 10'000;
  for (int seed = 0; seed < kStreams; ++seed) {
    std::mt19937_64 random(static_cast<uint64_t>(seed));
    const Choices choose = [&](size_t n) { return static_cast<size_t>(random() % n); };
    const std::string stream = random_stream(choose);
    ASSERT_EQ(test::check_event_stream_laws(stream, choose), "")
        << "seed " << seed << ", stream " << testing::PrintToString(stream);
  }
}

}  // namespace
}  // namespace sse_proxy
