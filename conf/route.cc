#include "conf/route.h"

#include <algorithm>

#include "conf/values.h"

namespace sse_proxy {
namespace {

// `off with keepalive off`, once both are known.
void settle(Route& route) {
  if (route.sse.keepalive == 0ms) route.sse.first_keepalive = 0ms;
}

}  // namespace

bool Rule::matches(std::string_view method, std::string_view raw_path) const noexcept {
  if (!methods.empty() && std::ranges::find(methods, method) == methods.end()) return false;
  return path.matches(raw_path);
}

void Rule::apply(RouteOptions& route) const {
  RouteOptions from = values;  // Target is for writing as well
  for (const Setting& setting : settings) copy_value(*setting.field, Target(from), Target(route));
  if (event_stream) route.event_stream = *event_stream;
  if (upgrades) route.upgrades = *upgrades;
}

RouteTable::RouteTable(const Options& options, const std::vector<Rule>& rules)
    : rules_(rules), options_route_(options.route), base_(options.route) {
  settle(base_);
  for (const std::string& pattern : options.sse_paths) {
    if (auto glob = Glob::compile(pattern)) sse_paths_.push_back(*std::move(glob));  // load() has checked it
  }
}

const Route& RouteTable::match(std::string_view method, std::string_view path) {
  if (rules_.empty() && sse_paths_.empty()) return base_;
  const auto expects = [path](const Glob& glob) { return glob.matches(path); };
  key_.assign(1, std::ranges::any_of(sse_paths_, expects) ? '+' : '-');
  for (const Rule& rule : rules_) key_ += rule.matches(method, path) ? '+' : '-';
  if (const auto known = combinations_.find(key_); known != combinations_.end()) return known->second;
  Route route = options_route_;
  if (key_[0] == '+') route.event_stream = true;
  for (size_t i = 0; i < rules_.size(); ++i) {
    if (key_[i + 1] == '+') rules_[i].apply(route);
  }
  settle(route);
  return combinations_.emplace(key_, std::move(route)).first->second;
}

}  // namespace sse_proxy
