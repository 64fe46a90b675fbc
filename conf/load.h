// The command line, the environment and the TOML file in; one finished Options out.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "conf/commands.h"
#include "conf/note.h"
#include "conf/options.h"
#include "conf/route.h"
#include "parser/result.h"

namespace sse_proxy {

struct Field;

// Where the value of one option came from: `default`, `auto: why`, `file:line:column`, `SSE_PROXY_X`
// or `--flag`.
struct Provenance {
  const Field* field;
  std::string source;
};

struct Loaded {
  Command command = Command::run;
  Options options;
  std::vector<Rule> rules;
  std::vector<Note> notes;             // for the log at start
  std::vector<Provenance> provenance;  // one per option, in the table's order
  bool demo_serve = false;             // demo --serve
  bool check_print = false;            // check --print; `text` is already what it prints
  bool check_live = false;             // check --live: there may be no upstream
  std::string text;                    // help, version, behind_list, check: what to print on stdout
};

using Environment = std::map<std::string, std::string, std::less<>>;

// main()'s envp, or environ; ends with a null pointer.
Environment environment_of(const char* const* envp);

// Precedence: flag > environment > file > default. The error's message is one line that names the flag,
// the variable or file:line:column; print it after `sse-proxy: ` and exit with 2. `system_root` is where
// /proc and /sys are looked for (a test's own tree). Neither throws nor writes anything.
Result<Loaded> load(int argc, const char* const* argv, const Environment& environment,
                    const std::string& system_root = "");

}  // namespace sse_proxy
