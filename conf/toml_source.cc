#include "conf/toml_source.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <tuple>

// The library's own target asks for its shared object; the header alone costs nothing at run time.
#undef TOML_SHARED_LIB
#undef TOML_HEADER_ONLY
#define TOML_HEADER_ONLY 1
#undef TOML_EXCEPTIONS
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "conf/units.h"

namespace sse_proxy {
namespace {

using Type = RawValue::Type;

constexpr std::string_view kRule = "rule";

std::string where(const std::string& name, unsigned line, unsigned column) {
  return name + ":" + std::to_string(line) + ":" + std::to_string(column) + ": ";
}

Error parse_problem(const std::string& name, const toml::parse_error& failure) {
  std::string text(failure.description());
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  const toml::source_position at = failure.source().begin;
  return Error{Side::self, 0, where(name, at.line, at.column) + text};
}

std::string type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "an array";
    case toml::node_type::floating_point: return "a number with a fraction";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time: return "a date or time";
    default: return "something else";
  }
}

RawValue list_value(const toml::array& array) {
  RawValue raw{Type::list, "", {}, "an array"};
  for (const toml::node& item : array) {
    const auto* text = item.as_string();
    if (!text) return {Type::other, "", {}, "an array of other things than strings"};
    raw.items.push_back(text->get());
  }
  return raw;
}

RawValue raw_value(const toml::node& node) {
  if (const auto* text = node.as_string())
    return {Type::text, text->get(), {}, "the string " + in_quotes(text->get())};
  if (const auto* number = node.as_integer()) {
    const std::string digits = std::to_string(number->get());
    return {Type::integer, digits, {}, "the integer " + digits};
  }
  if (const auto* flag = node.as_boolean()) {
    const std::string word = flag->get() ? "true" : "false";
    return {Type::boolean, word, {}, word};
  }
  if (const auto* array = node.as_array()) return list_value(*array);
  return {Type::other, "", {}, type_name(node)};
}

void flatten(const toml::table& table, const std::string& prefix, std::vector<TomlEntry>& out) {
  for (const auto& [key, node] : table) {
    std::string path = prefix + std::string(key.str());
    if (const toml::table* group = node.as_table(); group && !group->empty()) {
      flatten(*group, path + ".", out);
      continue;
    }
    const auto at = key.source().begin, value = node.source().begin;
    out.push_back({std::move(path), raw_value(node), at.line, at.column, value.line, value.column});
  }
}

// The library keeps keys in alphabetical order; people read errors in the order of the file.
void sort(std::vector<TomlEntry>& entries) {
  std::stable_sort(entries.begin(), entries.end(), [](const TomlEntry& a, const TomlEntry& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
}

// Takes the rules out of the document. False where `rule` is something else than an array of tables.
bool take_rules(const toml::table& root, TomlDocument& document) {
  const toml::node* node = root.get(kRule);
  if (!node) return true;
  const toml::array* rules = node->as_array();
  if (!rules) return false;
  for (const toml::node& item : *rules) {
    const toml::table* table = item.as_table();
    if (!table) return false;
    TomlRule rule{{}, item.source().begin.line, item.source().begin.column};
    flatten(*table, "", rule.entries);
    sort(rule.entries);
    document.rules.push_back(std::move(rule));
  }
  return true;
}

}  // namespace

Result<TomlDocument> parse_toml(std::string_view text, const std::string& name) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) return parse_problem(name, parsed.error());
  const toml::table& root = parsed.table();
  TomlDocument document;
  if (!take_rules(root, document)) {
    const auto at = root.find(kRule)->first.source().begin;
    return Error{Side::self, 0,
                 where(name, at.line, at.column) + "\"rule\" is a list of tables: write [[rule]]"};
  }
  flatten(root, "", document.entries);
  std::erase_if(document.entries, [](const TomlEntry& entry) { return entry.key == kRule; });
  sort(document.entries);
  return document;
}

Result<std::string> read_file(const std::string& path) {
  constexpr size_t kMost = 1024 * 1024;
  const auto failed = [&](const std::string& why) {
    return Error{Side::self, 0, "cannot read " + path + ": " + why};
  };
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), std::fclose);
  if (!file) return failed(std::strerror(errno));
  std::string text(kMost + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get())) return failed(std::strerror(errno));
  if (text.size() > kMost) return failed("it is larger than 1MiB");
  return text;
}

}  // namespace sse_proxy
