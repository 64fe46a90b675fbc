// docs/options.md: a section per option, so that each has an address to link to.
#include <optional>

#include "conf/behind.h"
#include "conf/units.h"
#include "manual/manual.h"

namespace sse_proxy {
namespace {

constexpr std::string_view kHead = R"(# Options

Made from the program's option table (`sse-proxy-manual options`); edit `conf/fields.cc`, not this page.

Every option is a flag, a key of the TOML file and an environment variable. A flag goes before a variable, a variable
before the file, the file before the default; a list that is given higher up replaces the one below. Durations are
`500ms`, `15s`, `2m`, `1h` and, where it says so, `off`; sizes are `64KiB`, `1MiB`, or a number of bytes. Lists repeat
their flag; a variable holds them by commas. `sse-proxy check --print` shows each value and where it came from.

The file is named by `--config FILE` or `SSE_PROXY_CONFIG`; [sse-proxy.toml](../sse-proxy.toml) has every key with its
default. Options marked with *rule* can be set for some paths only:

```toml
upstream = ["http://127.0.0.1:3000"]

[[rule]]
path = "/v1/chat/**"    # the raw path without its query; * stays within a segment, ** does not
method = ["POST"]       # left out: all
event_stream = true     # expects an event stream whatever the request's Accept says
sse.early_headers = "20s"
timeouts.response = "10m"

[[rule]]
path = "/legacy/*"
upgrades = []           # protocols that a request may switch to; default ["websocket"]
```

All rules that match apply in the file's order, and the later one wins.
)";

std::string code(std::string_view text) { return "`" + std::string(text) + "`"; }

// What Markdown would take for markup; names in backquotes stay what they are.
std::string escaped(std::string_view text) {
  std::string out;
  bool in_code = false;
  for (const char c : text) {
    if (c == '`') in_code = !in_code;
    if (!in_code && (c == '*' || c == '<' || c == '|' || c == '_')) out += '\\';
    out += c;
  }
  return out;
}

void add_option(std::string& out, const Field& field) {
  const std::string flag = "--" + std::string(field.flag);
  out += "\n### " + flag + "\n\n";
  out += code(stands_alone(field) ? flag : flag + " " + std::string(field.metavar));
  if (is_list(field)) out += has_commas(field) ? " (a list)" : " (repeat)";
  out += " · " + code(field.key) + " · " + code(variable_of(field));
  const std::string value = default_text(field);
  if (field.key == "upstream")
    out += " · required";
  else if (!value.empty())
    out += " · default " + code(value);
  if (field.scope == Scope::request) out += " · *rule*";
  out += "\n\n" + escaped(field.help) + ".\n";
}

std::string cell(milliseconds limit) { return limit.count() == 0 ? "" : format_duration(limit); }

void add_behind(std::string& out) {
  out +=
      "\n## What `--behind` knows\n\n"
      "Defaults of each; yours may differ. Keep-alives keep clear of *idle*, `--early-headers` of *first "
      "byte*; "
      "nothing\nhelps against *whole response* but the hop's own setting, or `--max-stream-age` below it.\n\n"
      "| name | idle | first byte | whole response | advice |\n|---|---|---|---|---|\n";
  for (const Intermediary& entry : intermediaries()) {
    std::string total = cell(entry.total);
    if (!entry.total_note.empty()) total += (total.empty() ? "" : ", ") + std::string(entry.total_note);
    out += "| " + code(entry.name) + " | " + cell(entry.idle) + " | " + cell(entry.first_byte) + " | " +
           total + " | " + escaped(entry.advice) + " |\n";
  }
}

}  // namespace

std::string options_page() {
  std::string out(kHead);
  std::optional<Topic> topic;
  for (const Field& field : fields()) {
    if (topic != field.topic) {
      topic = field.topic;
      out += "\n## " + std::string(title(*topic)) + "\n";
    }
    add_option(out, field);
  }
  add_behind(out);
  return out;
}

}  // namespace sse_proxy
