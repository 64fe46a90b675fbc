// One event stream on its way to one client: whole events out, keep-alives in between, every byte kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parser/clock.h"
#include "parser/event_scanner.h"
#include "parser/keepalive.h"
#include "parser/memory_budget.h"

namespace sse_proxy {

// How one route's event streams are treated. Built once per route; outlives its streams.
struct EventStreamSettings {
  KeepaliveText keepalive_text;
  Millis keepalive{0};         // silence towards the client before a keep-alive; 0: never
  size_t max_event_bytes = 0;  // a longer incomplete event streams through
  Millis partial_flush{0};     // an older incomplete event is released line by line; 0: never
  Millis retry{0};             // `retry:` at the start of the stream; 0: none
};

// Where an event stream's bytes go: the client's side of an exchange, or a test's recorder.
class BodyWriter {
 public:
  // Takes all pieces, in order, as one chunk; they are valid during the call only.
  virtual void write_body(std::span<const std::string_view> pieces) = 0;
  // Nothing waits to be sent: the client takes what it gets.
  [[nodiscard]] virtual bool taking() const = 0;

 protected:
  ~BodyWriter() = default;
};

// Room for the views of one turn, shared by all streams of a worker: an idle stream owns no buffer.
struct TurnScratch {
  std::vector<std::string_view> fresh;  // this turn's upstream bytes, in order
  std::vector<std::string_view> out;    // what leaves in one write
};

// What a stream did, for the access log and the counters.
struct EventStreamStats {
  uint64_t events = 0;
  uint64_t bytes = 0;  // upstream's, after decoding
  uint32_t keepalives = 0;
  uint32_t partial_releases = 0;  // times an incomplete event was let go, by size or age or for memory
  Millis longest_silence{0};      // of the upstream
};

// EventStream holds an incomplete event back, lets whole ones go at once, and fills silences.
//   Owned by  the response body of an exchange. Borrows settings, writer, budget and scratch, which outlive
//   it. Thread    its worker's. Time is an argument. Turn      push() as often as bytes come, then end_turn()
//   once, before any other stream uses the scratch.
// Pending bytes are hold_ ++ scratch.fresh; `ready_` of them may leave. Everything else follows from that.
class EventStream {
 public:
  // The head is written at `now`; `first_keepalive` of 0 means that the first one waits as long as any other.
  // `seed` makes the jitter.
  EventStream(const EventStreamSettings& settings, BodyWriter& writer, MemoryBudget& budget,
              TurnScratch& scratch, Millis first_keepalive, TimePoint now, uint64_t seed);
  ~EventStream();
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  // `bytes` stay valid until end_turn().
  void push(std::string_view bytes) noexcept;
  void end_turn(TimePoint now);
  // The upstream ended: what is held goes out as it is, neither dropped nor completed.
  void finish(TimePoint now);

  // Writes what is due: a keep-alive, a partial release. Call it at deadline(), or at any other time.
  void on_deadline(TimePoint now);
  // The next moment at which on_deadline() has something to do; it changes with every other call.
  [[nodiscard]] TimePoint deadline() const noexcept;
  // Queued bytes have reached the client's socket: silence counts from here.
  void on_client_progress(TimePoint now) noexcept {
    clock_.on_written(KeepaliveClock::Wrote::anything_else, now);
  }

  // Injects `retry: N` if the stream stands at a boundary with nothing held; false and nothing otherwise.
  [[nodiscard]] bool write_retry(Millis retry, TimePoint now);
  // A clean end here would cut nothing in two.
  [[nodiscard]] bool can_end() const noexcept { return wire_ == Wire::boundary && hold_.empty(); }
  // At a boundary of what was written, whatever is held behind it: a whole event could be injected here.
  [[nodiscard]] bool wire_at_boundary() const noexcept { return wire_ == Wire::boundary; }

  [[nodiscard]] size_t held() const noexcept { return hold_.size(); }
  [[nodiscard]] const EventStreamStats& stats() const noexcept { return stats_; }
  [[nodiscard]] std::optional<Millis> last_retry() const noexcept { return scanner_.last_retry(); }

 private:
  enum class Release : uint8_t {
    by_event,
    by_line,
    at_once
  };  // how much may leave; the latter two end at a boundary
  enum class Wire : uint8_t { boundary, line_end, inside };  // where the bytes written so far stop

  [[nodiscard]] size_t pending() const noexcept { return hold_.size() + fresh_bytes_; }
  [[nodiscard]] std::string_view keepalive_now() const noexcept;
  void inject(std::string_view text, KeepaliveClock::Wrote what, TimePoint now);
  void allow_what_cannot_be_held();
  void write_fresh(TimePoint now);
  void write_ready(TimePoint now);
  void note_written(size_t written, bool ends_in_cr, TimePoint now);
  void drop_bom();
  void keep_rest(size_t written, TimePoint now);

  const EventStreamSettings& settings_;
  BodyWriter& writer_;
  MemoryBudget& budget_;
  TurnScratch& scratch_;
  KeepaliveClock clock_;
  EventScanner scanner_;
  std::string hold_;        // an incomplete event, from earlier turns
  size_t fresh_bytes_ = 0;  // in scratch_.fresh
  size_t ready_ = 0;        // of the pending bytes, these may leave
  size_t boundary_ = 0;     // just past the last boundary in the pending bytes; 0: none
  size_t line_end_ = 0;     // just past their last line end; 0: none
  TimePoint held_since_ = kNever;
  TimePoint last_upstream_;
  EventStreamStats stats_;
  Release release_ = Release::by_event;
  Wire wire_ = Wire::boundary;
  bool wire_ends_in_cr_ = false;  // an LF may still belong to the last line end written
  bool injected_ = false;
  bool body_written_ = false;
  bool ended_ = false;
};

}  // namespace sse_proxy
