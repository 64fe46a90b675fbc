// --help, made from the table.
#include "conf/layout.h"
#include "conf/settings.h"

namespace sse_proxy {
namespace {

constexpr size_t kHelpColumn = 36;

constexpr std::string_view kTail = R"(
Every option is also a key of the TOML file and an environment variable: --keepalive is
sse.keepalive and SSE_PROXY_SSE_KEEPALIVE; sse-proxy.toml names all keys, and a variable holds a
list by commas. A flag goes before a variable, a variable before the file, which SSE_PROXY_CONFIG
can name too. [[rule]]s of the file hold settings per path.
Durations are 500ms, 15s, 2m, 1h; sizes are 64KiB, 1MiB, or a number of bytes.

Examples:
  sse-proxy --upstream http://127.0.0.1:3000
  sse-proxy --listen 0.0.0.0:8081 --upstream unix:/run/app.sock --behind alb,cloudflare
  sse-proxy --upstream http://app:3000 --sse-path '/v1/chat/**' --early-headers 20s
  sse-proxy check --config sse-proxy.toml
)";

void add_entry(std::string& out, const std::string& left, std::string_view help) {
  out += "  " + left;
  fill_to(out, kHelpColumn);
  append_wrapped(out, help, kHelpColumn);
}

void add_usage(std::string& out) {
  out += "sse-proxy makes Server-Sent Events arrive: at once, whole, and without being cut.\n\nUsage:\n";
  for (const CommandWord& command : commands())
    add_entry(out, "sse-proxy " + std::string(command.usage), command.help);
  out += "  sse-proxy --help | --version\n";
}

std::string default_of(const Field& field) {
  Options defaults;
  const std::string value = plain_value(field, Target(defaults));
  if (field.key == "upstream") return " (required)";
  return value.empty() ? "" : std::string(" (default:") + kFixedSpace + value + ")";
}

}  // namespace

std::string help_text() {
  std::string out;
  add_usage(out);
  std::optional<Topic> topic;
  for (const Field& field : fields()) {
    if (topic != field.topic) {
      topic = field.topic;
      out += "\n" + std::string(title(*topic)) + ":\n";
      if (topic == Topic::basics) add_entry(out, "--config FILE", "TOML file to read");
    }
    const std::string value = stands_alone(field) ? "" : " " + std::string(field.metavar);
    const std::string left = "--" + std::string(field.flag) + value;
    add_entry(out, left, std::string(field.help) + default_of(field));
  }
  return out.append(kTail);
}

}  // namespace sse_proxy
