// The laws of an event stream (DESIGN section 2, rules 1, 3 to 6 and 10), held against any stream, any split
// into reads and any timing. The property test draws the choices at random, the fuzzer from its input.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/reference_sse.h"
#include "tests/support/stream_rig.h"

namespace sse_proxy::test {

// Draws a number in [0, n).
using Choices = std::function<size_t(size_t n)>;

inline constexpr std::string_view kKeepaliveEvent = "proxy-alive";

inline EventStreamSettings random_settings(const Choices& choose) {
  const auto pick = [&](auto... values) { return std::vector{values...}[choose(sizeof...(values))]; };
  EventStreamSettings settings;
  switch (choose(4)) {
    case 0: settings.keepalive_text = event_keepalive(kKeepaliveEvent); break;
    case 1: settings.keepalive_text = comment_keepalive("alive", false, pick(0, 64)); break;
    default: settings.keepalive_text = comment_keepalive("keep-alive", true, pick(0, 40)); break;
  }
  settings.keepalive = pick(Millis{0}, Millis{200}, Millis{1000}, Millis{1000}, Millis{7});
  settings.max_event_bytes = pick(0, 1, 10, 40, 1000, 1 << 20, 1 << 20);
  settings.partial_flush = pick(Millis{0}, Millis{50}, Millis{500}, Millis{5000});
  settings.retry = pick(Millis{0}, Millis{0}, Millis{1234});
  return settings;
}

// Drives one stream through `body` and checks every law after every call. violation() is empty if all held.
class LawfulStream {
 public:
  LawfulStream(std::string_view body, EventStreamSettings settings, Millis first, size_t memory,
               uint64_t seed)
      : body_(body),
        marks_(body),
        first_(first),
        memory_(memory),
        rig_(std::move(settings), first, memory, seed) {
    head_written_ = last_write_ = rig_.now;
    if (rig_.settings.retry > 0ms) took_injection();
    check("begin");
  }

  // One turn: reads of these sizes, as far as the body reaches.
  void turn(const std::vector<size_t>& sizes) {
    std::vector<std::string_view> reads;
    for (const size_t size : sizes) {
      reads.push_back(body_.substr(received_, size));
      if (reads.back().empty()) continue;
      received_ += reads.back().size();
      note_arrival();
    }
    const uint32_t released = rig_.stream->stats().partial_releases;
    const size_t used_before = rig_.budget.used();
    const size_t held_before = rig_.stream->held();
    rig_.turn(reads);
    took_upstream_writes();
    if (rig_.stream->stats().partial_releases != released) {
      const size_t rest = received_ - marks_.boundary[received_];
      const bool fits = rest <= rig_.settings.max_event_bytes && used_before - held_before + rest <= memory_;
      if (fits || rest == 0) violate("an event was let go without need");
      valve_at_ = marks_.boundary[received_];
    }
    if (written() < marks_.boundary[received_]) violate("a complete event did not leave in its turn");
    if (valve_at_ == marks_.boundary[received_] && written() < marks_.line_end[received_]) {
      violate("a line did not leave though its event streams through");
    }
    check("turn");
  }

  void pass(Millis span) { rig_.now += span; }
  void on_deadline() {
    const uint32_t keepalives = rig_.stream->stats().keepalives;
    const uint32_t released = rig_.stream->stats().partial_releases;
    const size_t before = written();
    rig_.stream->on_deadline(rig_.now);
    const bool injected = rig_.stream->stats().keepalives != keepalives;
    if (injected && rig_.client.writes.empty()) return violate("a keep-alive was counted, not written");
    std::string text;
    if (injected) {
      text = rig_.client.writes.back();
      rig_.client.writes.pop_back();
    }
    if (rig_.stream->stats().partial_releases != released) {
      if (rig_.settings.partial_flush == 0ms || rig_.now - held_since_ < rig_.settings.partial_flush) {
        violate("an incomplete event was let go too early");
      }
      valve_at_ = marks_.boundary[received_];
      if (written() != std::max(before, marks_.line_end[received_])) {
        violate("a partial release did not end at the last line end");
      }
    }
    took_upstream_writes();
    if (injected) {
      rig_.client.writes.push_back(text);
      check_keepalive(text);
      took_injection();
    }
    if (rig_.stream->deadline() <= rig_.now) violate("the deadline did not move on: a busy loop");
    check("deadline");
  }
  void on_deadline_at_deadline() {
    if (rig_.stream->deadline() == kNever) return;
    rig_.now = std::max(rig_.now, rig_.stream->deadline());
    on_deadline();
  }
  void client_takes(bool takes) {
    if (takes && !rig_.client.takes) {
      rig_.client.takes = true;
      rig_.stream->on_client_progress(rig_.now);
      last_write_ = rig_.now;
    }
    rig_.client.takes = takes;
  }
  void retry() {
    const bool could = rig_.stream->can_end();
    if (could != (written() == received_ && at_boundary())) violate("can_end() is wrong");
    if (rig_.stream->write_retry(77ms, rig_.now) != could) violate("`retry` goes where a clean end could be");
    if (could) took_injection();
    check("retry");
  }
  // Other streams' bytes, in the same budget.
  void charge_others(size_t bytes) {
    rig_.budget.charge(bytes);
    others_ += bytes;
  }
  void release_others() {
    rig_.budget.release(others_);
    others_ = 0;
  }

