#include "proxy/demo/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "proxy/demo/cells.h"
#include "proxy/demo/live_screen.h"
#include "proxy/demo/report.h"

namespace sse_proxy::stage {
namespace {

constexpr std::string_view kIntroduction =
    "sse-proxy demo: one origin, one middlebox, two lanes; only one of them has sse-proxy in it\n"
    "  origin     gzips unasked, tears events and characters apart, is silent for 3.6 s\n"
    "  middlebox  holds 4 KiB unless told X-Accel-Buffering: no, cuts after 3 s of silence\n"
    "  without    origin -> middlebox -> client\n"
    "  with       origin -> sse-proxy -> middlebox -> client\n\n";

constexpr size_t kTitleCells = 24;

std::string in_words(const Sight& sight) {
  switch (sight.kind) {
    case Sight::Kind::event: break;
    case Sight::Kind::garbage: return "damaged: " + sight.detail;
    case Sight::Kind::keepalive: return "keep-alive";
    case Sight::Kind::end: return "clean end of the stream";
    case Sight::Kind::cut:
      return sight.detail.empty() ? "cut: the connection closed before its end" : sight.detail;
  }
  const std::string title = "\"" + std::string(script()[sight.event.index].shown()) + "\"";
  return "event " + fit_right(std::to_string(sight.event.index + 1), 2) + "  " + fit(title, kTitleCells) +
         "  lag " + as_lag(sight.at - sight.event.sent) + (sight.event.intact ? "" : "  DAMAGED");
}

std::string row(std::string_view name, const Figures& figures) {
  return "  " + fit(name, 9) + fit(events_in_words(figures), 16) + fit(lags_in_words(figures), 36) +
         faults_in_words(figures) + "\n";
}

// One line for each thing that a client saw.
class PlainScreen final : public Screen {
 public:
  bool update(const Lanes& lanes) override {
    std::vector<Entry> fresh;
    std::string text = introduced_ ? "" : std::string(kIntroduction);
    introduced_ = true;
    take_new(lanes.without, "without", shown_without_, fresh);
    take_new(lanes.with, "with", shown_with_, fresh);
    std::stable_sort(fresh.begin(), fresh.end(),
                     [](const Entry& a, const Entry& b) { return a.sight->at < b.sight->at; });
    for (const auto& [name, sight] : fresh) {
      text +=
          fit_right(in_seconds(sight->at - lanes.begin), 7) + "  " + fit(name, 9) + in_words(*sight) + "\n";
    }
    return print(text);
  }

  bool finish(const Lanes& lanes) override {
    const Figures without = measure(lanes.without);
    const Figures with = measure(lanes.with);
    return update(lanes) &&
           print("\n" + row("without", without) + row("with", with) + "\n" + verdict(without, with) + "\n");
  }

 private:
  struct Entry {
    std::string_view lane;
    const Sight* sight;
  };

  static void take_new(const std::vector<Sight>& sights, std::string_view lane, size_t& shown,
                       std::vector<Entry>& fresh) {
    for (; shown < sights.size(); ++shown) fresh.push_back({lane, &sights[shown]});
  }

  bool introduced_ = false;
  size_t shown_without_ = 0;
  size_t shown_with_ = 0;
};

bool terminal_can_redraw() {
  const char* const term = std::getenv("TERM");
  const char* const no_color = std::getenv("NO_COLOR");
  if (no_color && *no_color) return false;
  return isatty(STDOUT_FILENO) && term && *term && std::string_view(term) != "dumb";
}

}  // namespace

std::unique_ptr<Screen> Screen::for_stdout() {
  winsize size{};
  if (terminal_can_redraw() && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
      LiveScreen::fits(size.ws_col, size.ws_row)) {
    return std::make_unique<LiveScreen>(size.ws_col);
  }
  return std::make_unique<PlainScreen>();
}

bool print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace sse_proxy::stage
