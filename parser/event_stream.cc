#include "parser/event_stream.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sse_proxy {
namespace {

constexpr size_t kBomSize = 3;

}  // namespace

EventStream::EventStream(const EventStreamSettings& settings, BodyWriter& writer, MemoryBudget& budget,
                         TurnScratch& scratch, Millis first_keepalive, TimePoint now, uint64_t seed)
    : settings_(settings),
      writer_(writer),
      budget_(budget),
      scratch_(scratch),
      clock_(settings.keepalive, first_keepalive, now, seed),
      last_upstream_(now) {
  if (settings_.retry > Millis::zero()) (void)write_retry(settings_.retry, now);
}

EventStream::~EventStream() { budget_.release(hold_.size()); }

void EventStream::push(std::string_view bytes) noexcept {
  if (bytes.empty()) return;
  const size_t base = pending();
  const EventScanner::Scan found = scanner_.scan(bytes);
  scratch_.fresh.push_back(bytes);
  fresh_bytes_ += bytes.size();
  stats_.bytes += bytes.size();
  stats_.events += found.events;
  if (found.line_end > 0) line_end_ = base + found.line_end;
  if (found.boundary > 0) {
    boundary_ = base + found.boundary;
    release_ = Release::by_event;
  }
  switch (release_) {
    case Release::by_event: ready_ = boundary_; break;
    case Release::by_line: ready_ = line_end_; break;
    case Release::at_once: ready_ = pending(); break;
  }
}

void EventStream::end_turn(TimePoint now) {
  if (fresh_bytes_ == 0) return;
  stats_.longest_silence = std::max(stats_.longest_silence, now - last_upstream_);
  last_upstream_ = now;
  if (ready_ == fresh_bytes_ && hold_.empty() && body_written_) return write_fresh(now);
  allow_what_cannot_be_held();
  write_ready(now);
}

// What most turns are: whole events came, nothing was held and nothing is to be.
void EventStream::write_fresh(TimePoint now) {
  const bool ends_in_cr = scratch_.fresh.back().back() == '\r';
  writer_.write_body(scratch_.fresh);
  note_written(ready_, ends_in_cr, now);
  scratch_.fresh.clear();
  fresh_bytes_ = ready_ = boundary_ = line_end_ = 0;
}

void EventStream::finish(TimePoint now) {
  stats_.longest_silence = std::max(stats_.longest_silence, now - last_upstream_);
  ready_ = pending();
  write_ready(now);
  ended_ = true;
}

// The two safety valves of memory: one event may not grow past its limit, nor all of them past theirs.
void EventStream::allow_what_cannot_be_held() {
  const size_t rest = pending() - ready_;
  const size_t more = rest > hold_.size() ? rest - hold_.size() : 0;
  if (scanner_.inside_bom()) {
    budget_.charge(more);  // two bytes at most, and only the next one tells what they are
  } else if (rest > settings_.max_event_bytes || (more > 0 && !budget_.reserve(more))) {
    release_ = Release::at_once;
    ready_ = pending();
    ++stats_.partial_releases;
  }
}

void EventStream::write_ready(TimePoint now) {
  const size_t written = ready_;
  if (written > 0) {
    auto& out = scratch_.out;
    out.clear();
    if (!hold_.empty()) out.emplace_back(hold_);
    out.insert(out.end(), scratch_.fresh.begin(), scratch_.fresh.end());
    size_t excess = pending() - written;
    while (excess > 0 && excess >= out.back().size()) {
      excess -= out.back().size();
      out.pop_back();
    }
    out.back().remove_suffix(excess);
    const bool ends_in_cr = out.back().back() == '\r';
    if (!body_written_ && injected_ && scanner_.has_bom()) drop_bom();
    if (!out.empty()) writer_.write_body(out);

    note_written(written, ends_in_cr, now);
  }
  keep_rest(written, now);
}

