// How fast event boundaries are found, beside memchr over the same bytes: the scanner's upper bound.
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>
#include <string_view>

#include "parser/event_scanner.h"

namespace {

using sse_proxy::EventScanner;

constexpr size_t kRead = 16 * 1024;  // as much as one read of a socket brings

// Whole reads of events whose lines add up to `event_bytes` each.
std::string stream_of(size_t event_bytes, std::string_view line_end) {
  std::string event = "data: ";
  event.append(event_bytes - event.size() - 2 * line_end.size(), 'x').append(line_end).append(line_end);
  std::string stream;
  while (stream.size() < 64 * kRead) stream += event;
  return stream;
}

void scan(benchmark::State& state, std::string_view line_end) {
  const std::string stream = stream_of(static_cast<size_t>(state.range(0)), line_end);
  while (state.KeepRunning()) {
    EventScanner scanner;
    for (size_t at = 0; at < stream.size(); at += kRead) {
      benchmark::DoNotOptimize(scanner.scan(std::string_view(stream).substr(at, kRead)));
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * stream.size()));
}
BENCHMARK_CAPTURE(scan, lf, "\n")->ArgName("event_bytes")->Arg(40)->Arg(200)->Arg(4096);
BENCHMARK_CAPTURE(scan, crlf, "\r\n")->ArgName("event_bytes")->Arg(40)->Arg(4096);
BENCHMARK_CAPTURE(scan, cr, "\r")->ArgName("event_bytes")->Arg(40)->Arg(4096);

// Every LF by memchr, and nothing else.
void find_lf(benchmark::State& state) {
  const std::string stream = stream_of(static_cast<size_t>(state.range(0)), "\n");
  while (state.KeepRunning()) {
    size_t lines = 0;
    const char* const end = stream.data() + stream.size();
    for (const char* p = stream.data(); p < end; ++p, ++lines) {
      p = static_cast<const char*>(std::memchr(p, '\n', static_cast<size_t>(end - p)));
      if (p == nullptr) break;
    }
    benchmark::DoNotOptimize(lines);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * stream.size()));
}
BENCHMARK(find_lf)->Name("memchr")->ArgName("event_bytes")->Arg(40)->Arg(200)->Arg(4096);

}  // namespace
