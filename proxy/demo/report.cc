#include "proxy/demo/report.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <vector>

namespace sse_proxy::stage {
namespace {

using std::chrono_literals::operator""ms;

constexpr auto kTogether = 20ms;  // arrivals this close look like one
constexpr auto kApart = 100ms;    // sent with a pause that one would notice

bool is_lumped(const Sight& earlier, const Sight& later) {
  return later.at - earlier.at <= kTogether && later.event.sent - earlier.event.sent >= kApart;
}

size_t count_lumps(const std::vector<Sight>& events) {
  size_t lumps = 0;
  bool in_lump = false;
  for (size_t i = 1; i < events.size(); ++i) {
    const bool joins = is_lumped(events[i - 1], events[i]);
    if (joins && !in_lump) ++lumps;
    in_lump = joins;
  }
  return lumps;
}

size_t count(std::span<const Sight> sights, Sight::Kind kind) {
  return static_cast<size_t>(
      std::count_if(sights.begin(), sights.end(), [kind](const Sight& sight) { return sight.kind == kind; }));
}

std::string formatted(const char* format, double number) {
  char text[32];
  std::snprintf(text, sizeof text, format, number);
  return text;
}

std::string counted(size_t number, const std::string& noun) {
  if (number == 0) return "no " + noun;
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

}  // namespace

Figures measure(std::span<const Sight> sights) {
  Figures figures;
  std::vector<Sight> events;
  std::vector<microseconds> lags;
  for (const Sight& sight : sights) {
    if (sight.kind != Sight::Kind::event) continue;
    const bool in_order =
        events.empty() ? sight.event.index == 0 : sight.event.index == events.back().event.index + 1;
    if (sight.event.intact && in_order) ++figures.events;
    events.push_back(sight);
    lags.push_back(sight.at - sight.event.sent);
  }
  figures.damaged = events.size() - figures.events + count(sights, Sight::Kind::garbage);
  std::sort(lags.begin(), lags.end());
  if (!lags.empty()) {
    figures.median_lag = lags[lags.size() / 2];
    figures.worst_lag = lags.back();
  }
  figures.lumps = count_lumps(events);
  figures.cuts = count(sights, Sight::Kind::cut);
  figures.keepalives = count(sights, Sight::Kind::keepalive);
  figures.ended = count(sights, Sight::Kind::end) == 1;
  return figures;
}

bool is_right(const Figures& figures) {
  return figures.events == script().size() && figures.damaged == 0 && figures.worst_lag < kGoodLag &&
         figures.lumps == 0 && figures.cuts == 0 && figures.ended;
}

std::string in_seconds(microseconds time) {
  return formatted("%.2fs", static_cast<double>(time.count()) / 1e6);
}

std::string as_lag(microseconds lag) {
  const auto us = static_cast<double>(lag.count());
  if (us < 9950) return formatted("%.1f ms", us / 1e3);
  if (us < 999500) return formatted("%.0f ms", us / 1e3);
  return formatted("%.1f s", us / 1e6);
}

std::string events_in_words(const Figures& figures) {
  std::string words = std::to_string(figures.events) + " of " + std::to_string(script().size()) + " events";
  if (figures.damaged > 0) words += ", " + std::to_string(figures.damaged) + " damaged";
  return words;
}

std::string lags_in_words(const Figures& figures) {
  if (figures.events + figures.damaged == 0) return "nothing has arrived";
  return "median lag " + as_lag(figures.median_lag) + ", worst " + as_lag(figures.worst_lag);
}

std::string faults_in_words(const Figures& figures) {
  return counted(figures.lumps, "lump") + ", " + counted(figures.cuts, "cut") + ", " +
         counted(figures.keepalives, "keep-alive");
}

std::string verdict(const Figures& without, const Figures& with) {
  if (!is_right(with)) {
    return "Verdict: NOT right with sse-proxy: " + events_in_words(with) + ", worst lag " +
           as_lag(with.worst_lag) + ", " + faults_in_words(with) + (with.ended ? "" : ", no clean end");
  }
  const size_t lost = script().size() - without.events;
  return "Verdict: right. sse-proxy: " + events_in_words(with) + " within " + as_lag(with.worst_lag) +
         "; without it: " +
         (lost > 0 ? std::to_string(lost) + " lost" : "up to " + as_lag(without.worst_lag) + " late");
}

}  // namespace sse_proxy::stage
