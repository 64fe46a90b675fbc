#include "proxy/demo/script.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sse_proxy::stage {
namespace {

using std::chrono_literals::operator""ms;

constexpr size_t kReportBytes = 6 * 1024;

// Text that no compressor makes much smaller, so that it fills the middlebox's buffer.
std::string make_report() {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  uint32_t state = 2463534242;  // xorshift: the same text in every run
  while (text.size() < kReportBytes) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    text.push_back(kAlphabet[state % kAlphabet.size()]);
  }
  return text;
}

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

size_t tear_point(std::string_view text) {
  const size_t middle = text.size() / 2;
  const auto after =
      std::find_if(text.begin() + static_cast<ptrdiff_t>(middle), text.end(), continues_character);
  if (after != text.end()) return static_cast<size_t>(after - text.begin());
  const auto any = std::find_if(text.begin(), text.end(), continues_character);
  return any == text.end() ? middle : static_cast<size_t>(any - text.begin());
}

std::string prefix(size_t index) { return "id: " + std::to_string(index + 1) + "\ndata: {\"text\":\""; }

constexpr std::string_view kStamp = "\",\"sent_us\":";

// The number right after the last `label` in `text`.
std::optional<int64_t> number_after(std::string_view text, std::string_view label) {
  const size_t at = text.rfind(label);
  if (at == std::string_view::npos) return std::nullopt;
  int64_t number = 0;
  const char* const from = text.data() + at + label.size();
  if (std::from_chars(from, text.data() + text.size(), number).ec != std::errc()) return std::nullopt;
  return number;
}

}  // namespace

microseconds clock_now() {
  return std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now().time_since_epoch());
}

std::span<const Line> script() {
  static const std::string kReport = make_report();
  static const std::array kScript = {
      Line{300ms, "Hello!", ""},
      Line{500ms, "안녕하세요 👋", ""},
      Line{500ms, "Tokens, one by one", ""},
      Line{500ms, "서울은 지금 맑음 ☀", ""},
      Line{500ms, kReport, "report.pdf, 6 KiB 📎"},
      Line{500ms, "그리고 이모지 🚀🎉", ""},
      Line{500ms, "Let me think …", ""},
      Line{kSilence, "생각이 끝났어요 💡", ""},
      Line{500ms, "The answer is 42", ""},
      Line{500ms, "정답은 42입니다 ✅", ""},
      Line{500ms, "감사합니다 🙏 Bye!", ""},
  };
  return kScript;
}

size_t first_after_silence() {
  const auto lines = script();
  return static_cast<size_t>(
      std::find_if(lines.begin(), lines.end(), [](const Line& line) { return line.pause >= kSilence; }) -
      lines.begin());
}

std::string event_start(size_t index, std::string_view text) {
  return prefix(index).append(text.substr(0, tear_point(text)));
}

std::string event_rest(std::string_view text, microseconds sent) {
  std::string rest(text.substr(tear_point(text)));
  return rest.append(kStamp).append(std::to_string(sent.count())).append("}\n\n");
}

std::optional<Received> read_event(std::string_view block) {
  const auto number = number_after(block, "id: ");
  const auto sent = number_after(block, kStamp);
  if (!number || !sent || *number < 1 || static_cast<size_t>(*number) > script().size()) return std::nullopt;
  Received event{static_cast<size_t>(*number - 1), microseconds(*sent), false};
  const std::string_view text = script()[event.index].text;
  event.intact = event_start(event.index, text) + event_rest(text, event.sent) == std::string(block) + "\n\n";
  return event;
}

}  // namespace sse_proxy::stage
