#include <string_view>

#include "conf/settings.h"
#include "conf/suggest.h"

namespace sse_proxy {
namespace {

constexpr std::string_view kPrefix = "SSE_PROXY_";
constexpr std::string_view kConfig = "SSE_PROXY_CONFIG";

RawValue raw_value(const Field& field, const std::string& text) {
  if (is_list(field)) return {RawValue::Type::list, "", split_list(text), ""};
  return {RawValue::Type::bare, text, {}, ""};
}

// Kubernetes gives every container such variables for a service called `sse-proxy`, and others for
// `sse-proxy-...`; their values are addresses, numbers or protocols of the cluster.
bool is_kubernetes(std::string_view name) {
  return name.find("_SERVICE_") != std::string_view::npos || name.find("_PORT") != std::string_view::npos;
}

// SSE_PROXY_KEEPALIVE or SSE_PROXY_SSE_KEEPALVE: never an error, but hardly what was meant.
std::optional<Note> near_miss(std::string_view name) {
  if (is_kubernetes(name)) return std::nullopt;
  const std::string_view word = name.substr(kPrefix.size());
  const Field* best = nullptr;
  size_t best_distance = word.size() < 6 ? 2 : 3;
  for (const Field& field : fields()) {
    const std::string variable = variable_of(field);
    std::string flag;
    for (const char c : field.flag) flag += c == '-' ? '_' : static_cast<char>(c - ('a' - 'A'));
    const size_t distance = std::min(edit_distance(word, std::string_view(variable).substr(kPrefix.size())),
                                     edit_distance(word, flag));
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = &field;
  }
  if (!best) return std::nullopt;
  return Note{Note::Level::warning, std::string(name) +
                                        " is not a variable of an option and is ignored: did you mean " +
                                        variable_of(*best) + "?"};
}

}  // namespace

Environment environment_of(const char* const* envp) {
  Environment out;
  for (; envp && *envp; ++envp) {
    const std::string_view entry = *envp;
    const size_t equals = entry.find('=');
    if (equals != std::string_view::npos) out.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return out;
}

EnvironmentSettings read_environment(const Environment& environment) {
  EnvironmentSettings out;
  std::map<std::string, const Field*, std::less<>> known;
  for (const Field& field : fields()) known.emplace(variable_of(field), &field);
  for (auto entry = environment.lower_bound(kPrefix); entry != environment.end(); ++entry) {
    const auto& [name, value] = *entry;
    if (!name.starts_with(kPrefix)) break;
    if (value.empty()) continue;  // as good as not set: what a template makes of a missing value
    const auto found = known.find(name);
    if (found != known.end()) {
      out.settings.push_back({found->second, raw_value(*found->second, value), name, name});
    } else if (name == kConfig) {
      out.config = value;
    } else if (auto note = near_miss(name)) {
      out.notes.push_back(*std::move(note));
    }
  }
  return out;
}

}  // namespace sse_proxy
