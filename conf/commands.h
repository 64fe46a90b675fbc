// The words of the command line that name no option. Help, the man page and the completions print them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sse_proxy {

enum class Command : uint8_t { run, demo, check, help, version, behind_list };

struct CommandWord {
  std::string_view word;
  Command command;
  std::string_view usage;  // after the program's name
  std::string_view help;
};

// A flag that one command alone takes. It has no value, and neither key nor variable.
struct CommandFlag {
  Command command;
  std::string_view flag;  // without its dashes
  std::string_view help;
};

// In the order of --help. Static.
std::span<const CommandWord> commands();
std::span<const CommandFlag> command_flags();

}  // namespace sse_proxy
