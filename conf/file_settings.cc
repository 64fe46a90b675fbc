// The file's keys looked up in the table, and its rules.
#include <algorithm>
#include <deque>

#include "conf/settings.h"
#include "conf/suggest.h"
#include "conf/units.h"
#include "parser/http_types.h"

namespace sse_proxy {
namespace {

constexpr std::string_view kPath = "path", kMethod = "method", kEventStream = "event_stream",
                           kUpgrades = "upgrades";

std::string position(const std::string& name, unsigned line, unsigned column) {
  return name + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string key_position(const std::string& name, const TomlEntry& entry) {
  return position(name, entry.line, entry.column);
}

// Where the value is, and whose it is: "conf.toml:3:17: sse.keepalive".
std::string label(const std::string& name, const TomlEntry& entry) {
  return position(name, entry.value_line, entry.value_column) + ": " + entry.key;
}

Error problem(const std::string& label, const std::string& what) {
  return Error{Side::self, 0, label + ": " + what};
}

// "keepalive" for "sse.keepalive": what is left out most often.
std::string_view last_part(std::string_view key) {
  const size_t dot = key.rfind('.');
  return dot == std::string_view::npos ? key : key.substr(dot + 1);
}

// The key as a whole is tried before its flag and its last part.
std::string_view nearest_key(std::string_view key, bool in_rule) {
  std::vector<Candidate> whole, parts;
  if (in_rule) {
    for (const std::string_view own : {kPath, kMethod, kEventStream, kUpgrades}) whole.push_back({own, own});
  }
  for (const Field& field : fields()) {
    if (in_rule && field.scope != Scope::request) continue;
    whole.push_back({field.key, field.key});
    parts.push_back({field.flag, field.key});
    parts.push_back({last_part(field.key), field.key});
  }
  const std::string_view near = nearest(key, whole);
  return near.empty() ? nearest(last_part(key), parts) : near;
}

// A group such as `sse`, given as a table without anything in it, or wrongly as a value.
bool is_group(std::string_view key) {
  return std::ranges::any_of(fields(), [&](const Field& field) {
    return field.key.starts_with(key) && field.key.size() > key.size() && field.key[key.size()] == '.';
  });
}

bool is_empty_group(const TomlEntry& entry) { return is_group(entry.key) && entry.value.found == "a table"; }

Error unknown_key(const std::string& name, const TomlEntry& entry, bool in_rule) {
  if (is_group(entry.key)) return problem(label(name, entry), "expected a table, found " + entry.value.found);
  const std::string what = "unknown key " + in_quotes(entry.key) + (in_rule ? " in a rule" : "");
  return problem(key_position(name, entry), what + did_you_mean(nearest_key(entry.key, in_rule)));
}

Error not_per_request(const std::string& name, const TomlEntry& entry) {
  const bool early = entry.key.starts_with("timeouts.") || entry.key.starts_with("limits.");
  return problem(key_position(name, entry),
                 in_quotes(entry.key) + " can't be set in a rule: " +
                     (early ? "it applies before the path is known" : "it applies to the whole process"));
}

bool is_method(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return (c >= 'A' && c <= 'Z') || c == '-' || c == '_'; });
}

std::optional<Error> read_list(const std::string& name, const TomlEntry& entry,
                               std::vector<std::string>& list) {
  using Type = RawValue::Type;
  const RawValue& raw = entry.value;
  if (raw.type != Type::list && raw.type != Type::text) {
    return problem(label(name, entry), "expected a list of strings, found " + raw.found);
  }
  list = raw.type == Type::list ? raw.items : std::vector<std::string>{raw.text};
  return std::nullopt;
}

std::optional<Error> read_methods(const std::string& name, const TomlEntry& entry, Rule& rule) {
  if (auto wrong = read_list(name, entry, rule.methods)) return wrong;
  if (rule.methods.empty())
    return problem(label(name, entry), "the list is empty: leave it out for all methods");
  for (const std::string& method : rule.methods) {
    if (!is_method(method))
      return problem(label(name, entry),
                     in_quotes(method) + " is not a method: write it in capitals, as in \"POST\"");
  }
  return std::nullopt;
}

std::optional<Error> read_event_stream(const std::string& name, const TomlEntry& entry, Rule& rule) {
  if (entry.value.type != RawValue::Type::boolean) {
    return problem(label(name, entry), "expected true or false, found " + entry.value.found);
  }
  rule.event_stream = entry.value.text == "true";
  return std::nullopt;
}

// An upgrade to HTTP/2 would carry requests past every check that this proxy makes.
std::optional<Error> read_upgrades(const std::string& name, const TomlEntry& entry, Rule& rule) {
  if (auto wrong = read_list(name, entry, rule.upgrades.emplace())) return wrong;
  for (const std::string& protocol : *rule.upgrades) {
    if (!is_token(protocol))
      return problem(label(name, entry),
                     in_quotes(protocol) + " is not the name of a protocol: write one such as \"websocket\"");
    if (equals_ignoring_case(protocol, "h2c"))
      return problem(label(name, entry),
                     "an upgrade to h2c would carry requests past the proxy: leave it out");
  }
  return std::nullopt;
}

std::optional<Error> read_rule_entry(const std::string& name, const TomlEntry& entry, Rule& rule) {
  if (entry.key == kPath || is_empty_group(entry)) return std::nullopt;
  if (entry.key == kMethod) return read_methods(name, entry, rule);
  if (entry.key == kEventStream) return read_event_stream(name, entry, rule);
  if (entry.key == kUpgrades) return read_upgrades(name, entry, rule);
  const Field* field = find_key(entry.key);
  if (!field) return unknown_key(name, entry, true);
  if (field->scope != Scope::request) return not_per_request(name, entry);
  if (auto wrong = read_value(*field, entry.value, Target(rule.values)))
    return problem(label(name, entry), wrong->message);
  rule.settings.push_back({field, position(name, entry.value_line, entry.value_column)});
  return std::nullopt;
}

Result<Rule> read_rule(const TomlRule& source, const std::string& name) {
  const std::string start = position(name, source.line, source.column);
  const auto path = std::ranges::find(source.entries, kPath, &TomlEntry::key);
  if (path == source.entries.end())
    return problem(start, "this rule has no path: write one such as path = \"/events/**\"");
  if (path->value.type != RawValue::Type::text)
    return problem(label(name, *path), "expected a string, found " + path->value.found);
  auto glob = Glob::compile(path->value.text);
  if (!glob) return problem(label(name, *path), glob.error().message);
  Rule rule(*std::move(glob), start);
  for (const TomlEntry& entry : source.entries) {
    if (auto wrong = read_rule_entry(name, entry, rule)) return *wrong;
  }
  return rule;
}

}  // namespace

Result<FileSettings> read_document(const TomlDocument& document, const std::string& name) {
  FileSettings out;
  for (const TomlEntry& entry : document.entries) {
    if (is_empty_group(entry)) continue;
    const Field* field = find_key(entry.key);
    if (!field) return unknown_key(name, entry, false);
    out.settings.push_back(
        {field, entry.value, position(name, entry.value_line, entry.value_column), label(name, entry)});
  }
  for (const TomlRule& source : document.rules) {
    auto rule = read_rule(source, name);
    if (!rule) return rule.error();
    if (rule->settings.empty() && !rule->event_stream && !rule->upgrades) {
      out.notes.push_back({Note::Level::warning, rule->source + ": this rule sets nothing"});
    }
    out.rules.push_back(*std::move(rule));
  }
  return out;
}

}  // namespace sse_proxy
