// Input: eight bytes that seed the choices (cuts, clock, settings, the client's moods), the stream. The laws
// are those of the property test; see tests/support/event_stream_laws.h.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <string_view>

#include "tests/support/event_stream_laws.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  uint64_t seed = 0;
  if (size < sizeof seed || size > 64 * 1024) return 0;
  std::memcpy(&seed, data, sizeof seed);
  std::minstd_rand random(static_cast<unsigned>(seed ^ (seed >> 32)));
  const sse_proxy::test::Choices choose = [&](size_t n) { return static_cast<size_t>(random() >> 4) % n; };
  const std::string_view stream(reinterpret_cast<const char*>(data) + sizeof seed, size - sizeof seed);
  const std::string violation = sse_proxy::test::check_event_stream_laws(stream, choose);
  if (violation.empty()) return 0;
  std::fprintf(stderr, "%s\n", violation.c_str());
  std::abort();
}
