// The man page's parts that come from the tables; the prose is in docs/man/sse-proxy.1.in.
#include <optional>

#include "conf/commands.h"
#include "manual/manual.h"

namespace sse_proxy {
namespace {

// Text as roff prints it: hyphens that can be copied, and no line that is taken for a request.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '`') continue;  // no markup for code here
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

std::string bold(std::string_view text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + roff(text) + "\\fR"; }

std::string command_lines() {
  std::string out;
  for (const CommandWord& command : commands()) {
    out += ".TP\n" + bold(command.word) + "\n" + roff(command.help) + ".\n";
    for (const CommandFlag& flag : command_flags()) {
      if (flag.command != command.command) continue;
      out += bold("--" + std::string(flag.flag)) + ": " + roff(flag.help) + ".\n";
    }
  }
  return out;
}

std::string option_lines() {
  std::string out;
  std::optional<Topic> topic;
  for (const Field& field : fields()) {
    if (topic != field.topic) {
      topic = field.topic;
      out += ".SS " + roff(title(*topic)) + "\n";
    }
    out += ".TP\n" + bold("--" + std::string(field.flag));
    if (!stands_alone(field)) out += " " + italic(field.metavar);
    out += "\n" + roff(field.help) + ".\n";
    const std::string value = default_text(field);
    if (!value.empty()) out += "Default: " + bold(value) + ".\n";
    out += "Key: " + bold(field.key) + (field.scope == Scope::request ? ", also in a rule" : "");
    out += "; variable: " + bold(variable_of(field)) + ".\n";
  }
  return out;
}

}  // namespace

std::string man_page(std::string frame) {
  fill_in(frame, "@VERSION@", SSE_PROXY_VERSION);
  fill_in(frame, "@COMMANDS@", command_lines());
  fill_in(frame, "@OPTIONS@", option_lines());
  return frame;
}

}  // namespace sse_proxy
