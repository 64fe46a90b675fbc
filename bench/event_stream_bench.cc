// What an event costs between the upstream's bytes and the client's chunk, beside memcpy of the same bytes;
// and what a hundred thousand streams cost that say nothing.
#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "parser/event_stream.h"
#include "parser/http1_writer.h"
#include "proxy/net/timer_wheel.h"

namespace {

using namespace sse_proxy;
using namespace std::chrono_literals;

constexpr size_t kRead = 16 * 1024;
constexpr TimePoint kStart{1h};

// Takes the pieces as the client's side does: a chunk's head before them, its end behind them.
class CountingWriter final : public BodyWriter {
 public:
  void write_body(std::span<const std::string_view> pieces) override {
    size_t size = 0;
    for (const std::string_view piece : pieces) size += piece.size();
    const ChunkHead head(size);
    bytes += head.view().size() + size + kChunkEnd.size();
    ++writes;
  }
  [[nodiscard]] bool taking() const override { return true; }

  size_t bytes = 0;
  size_t writes = 0;
};

EventStreamSettings settings_with(Millis keepalive) {
  EventStreamSettings settings;
  settings.keepalive_text = comment_keepalive("keep-alive", true, 0);
  settings.keepalive = keepalive;
  settings.max_event_bytes = size_t{1} << 20;
  settings.partial_flush = 5s;
  return settings;
}

std::string events_of(size_t event_bytes) {
  std::string event = "data: ";
  event.append(event_bytes - event.size() - 2, 'x').append("\n\n");
  std::string stream;
  while (stream.size() < 16 * kRead) stream += event;
  return stream;
}

// Reads of `read` bytes: of whole events where it is the size of one, cut anywhere where it is not.
void splice(benchmark::State& state, size_t read) {
  const std::string stream = events_of(static_cast<size_t>(state.range(0)));
  const EventStreamSettings settings = settings_with(15s);
  CountingWriter client;
  MemoryBudget budget(size_t{1} << 30);
  TurnScratch scratch;
  EventStream events(settings, client, budget, scratch, 0ms, kStart, 1);
  TimePoint now = kStart;
  for ([[maybe_unused]] auto _ : state) {
    for (size_t at = 0; at < stream.size(); at += read) {
      events.push(std::string_view(stream).substr(at, read));
      events.end_turn(now);
    }
    now += 1ms;
  }
  benchmark::DoNotOptimize(client.bytes);
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * stream.size()));
  state.counters["writes"] =
      benchmark::Counter(static_cast<double>(client.writes), benchmark::Counter::kIsRate);
}
void one_event_a_read(benchmark::State& state) { splice(state, static_cast<size_t>(state.range(0))); }
void full_reads(benchmark::State& state) { splice(state, kRead); }
void cut_events(benchmark::State& state) { splice(state, 137); }
BENCHMARK(one_event_a_read)->ArgName("event_bytes")->Arg(40)->Arg(200)->Arg(4096);
BENCHMARK(full_reads)->ArgName("event_bytes")->Arg(40)->Arg(200)->Arg(4096);
BENCHMARK(cut_events)->ArgName("event_bytes")->Arg(200);

void copy(benchmark::State& state) {
  const std::string stream = events_of(200);
  std::string to(kRead, '\0');
  for ([[maybe_unused]] auto _ : state) {
    for (size_t at = 0; at < stream.size(); at += kRead) {
      std::memcpy(to.data(), stream.data() + at, std::min(kRead, stream.size() - at));
      benchmark::ClobberMemory();
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * stream.size()));
}
BENCHMARK(copy)->Name("memcpy");

// --- streams that wait ---

class WaitingStream final : public Timer {
 public:
  WaitingStream(const EventStreamSettings& settings, CountingWriter& client, MemoryBudget& budget,
                TurnScratch& scratch, TimerWheel& wheel, uint64_t seed)
      : wheel_(wheel), stream_(settings, client, budget, scratch, 0ms, kStart, seed) {
    wheel_.schedule(*this, stream_.deadline());
  }
  void on_timer(TimePoint now) override {
    stream_.on_deadline(now);
    wheel_.schedule(*this, stream_.deadline());
  }

 private:
  TimerWheel& wheel_;
  EventStream stream_;
};

// An hour's ticks of 10 ms, one an iteration. With an interval of an hour none of the streams has anything to
// do, and a tick costs what it costs without them; with 15 s a tick has streams / 1,500 keep-alives.
void tick(benchmark::State& state, Millis keepalive) {
  const EventStreamSettings settings = settings_with(keepalive);
  CountingWriter client;
  MemoryBudget budget(size_t{1} << 30);
  TurnScratch scratch;
  TimerWheel wheel(kStart);
  std::vector<std::unique_ptr<WaitingStream>> streams;
  for (int64_t i = 0; i < state.range(0); ++i) {
    streams.push_back(std::make_unique<WaitingStream>(settings, client, budget, scratch, wheel,
                                                      static_cast<uint64_t>(i) * 2654435761));
  }
  TimePoint now = kStart;
  for ([[maybe_unused]] auto _ : state) wheel.advance(now += TimerWheel::kTick);
  state.counters["keepalives/tick"] =
      static_cast<double>(client.writes) / static_cast<double>(state.iterations());
}
BENCHMARK_CAPTURE(tick, idle, 1h)->ArgName("streams")->Arg(0)->Arg(1000)->Arg(100000)->Iterations(100000);
BENCHMARK_CAPTURE(tick, keepalives, 15s)->ArgName("streams")->Arg(1000)->Arg(100000)->Iterations(10000);

void schedule(benchmark::State& state) {
  struct Quiet final : Timer {
    void on_timer(TimePoint) override {}
  };
  TimerWheel wheel(kStart);
  std::vector<std::unique_ptr<Quiet>> timers;
  for (int64_t i = 0; i < state.range(0); ++i) {
    timers.push_back(std::make_unique<Quiet>());
    wheel.schedule(*timers.back(), kStart + Millis(100 + i % 10000));
  }
  Quiet timer;
  for ([[maybe_unused]] auto _ : state) {
    wheel.schedule(timer, kStart + 5s);
    wheel.schedule(timer, kNever);
  }
}
BENCHMARK(schedule)->Name("schedule and cancel")->ArgName("timers")->Arg(0)->Arg(100000);

}  // namespace
