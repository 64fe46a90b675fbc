// The tests of this folder, or, with `--verdicts PROXY_PORT ORIGIN_PORT`, what any proxy on that port makes
// of the same cases, as lines of tab-separated text: side, theme, case, section, expected, seen, detail, why.
#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "tests/conformance/observe.h"

namespace sse_proxy::test {
namespace {

constexpr Millis kSilence{250};

// One line, whatever bytes the detail has.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) out += c >= ' ' && c < '\x7f' ? c : '?';
  return out;
}

template <class Case>
void print_verdicts(Observer& observer, const char* side, const std::vector<Theme<Case>>& themes) {
  for (const Theme<Case>& theme : themes) {
    for (const Case& row : theme.cases) {
      const Seen seen = observer.observe(row);
      std::cout << side << '\t' << theme.name << '\t' << row.name << '\t' << row.section << '\t'
                << row.expected.verdict << '\t' << seen.verdict << '\t' << printable(seen.detail) << '\t'
                << row.expected.why << std::endl;
    }
  }
}

int print_all(const char* proxy_port, const char* origin_port) {
  RecordingOrigin origin(static_cast<uint16_t>(std::stoi(origin_port)));
  Observer observer(origin, static_cast<uint16_t>(std::stoi(proxy_port)), kSilence);
  print_verdicts(observer, "request", request_themes());
  print_verdicts(observer, "response", response_themes());
  return 0;
}

}  // namespace
}  // namespace sse_proxy::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc == 4 && std::string_view(argv[1]) == "--verdicts") {
    return sse_proxy::test::print_all(argv[2], argv[3]);
  }
  return RUN_ALL_TESTS();
}
