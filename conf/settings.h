// Settings on their way from a source to Options: what each source has to say, and where it says it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "conf/load.h"
#include "conf/toml_source.h"
#include "conf/values.h"
#include "parser/result.h"

namespace sse_proxy {

// One value for one option. `source` is for provenance, `label` starts the error's message: they are the
// same for a flag or a variable; for a file `label` is file:line:column with the key after it.
struct Setting {
  const Field* field;
  RawValue raw;
  std::string source;
  std::string label;
};

// The command line, taken apart. `config` is empty where --config was not given.
struct CommandLine {
  Command command = Command::run;
  std::vector<Setting> settings;
  std::string config;
  bool demo_serve = false;
  bool check_print = false;
  bool check_live = false;
};
Result<CommandLine> read_flags(int argc, const char* const* argv);

// The variables of the option table; others are left alone, but a near miss gives a note.
struct EnvironmentSettings {
  std::vector<Setting> settings;
  std::string config;  // SSE_PROXY_CONFIG
  std::vector<Note> notes;
};
EnvironmentSettings read_environment(const Environment& environment);

// The file's keys as settings, and its rules, whose values are read and checked one by one.
struct FileSettings {
  std::vector<Setting> settings;
  std::vector<Rule> rules;
  std::vector<Note> notes;
};
Result<FileSettings> read_document(const TomlDocument& document, const std::string& name);

// Where the values of all options came from, by the table's order.
class Origins {
 public:
  struct Origin {
    std::string source;  // empty: the default
    std::string label;
    std::string why;  // of a value that `auto` stands for; else empty
  };
  Origins();
  Origin& of(const Field& field);
  const Origin& of(const Field& field) const;
  // By key, which must be in the table.
  const Origin& of(std::string_view key) const;
  bool is_set(std::string_view key) const { return !of(key).source.empty(); }
  // The key with its source, for messages: "sse.keepalive_event (--keepalive-event)".
  std::string named(std::string_view key) const;

 private:
  std::vector<Origin> origins_;
};

// Reads the settings into `options` in their order; a later one replaces an earlier one.
std::optional<Error> apply(const std::vector<Setting>& settings, Options& options, Origins& origins);

// What no single value shows: contradictions, and what is missing. `needs_upstream`: the command is one
// that cannot do without. Before finish().
std::optional<Error> validate(const Options& options, const std::vector<Rule>& rules, const Origins& origins,
                              bool needs_upstream);

// Chooses the value of everything that is `auto`, in the rules as well, and notes why in `origins`.
void finish(Options& options, std::vector<Rule>& rules, Origins& origins, const std::string& system_root);

// The lines for the log at start. After finish().
std::vector<Note> start_notes(const Options& options, const Origins& origins);

// What `check` and `check --print` print.
std::string describe(const Loaded& loaded);
std::string print_settings(const Loaded& loaded);
// One [[rule]] as TOML.
std::string print_rule(const Rule& rule);

// What --help prints.
std::string help_text();

}  // namespace sse_proxy
