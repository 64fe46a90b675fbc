#include "proxy/admin/config.h"

#include <nlohmann/json.hpp>

#include "conf/fields.h"
#include "conf/settings.h"
#include "conf/values.h"

namespace sse_proxy {

AdminAnswer config_answer(const Loaded& settings) {
  nlohmann::ordered_json options = nlohmann::ordered_json::object();
  Options values = settings.options;  // Target is for writing as well
  for (const auto& [field, source] : settings.provenance) {
    const std::string toml = toml_value(*field, Target(values));
    // Strings, whole numbers, booleans and lists of them are JSON as well; a size such as 64KiB is a string.
    auto value = nlohmann::ordered_json::parse(toml, nullptr, false);
    if (value.is_discarded()) value = toml;
    options[std::string(field->key)] = {{"value", std::move(value)}, {"source", source}};
  }
  nlohmann::ordered_json rules = nlohmann::ordered_json::array();
  for (const Rule& rule : settings.rules) rules.push_back(print_rule(rule));
  const nlohmann::ordered_json page = {{"options", std::move(options)}, {"rules", std::move(rules)}};
  return {.type = "application/json",
          .body = page.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"};
}

}  // namespace sse_proxy