// Where the wire stands now.
void EventStream::note_written(size_t written, bool ends_in_cr, TimePoint now) {
  body_written_ = true;
  if (written == boundary_ || (written == pending() && scanner_.at_boundary())) {
    wire_ = Wire::boundary;  // the latter: a byte-order mark that was let go alone
  } else {
    wire_ = written == line_end_ ? Wire::line_end : Wire::inside;
  }
  wire_ends_in_cr_ = ends_in_cr;
  clock_.on_written(KeepaliveClock::Wrote::upstream_bytes, now);
}

// A byte-order mark counts only as the very first thing (rule 6): after an injection it would be text.
void EventStream::drop_bom() {
  size_t left = kBomSize;
  auto& out = scratch_.out;
  while (left > 0) {
    const size_t cut = std::min(left, out.front().size());
    out.front().remove_prefix(cut);
    left -= cut;
    if (out.front().empty()) out.erase(out.begin());
  }
}

void EventStream::keep_rest(size_t written, TimePoint now) {
  const size_t rest = pending() - written;
  const size_t held = hold_.size();
  if (written >= hold_.size()) {
    size_t skip = written - hold_.size();
    hold_ = std::string();  // an idle stream owns no buffer, one after a large event no large one
    for (std::string_view piece : scratch_.fresh) {
      const size_t cut = std::min(skip, piece.size());
      skip -= cut;
      hold_.append(piece.substr(cut));
    }
  } else {
    hold_.erase(0, written);
    for (std::string_view piece : scratch_.fresh) hold_.append(piece);
  }
  scratch_.fresh.clear();
  fresh_bytes_ = 0;
  ready_ = 0;
  boundary_ = 0;
  line_end_ = line_end_ > written ? line_end_ - written : 0;
  if (rest == 0) {
    held_since_ = kNever;
  } else if (held == 0 || written > 0) {
    held_since_ = now;
  }
  if (rest < held) budget_.release(held - rest);  // what came in addition was reserved before
}

void EventStream::on_deadline(TimePoint now) {
  if (release_ == Release::by_event && settings_.partial_flush > Millis::zero() && held_since_ != kNever &&
      now - held_since_ >= settings_.partial_flush) {
    release_ = Release::by_line;
    ++stats_.partial_releases;
    ready_ = line_end_;
    write_ready(now);
  }
  const std::string_view text = keepalive_now();
  if (!text.empty() && now >= clock_.due() && writer_.taking()) {
    ++stats_.keepalives;
    inject(text, KeepaliveClock::Wrote::keepalive, now);
  }
}

TimePoint EventStream::deadline() const noexcept {
  TimePoint next = kNever;
  if (!keepalive_now().empty() && writer_.taking()) next = clock_.due();
  if (release_ == Release::by_event && settings_.partial_flush > Millis::zero() && held_since_ != kNever) {
    next = std::min(next, held_since_ + settings_.partial_flush);
  }
  return next;
}

// What may be written where the wire stands; empty where nothing may (inside a line, or after a CR that an LF
// may still follow, or after the end).
std::string_view EventStream::keepalive_now() const noexcept {
  if (ended_) return {};
  switch (wire_) {
    case Wire::boundary: return settings_.keepalive_text.at_boundary;
    case Wire::line_end:
      return wire_ends_in_cr_ && hold_.empty() ? std::string_view() : settings_.keepalive_text.at_line_end;
    case Wire::inside: return {};
  }
  return {};
}

void EventStream::inject(std::string_view text, KeepaliveClock::Wrote what, TimePoint now) {
  injected_ = true;
  writer_.write_body(std::span(&text, 1));
  clock_.on_written(what, now);
}

bool EventStream::write_retry(Millis retry, TimePoint now) {
  if (!can_end()) return false;
  inject("retry: " + std::to_string(retry.count()) + "\n\n", KeepaliveClock::Wrote::anything_else, now);
  return true;
}

}  // namespace sse_proxy
