// What every form of the manual asks about a field.
#include <algorithm>

#include "conf/behind.h"
#include "conf/values.h"
#include "manual/manual.h"

namespace sse_proxy {
namespace {

// "auto" and "off" of `auto|off|DUR`: what is in capitals stands for something else.
std::vector<std::string_view> words_of_metavar(std::string_view metavar) {
  std::vector<std::string_view> words;
  while (!metavar.empty()) {
    const std::string_view word = metavar.substr(0, metavar.find('|'));
    metavar.remove_prefix(std::min(word.size() + 1, metavar.size()));
    if (word.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos) words.push_back(word);
  }
  return words;
}

template <class E>
std::vector<std::string_view> names_of(const WordValue<E>& value) {
  return {value.names.begin(), value.names.end()};
}
template <class T>
std::vector<std::string_view> names_of(const T&) {
  return {};
}

}  // namespace

std::string default_text(const Field& field) {
  Options defaults;
  return plain_value(field, Target(defaults));
}

std::string short_help(const Field& field) {
  std::string text;
  bool in_code = false;
  for (size_t i = 0; i < field.help.size(); ++i) {
    const char c = field.help[i];
    const bool mark = (c == ';' || c == ':') && field.help.substr(i + 1).starts_with(' ');
    if (mark && !in_code) break;
    if (c == '`')
      in_code = !in_code;
    else
      text += c;
  }
  return text;
}

std::vector<std::string_view> known_words(const Field& field) {
  if (field.key == "behind") {
    std::vector<std::string_view> names{"list"};
    for (const Intermediary& entry : intermediaries()) names.push_back(entry.name);
    return names;
  }
  if (std::holds_alternative<TrustedProxiesValue>(field.value)) return {"private", "unix", "none"};
  auto names = std::visit([](const auto& value) { return names_of(value); }, field.value);
  return names.empty() ? words_of_metavar(field.metavar) : names;
}

void fill_in(std::string& frame, std::string_view name, std::string_view text) {
  size_t at = 0;
  while ((at = frame.find(name, at)) != std::string::npos) {
    const size_t size = name.size() + (text.ends_with('\n') ? 1 : 0);
    frame.replace(at, size, text);
    at += text.size();
  }
}

bool names_file(const Field& field) { return field.metavar == "FILE"; }

}  // namespace sse_proxy