  void finish() {
    rig_.stream->finish(rig_.now);
    took_upstream_writes();
    if (written() != received_) violate("the end kept bytes back");
    rig_.now += 1h;
    if (rig_.stream->deadline() != kNever) violate("a deadline after the end");
    rig_.stream->on_deadline(rig_.now);
    if (!rig_.client.writes.empty()) violate("something was written after the end");
    release_others();
    if (rig_.budget.used() != 0) violate("the budget was not given back");
    if (rig_.client.has_empty_piece) violate("an empty piece was written");

    std::vector<ReferenceEvent> seen = reference_decode(client_bytes_).events;
    std::erase_if(seen, [](const ReferenceEvent& event) { return event.type == kKeepaliveEvent; });
    if (seen != reference_decode(body_.substr(0, received_)).events) violate("a client decodes other events");
  }

  [[nodiscard]] bool all_read() const { return received_ == body_.size(); }
  [[nodiscard]] const std::string& violation() const { return violation_; }

 private:
  [[nodiscard]] size_t written() const { return received_ - rig_.stream->held(); }
  [[nodiscard]] bool has_bom() const { return body_.substr(0, received_).starts_with(kBom); }
  [[nodiscard]] bool inside_bom() const {
    return received_ < 3 && kBom.starts_with(body_.substr(0, received_));
  }
  // A byte-order mark alone leaves nothing pending either.
  [[nodiscard]] bool at_boundary() const {
    return marks_.boundary[written()] == written() || (written() == 3 && has_bom());
  }
  [[nodiscard]] bool at_safe_line_end() const {
    const size_t at = written();
    if (marks_.line_end[at] != at || at == 0) return false;
    return body_[at - 1] != '\r' || (at < received_ && body_[at] != '\n');
  }

  void violate(std::string what) {
    if (violation_.empty()) violation_ = std::move(what) + " (" + std::to_string(received_) + " bytes read)";
  }

  void note_arrival() {
    if (held_from_ == marks_.boundary[received_] && held_since_ != kNever) return;
    held_from_ = marks_.boundary[received_];
    held_since_ = held_from_ == received_ ? kNever : rig_.now;
  }

  void took_injection() {
    if (rig_.client.writes.size() != 1) return violate("an injection is one write");
    client_bytes_ += rig_.client.writes[0];
    rig_.client.writes.clear();
    injected_ = true;
    last_write_ = rig_.now;
  }

  void took_upstream_writes() {
    for (const std::string& write : rig_.client.writes) {
      if (!body_begun_ && injected_ && has_bom()) passed_ = 3;
      body_begun_ = true;
      if (body_.substr(passed_, write.size()) != write) violate("other bytes were written than came");
      passed_ += write.size();
      client_bytes_ += write;
      last_write_ = rig_.now;
    }
    rig_.client.writes.clear();
    // What the writes say and what held() says must agree, but for the mark that was dropped by itself.
    const bool only_bom_dropped = !body_begun_ && injected_ && has_bom() && written() == 3;
    if (only_bom_dropped) body_begun_ = true, passed_ = 3, last_write_ = rig_.now;
    if (passed_ != written()) violate("bytes are neither held nor written");
  }

