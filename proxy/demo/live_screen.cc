#include "proxy/demo/live_screen.h"

#include <algorithm>

#include "proxy/demo/cells.h"
#include "proxy/demo/report.h"

namespace sse_proxy::stage {
namespace {

using std::chrono_literals::operator""ms;

// Select Graphic Rendition, by what it means here.
constexpr std::string_view kPlain = "\033[0m";
constexpr std::string_view kBold = "\033[1m";
constexpr std::string_view kDim = "\033[2m";
constexpr std::string_view kBad = "\033[31m";
constexpr std::string_view kGood = "\033[32m";
constexpr std::string_view kWaiting = "\033[33m";

constexpr std::string_view kHideCursor = "\033[?25l";
constexpr std::string_view kShowCursor = "\033[?25h";
constexpr std::string_view kClearLine = "\033[2K";

constexpr size_t kColumns = 80;  // at least
constexpr size_t kMostCellsOfLane = 60;
constexpr size_t kSeparatorCells = 3;
constexpr size_t kTimeCells = 6;
constexpr size_t kLagCells = 8;
constexpr auto kHeldIfLaterThan = 100ms;

size_t rows_of_frame() { return script().size() + 12; }

std::string painted(std::string_view style, std::string_view text) {
  return std::string(style).append(text).append(kPlain);
}

microseconds planned(size_t index) {
  microseconds time{0};
  for (const Line& line : script().first(index + 1)) time += line.pause;
  return time;
}

const Sight* arrival(const std::vector<Sight>& sights, size_t index) {
  const auto at = std::find_if(sights.begin(), sights.end(), [index](const Sight& sight) {
    return sight.kind == Sight::Kind::event && sight.event.index == index;
  });
  return at == sights.end() ? nullptr : &*at;
}

std::string row_of_text(std::string_view time, std::string_view text, std::string_view lag, size_t cells) {
  return fit_right(time, kTimeCells) + "  " + fit(text, cells - kTimeCells - kLagCells - 3) + " " +
         fit_right(lag, kLagCells);
}

std::string event_row(const Lanes& lanes, const std::vector<Sight>& sights, size_t index, size_t cells) {
  const std::string_view title = script()[index].shown();
  if (const Sight* const sight = arrival(sights, index)) {
    const microseconds lag = sight->at - sight->event.sent;
    const bool good = lag < kGoodLag && sight->event.intact;
    return painted(good ? kGood : kBad, row_of_text(in_seconds(sight->at - lanes.begin), title,
                                                    sight->event.intact ? as_lag(lag) : "DAMAGED", cells));
  }
  if (clock_now() - lanes.begin < planned(index) + kHeldIfLaterThan) return fit("", cells);
  if (is_over(sights)) return painted(kBad, row_of_text("", title, "lost", cells));
  return painted(kWaiting, row_of_text("", title, "held …", cells));
}

// The row between the events before the long silence and those after it.
std::string silence_row(const Lanes& lanes, const std::vector<Sight>& sights, size_t cells) {
  const Figures figures = measure(sights);
  if (figures.cuts > 0) {
    return painted(
        kBad, row_of_text(in_seconds(sights.back().at - lanes.begin), "CUT by the middlebox", "", cells));
  }
  if (figures.keepalives > 0) {
    const std::string times = "x" + std::to_string(figures.keepalives);
    return painted(kDim, row_of_text("", "keep-alive " + times, "", cells));
  }
  const bool silent = clock_now() - lanes.begin > planned(first_after_silence() - 1) + kHeldIfLaterThan;
  return painted(kDim, row_of_text("", silent && !is_over(sights) ? "(silence)" : "", "", cells));
}

}  // namespace

bool LiveScreen::fits(size_t columns, size_t rows) { return columns >= kColumns && rows > rows_of_frame(); }

LiveScreen::LiveScreen(size_t columns)
    : left_(std::min((columns - kSeparatorCells) / 2, kMostCellsOfLane)),
      right_(std::min(columns - kSeparatorCells - left_, kMostCellsOfLane)) {
  (void)print(kHideCursor);
}

LiveScreen::~LiveScreen() { (void)print(kShowCursor); }

bool LiveScreen::finish(const Lanes& lanes) {
  const Figures with = measure(lanes.with);
  return draw(lanes, painted(is_right(with) ? kGood : kBad, verdict(measure(lanes.without), with)));
}

bool LiveScreen::draw(const Lanes& lanes, std::string_view last_line) {
  std::string text;
  if (drawn_) text = "\033[" + std::to_string(rows_of_frame()) + "A\r";
  drawn_ = true;
  return print(text + frame(lanes, last_line));
}

std::string LiveScreen::frame(const Lanes& lanes, std::string_view last_line) const {
  const Figures without = measure(lanes.without);
  const Figures with = measure(lanes.with);
  std::string text;
  const auto line = [&text](std::string_view content) {
    text.append(kClearLine).append(content).append("\n");
  };
  const auto both = [&](std::string_view left, std::string_view right) { line(side_by_side(left, right)); };
  line(painted(kBold, "sse-proxy demo") + ": one origin, one middlebox, two lanes, live");
  line("  origin     gzips unasked, tears events and characters apart, is silent 3.6 s");
  line("  middlebox  holds 4 KiB unless told not to, cuts after 3 s of silence");
  both(painted(kBold, fit("WITHOUT", left_)), painted(kBold, "WITH sse-proxy"));
  both(painted(kDim, fit("origin → middlebox → client", left_)),
       painted(kDim, "origin → sse-proxy → middlebox → client"));
  line(rule());
  for (size_t i = 0; i < script().size(); ++i) {
    if (i == first_after_silence())
      both(silence_row(lanes, lanes.without, left_), silence_row(lanes, lanes.with, right_));
    both(event_row(lanes, lanes.without, i, left_), event_row(lanes, lanes.with, i, right_));
  }
  line(rule());
  both(fit(events_in_words(without), left_), events_in_words(with));
  both(fit(lags_in_words(without), left_), lags_in_words(with));
  both(fit(faults_in_words(without), left_), faults_in_words(with));
  line(last_line.empty() ? in_seconds(clock_now() - lanes.begin) : std::string(last_line));
  return text;
}

// The separator goes to its column whatever width the terminal gave to the emoji on its left.
std::string LiveScreen::side_by_side(std::string_view left, std::string_view right) const {
  return std::string(left) + "\033[" + std::to_string(left_ + 1) + "G " + painted(kDim, "│") + " " +
         std::string(right);
}

std::string LiveScreen::rule() const {
  std::string text;
  for (size_t i = 0; i < left_ + kSeparatorCells + right_; ++i) text += i == left_ + 1 ? "┼" : "─";
  return painted(kDim, text);
}

}  // namespace sse_proxy::stage
