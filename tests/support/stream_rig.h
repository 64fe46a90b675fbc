// An event stream on a test bench: a fake clock, a recording client, a driver that acts as the loop does.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parser/event_stream.h"

namespace sse_proxy::test {

using namespace std::chrono_literals;

// The client: keeps each write, and takes bytes or not as the test says.
class RecordingWriter final : public BodyWriter {
 public:
  void write_body(std::span<const std::string_view> pieces) override {
    std::string& write = writes.emplace_back();
    for (const std::string_view piece : pieces) {
      has_empty_piece |= piece.empty();
      write += piece;
    }
    has_empty_piece |= pieces.empty();
  }
  [[nodiscard]] bool taking() const override { return takes; }

  std::vector<std::string> writes;
  bool takes = true;
  bool has_empty_piece = false;  // as a chunk of its own it would end an HTTP/1.1 body
};

inline EventStreamSettings usual_settings() {
  EventStreamSettings settings;
  settings.keepalive_text = comment_keepalive("keep-alive", true, 0);
  settings.keepalive = 10s;
  settings.max_event_bytes = size_t{64} * 1024;
  settings.partial_flush = 5s;
  return settings;
}

class StreamRig {
 public:
  explicit StreamRig(EventStreamSettings how = usual_settings(), Millis first_keepalive = 0ms,
                     size_t memory = size_t{1} << 30, uint64_t seed = 1)
      : settings(std::move(how)),
        budget(memory),
        stream(std::make_unique<EventStream>(settings, client, budget, scratch, first_keepalive, now, seed)) {
  }

  // One turn of the loop: the reads arrive, the turn ends, and the reads' memory is used for something else.
  void turn(std::initializer_list<std::string_view> reads) {
    turn(std::vector<std::string_view>(reads.begin(), reads.end()));
  }
  void turn(std::string_view read) { turn({read}); }
  void turn(const std::vector<std::string_view>& reads) {
    std::vector<std::unique_ptr<char[]>> slabs;
    for (const std::string_view read : reads) {
      slabs.push_back(std::make_unique<char[]>(read.size()));
      std::copy(read.begin(), read.end(), slabs.back().get());
      stream->push({slabs.back().get(), read.size()});
    }
    stream->end_turn(now);
    for (size_t i = 0; i < slabs.size(); ++i) std::fill_n(slabs[i].get(), reads[i].size(), '#');
  }

  // Lets time pass as the loop does: each deadline is kept, and one that does not move on is a busy loop.
  void wait(Millis span) {
    const TimePoint until = now + span;
    for (TimePoint due = stream->deadline(); due <= until; due = stream->deadline()) {
      now = std::max(now, due);
      stream->on_deadline(now);
      if (stream->deadline() <= now) std::abort();
    }
    now = until;
  }

  // What was written since the last call, write by write.
  std::vector<std::string> written() { return std::exchange(client.writes, {}); }
  std::string written_bytes() {
    std::string all;
    for (const std::string& write : written()) all += write;
    return all;
  }

  const EventStreamSettings settings;
  RecordingWriter client;
  MemoryBudget budget;
  TurnScratch scratch;
  TimePoint now{1h};
  std::unique_ptr<EventStream> stream;
};

}  // namespace sse_proxy::test