  void check_keepalive(std::string_view text) {
    const auto& settings = rig_.settings;
    if (!rig_.client.takes) violate("a keep-alive to a client that takes nothing");
    const auto& [at_boundary_text, at_line_end_text] = settings.keepalive_text;
    const bool whole = text == at_boundary_text && at_boundary();
    const bool bare = text == at_line_end_text && !text.empty() && at_safe_line_end();
    if (!whole && !bare) violate("a keep-alive in a wrong place or form");
    const Millis silence = rig_.now - last_write_;
    const Millis since_head = rig_.now - head_written_;
    const bool first = !had_keepalive_ && !body_begun_ && first_ > 0ms && since_head >= first_ - first_ / 10;
    if (silence < settings.keepalive - settings.keepalive / 10 && !first) violate("a keep-alive too early");
    had_keepalive_ = true;
  }

  void check(const char* after) {
    const auto fail = [&](const char* what) { violate(std::string(what) + " after " + after); };
    const size_t held = rig_.stream->held();
    const size_t limit = rig_.settings.max_event_bytes;
    if (held > std::max<size_t>(limit, inside_bom() ? 2 : 0)) fail("more is held than max-event-bytes");
    if (rig_.budget.used() != held + others_) fail("the budget is not charged what is held");
    if (written() != marks_.boundary[written()] && valve_at_ != marks_.boundary[written()]) {
      fail("a write ended inside an event");
    }
    if (rig_.stream->stats().events != marks_.events[received_]) fail("events were miscounted");
    const auto& text = rig_.settings.keepalive_text;
    const bool place = at_boundary() || (at_safe_line_end() && !text.at_line_end.empty());
    if (place && rig_.client.takes && rig_.settings.keepalive > 0ms &&
        rig_.stream->deadline() > last_write_ + rig_.settings.keepalive) {
      fail("a silent client would get no keep-alive within the interval");
    }
    const bool may_age = rig_.settings.partial_flush > 0ms && held > 0 && valve_at_ != held_from_;
    if (may_age && rig_.stream->deadline() > held_since_ + rig_.settings.partial_flush) {
      fail("a held event would not be released in time");
    }
  }

  const std::string_view body_;
  const ReferenceMarks marks_;
  const Millis first_;
  const size_t memory_;
  StreamRig rig_;
  std::string client_bytes_;
  std::string violation_;
  size_t received_ = 0;  // of the body
  size_t passed_ = 0;    // of the body, those that the writes account for
  size_t others_ = 0;
  size_t held_from_ = 0;
  size_t valve_at_ = static_cast<size_t>(-1);  // where the event begins that a valve let go
  TimePoint held_since_ = kNever;
  TimePoint head_written_;
  TimePoint last_write_;
  bool injected_ = false;
  bool body_begun_ = false;
  bool had_keepalive_ = false;
};

// One stream from beginning to end, all else chosen.
inline std::string check_event_stream_laws(std::string_view body, const Choices& choose) {
  const auto pick = [&](auto... values) { return std::vector{values...}[choose(sizeof...(values))]; };
  const EventStreamSettings settings = random_settings(choose);
  const Millis first = pick(Millis{0}, Millis{100}, Millis{500});
  const size_t memory = pick(size_t{0}, size_t{20}, size_t{1} << 30, size_t{1} << 30);
  const size_t largest_read = pick(1, 3, 20, 100, 5000) + body.size() / 100;
  LawfulStream stream(body, settings, first, memory, choose(1000));
  while (!stream.all_read() && stream.violation().empty()) {
    switch (choose(12)) {
      case 0: stream.pass(Millis(choose(1200))); break;
      case 1: stream.pass(Millis(choose(60))); break;
      case 2: stream.on_deadline(); break;
      case 3:
      case 4: stream.on_deadline_at_deadline(); break;
      case 5: stream.client_takes(choose(3) > 0); break;
      case 6: stream.retry(); break;
      case 7: choose(2) == 0 ? stream.charge_others(size_t{1} << choose(32)) : stream.release_others(); break;
      default: {
        std::vector<size_t> sizes(choose(4));
        for (size_t& size : sizes) size = 1 + choose(static_cast<size_t>(largest_read));
        stream.turn(sizes);
      }
    }
  }
  if (choose(2) == 0) stream.on_deadline_at_deadline();
  stream.finish();
  return stream.violation();
}

}  // namespace sse_proxy::test
