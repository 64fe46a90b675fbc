#include "conf/load.h"

#include <sstream>
#include <utility>

#include "conf/behind.h"
#include "conf/settings.h"

namespace sse_proxy {
namespace {

using Settings = std::vector<Setting>;

// What prints something and reads no configuration.
std::optional<std::string> answer_at_once(Command command) {
  if (command == Command::help) return help_text();
  if (command == Command::version) return "sse-proxy " SSE_PROXY_VERSION "\n";
  if (command != Command::behind_list) return std::nullopt;
  std::ostringstream table;
  print_behind_table(table);
  return table.str();
}

Result<FileSettings> read_config_file(const std::string& path) {
  if (path.empty()) return FileSettings{};
  const auto text = read_file(path);
  if (!text) return text.error();
  const auto document = parse_toml(*text, path);
  if (!document) return document.error();
  return read_document(*document, path);
}

// The demo brings its own addresses and settings; it heeds how to log.
void keep_logging_only(std::vector<Setting>& settings) {
  std::erase_if(settings, [](const Setting& setting) { return setting.field->topic != Topic::logging; });
}

void add_notes(std::vector<Note>& to, std::vector<Note> from) {
  for (Note& note : from) to.push_back(std::move(note));
}

void add_provenance(Loaded& loaded, const Origins& origins) {
  for (const Field& field : fields()) {
    const auto& [source, label, why] = origins.of(field);
    std::string text = source.empty() && why.empty() ? "default" : source;
    if (!why.empty()) text += (source.empty() ? "auto: " : ", auto: ") + why;
    loaded.provenance.push_back({&field, std::move(text)});
  }
}

Result<Loaded> load_demo(CommandLine line, EnvironmentSettings environment) {
  Loaded loaded;
  loaded.command = Command::demo;
  loaded.demo_serve = line.demo_serve;
  Origins origins;
  keep_logging_only(environment.settings);
  for (const Settings* settings : {&std::as_const(environment.settings), &std::as_const(line.settings)}) {
    if (auto wrong = apply(*settings, loaded.options, origins)) return *wrong;
  }
  finish(loaded.options, loaded.rules, origins, "");
  add_provenance(loaded, origins);
  return loaded;
}

Result<Loaded> load_all(const CommandLine& line, EnvironmentSettings environment,
                        const std::string& system_root) {
  const auto file = read_config_file(line.config.empty() ? environment.config : line.config);
  if (!file) return file.error();
  Loaded loaded;
  loaded.command = line.command;
  loaded.check_print = line.check_print;
  loaded.check_live = line.check_live;
  loaded.rules = file->rules;
  Origins origins;
  for (const Settings* settings : {&file->settings, &std::as_const(environment.settings), &line.settings}) {
    if (auto wrong = apply(*settings, loaded.options, origins)) return *wrong;
  }
  if (auto wrong = validate(loaded.options, loaded.rules, origins, !line.check_live)) return *wrong;
  finish(loaded.options, loaded.rules, origins, system_root);
  loaded.notes = start_notes(loaded.options, origins);
  add_notes(loaded.notes, file->notes);
  add_notes(loaded.notes, std::move(environment.notes));
  add_provenance(loaded, origins);
  if (loaded.command == Command::check)
    loaded.text = loaded.check_print ? print_settings(loaded) : describe(loaded);
  return loaded;
}

}  // namespace

Origins::Origins() : origins_(fields().size()) {}

Origins::Origin& Origins::of(const Field& field) {
  return origins_[static_cast<size_t>(&field - fields().data())];
}

const Origins::Origin& Origins::of(const Field& field) const {
  return origins_[static_cast<size_t>(&field - fields().data())];
}

const Origins::Origin& Origins::of(std::string_view key) const { return of(*find_key(key)); }

std::string Origins::named(std::string_view key) const {
  const std::string& source = of(key).source;
  return std::string(key) + " (" + (source.empty() ? "default" : source) + ")";
}

std::optional<Error> apply(const std::vector<Setting>& settings, Options& options, Origins& origins) {
  for (const Setting& setting : settings) {
    if (auto wrong = read_value(*setting.field, setting.raw, Target(options))) {
      wrong->message = setting.label + ": " + wrong->message;
      return wrong;
    }
    origins.of(*setting.field) = {setting.source, setting.label, ""};
  }
  return std::nullopt;
}

Result<Loaded> load(int argc, const char* const* argv, const Environment& environment,
                    const std::string& system_root) {
  auto line = read_flags(argc, argv);
  if (!line) return line.error();
  if (auto text = answer_at_once(line->command)) {
    Loaded loaded;
    loaded.command = line->command;
    loaded.text = *std::move(text);
    return loaded;
  }
  EnvironmentSettings variables = read_environment(environment);
  if (line->command == Command::demo) return load_demo(*std::move(line), std::move(variables));
  return load_all(*line, std::move(variables), system_root);
}

}  // namespace sse_proxy
