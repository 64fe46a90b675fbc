// sse-proxy-manual FORM: prints the reference in that form. Runs while the program is built.
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

#include "manual/manual.h"

namespace {

constexpr std::string_view kUsage = "usage: sse-proxy-manual options | man TEMPLATE | bash | zsh | fish\n";

int print(const std::string& text) { return std::cout << text << std::flush ? 0 : 1; }

}  // namespace

int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape): without memory it had better end
  const std::string_view form = argc > 1 ? argv[1] : "";
  if (form == "options") return print(sse_proxy::options_page());
  if (form == "bash") return print(sse_proxy::bash_completion());
  if (form == "zsh") return print(sse_proxy::zsh_completion());
  if (form == "fish") return print(sse_proxy::fish_completion());
  if (form != "man" || argc != 3) return std::cerr << kUsage, 2;
  std::ifstream frame(argv[2]);
  if (!frame) return std::cerr << "sse-proxy-manual: cannot read " << argv[2] << "\n", 1;
  return print(sse_proxy::man_page({std::istreambuf_iterator<char>(frame), {}}));
}
