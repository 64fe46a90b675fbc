// The command line, by CLI11, whose exceptions end here.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>
#include <exception>

#include "conf/settings.h"
#include "conf/suggest.h"
#include "conf/units.h"

namespace sse_proxy {
namespace {

Error problem(std::string message) { return Error{Side::self, 0, std::move(message)}; }

std::string flag_of(const Field& field) { return "--" + std::string(field.flag); }

// What was on the line, before it is judged. Values are as often there as their flag was.
struct Line {
  struct Values {
    const Field* field;
    std::vector<std::string> values;
  };
  std::deque<Values> fields;  // addresses don't change: CLI11 keeps them
  std::vector<std::string> config;
  bool help = false, version = false, serve = false, print = false, live = false;
  std::vector<std::string> rest;  // commands, and what no flag is
};

// Takes the values as they are, each flag one: CLI11's own conversions split brackets and braces.
void add_flag(CLI::App& app, const std::string& flag, std::vector<std::string>& values) {
  app.add_option(flag,
                 [&values](const CLI::results_t& results) {
                   values = results;
                   // CLI11 2.4 marks a single {} as an empty list.
                   if (values == std::vector<std::string>{"{}", "%%"}) values.pop_back();
                   return true;
                 })
      ->type_size(1)
      ->expected(1, CLI::detail::expected_max_vector_size)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

std::string_view metavar_of(std::string_view flag) {
  const Field* field = find_flag(flag);
  return field ? field->metavar : "FILE";
}

bool takes_value(std::string_view flag) {
  return flag.starts_with("--") && (flag == "--config" || find_flag(flag.substr(2)));
}

bool is_alone(std::string_view argument) {
  const Field* field = argument.starts_with("--") ? find_flag(argument.substr(2)) : nullptr;
  return field && stands_alone(*field);
}

// CLI11 starts its message with the option's name.
Error missing_value(std::string what) {
  std::replace_if(
      what.begin(), what.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  const std::string flag = what.substr(0, what.find_first_of(": "));
  if (!takes_value(flag)) return problem(what);
  return problem(flag + " needs a value: " + flag + " " + std::string(metavar_of(flag.substr(2))));
}

// The arguments in the order that CLI11 wants, every flag of the table with a value: `--flag=value` in two,
// as CLI11 would not let the value be empty, and what stands alone with the `on` that it means.
std::vector<std::string> backwards(int argc, const char* const* argv) {
  std::vector<std::string> out;
  for (int i = argc - 1; i > 0; --i) {
    const std::string_view argument = argv[i];
    const size_t equals = argument.find('=');
    if (equals == std::string_view::npos || !takes_value(argument.substr(0, equals))) {
      if (is_alone(argument)) out.emplace_back("on");
      out.emplace_back(argument);
      continue;
    }
    out.emplace_back(argument.substr(equals + 1));
    out.emplace_back(argument.substr(0, equals));
  }
  return out;
}

Result<Line> split_line(int argc, const char* const* argv) {
  Line line;
  try {
    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    app.add_flag("-h,--help", line.help);
    app.add_flag("--version", line.version);
    app.add_flag("--serve", line.serve);
    app.add_flag("--print", line.print);
    app.add_flag("--live", line.live);
    add_flag(app, "--config", line.config);
    for (const Field& field : fields()) {
      auto& entry = line.fields.emplace_back(Line::Values{&field, {}});
      add_flag(app, flag_of(field), entry.values);
    }
    app.parse(backwards(argc, argv));
    line.rest = app.remaining();
  } catch (const CLI::ParseError& failure) {
    return missing_value(failure.what());
  } catch (const std::exception& failure) {
    return problem(std::string("the command line: ") + failure.what());
  }
  return line;
}

// CLI11 takes whatever follows as the value, another flag as well.
std::optional<Error> check_values(const Line& line) {
  for (const auto& [field, values] : line.fields) {
    for (const std::string& value : values) {
      const std::string_view flag = std::string_view(value).substr(0, value.find('='));
      if (takes_value(flag)) return missing_value(flag_of(*field));
    }
  }
  return std::nullopt;
}

std::optional<Error> check_unknown(const Line& line) {
  for (const std::string& word : line.rest) {
    if (word.size() < 2 || word[0] != '-') continue;
    std::vector<Candidate> known = {{"help", "--help"},   {"version", "--version"}, {"config", "--config"},
                                    {"serve", "--serve"}, {"print", "--print"},     {"live", "--live"}};
    std::deque<std::string> answers;
    for (const Field& field : fields()) {
      const std::string& answer = answers.emplace_back(flag_of(field));
      known.push_back({field.flag, answer});
      known.push_back({field.key, answer});
    }
    const std::string flag = word.substr(0, word.find('='));
    const std::string_view near =
        nearest(std::string_view(flag).substr(flag.find_first_not_of('-') == 1 ? 1 : 2), known);
    return problem("unknown option " + flag +
                   (near.empty() ? " (--help lists them)" : ": did you mean " + std::string(near) + "?"));
  }
  return std::nullopt;
}

Error unknown_command(const std::string& word) {
  if (word.find("://") != std::string::npos || word.starts_with("unix:")) {
    return problem(in_quotes(word) + " is not a command: write --upstream " + word);
  }
  std::vector<Candidate> known;
  for (const CommandWord& entry : commands()) known.push_back({entry.word, entry.word});
  const std::string_view near = nearest(word, known);
  return problem("unknown command " + in_quotes(word) +
                 (near.empty() ? ": the commands are run, demo and check" : did_you_mean(near)));
}

Result<Command> find_command(const Line& line) {
  if (line.help) return Command::help;
  if (line.version) return Command::version;
  std::optional<Command> command;
  for (const std::string& word : line.rest) {
    const auto known = std::ranges::find(commands(), word, &CommandWord::word);
    if (command && known != commands().end())
      return problem("there are two commands: " + line.rest[0] + " and " + word);
    if (known == commands().end()) return unknown_command(word);
    command = known->command;
  }
  return command.value_or(Command::run);
}

std::optional<Error> check_command(const Line& line, Command command) {
  if (line.serve && command != Command::demo)
    return problem("--serve is an option of demo: sse-proxy demo --serve");
  if (line.print && command != Command::check)
    return problem("--print is an option of check: sse-proxy check --print");
  if (line.live && command != Command::check)
    return problem("--live is an option of check: sse-proxy check --live");
  if (line.live && line.print) return problem("--live and --print are two different checks: leave one out");
  if (line.config.size() > 1) return problem("--config is given twice: there is one file");
  if (command != Command::demo) return std::nullopt;
  if (!line.config.empty())
    return problem("--config means nothing to demo, which takes --serve and the log options");
  for (const auto& [field, values] : line.fields) {
    if (values.empty() || field->topic == Topic::logging) continue;
    return problem(flag_of(*field) + " means nothing to demo, which takes --serve and the log options");
  }
  return std::nullopt;
}

// An empty value empties a list.
RawValue list_value(const Field& field, const std::vector<std::string>& values) {
  RawValue raw{RawValue::Type::list, "", {}, ""};
  for (const std::string& value : values) {
    const std::vector<std::string> items =
        has_commas(field) ? split_list(value) : std::vector<std::string>{value};
    for (const std::string& item : items) {
      if (!item.empty()) raw.items.push_back(item);
    }
  }
  return raw;
}

}  // namespace

Result<CommandLine> read_flags(int argc, const char* const* argv) {
  const auto line = split_line(argc, argv);
  if (!line) return line.error();
  if (auto wrong = check_values(*line)) return *wrong;
  if (auto wrong = check_unknown(*line)) return *wrong;
  const auto command = find_command(*line);
  if (!command) return command.error();
  CommandLine out{*command,    {},          line->config.empty() ? "" : line->config[0],
                  line->serve, line->print, line->live};
  if (out.command == Command::help || out.command == Command::version) return out;
  if (auto wrong = check_command(*line, *command)) return *wrong;
  for (const auto& [field, values] : line->fields) {
    if (values.empty()) continue;
    const std::string flag = flag_of(*field);
    if (field->flag == "behind" && values == std::vector<std::string>{"list"}) {
      out.command = Command::behind_list;
      return out;
    }
    if (is_list(*field)) {
      out.settings.push_back({field, list_value(*field, values), flag, flag});
      continue;
    }
    if (values.size() > 1)
      return problem(flag + " is given twice, as " + in_quotes(values[0]) + " and as " +
                     in_quotes(values[1]));
    out.settings.push_back({field, {RawValue::Type::bare, values[0], {}, ""}, flag, flag});
  }
  return out;
}

}  // namespace sse_proxy
