#include "conf/reload.h"

#include <algorithm>

#include "conf/fields.h"
#include "conf/settings.h"
#include "conf/values.h"

namespace sse_proxy {
namespace {

bool same_rules(const std::vector<Rule>& a, const std::vector<Rule>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Rule& x, const Rule& y) { return print_rule(x) == print_rule(y); });
}

}  // namespace

Changes keep_what_needs_a_restart(const Loaded& running, Loaded& next) {
  Changes changes;
  Options before = running.options;  // Target is for writing as well
  for (size_t i = 0; i < next.provenance.size(); ++i) {
    const Field& field = *next.provenance[i].field;
    const bool differs = plain_value(field, Target(before)) != plain_value(field, Target(next.options));
    if (field.scope != Scope::start) {
      if (differs) changes.live.emplace_back(field.key);
      continue;
    }
    if (differs) changes.needs_restart.emplace_back(field.key);
    copy_value(field, Target(before), Target(next.options));
    next.provenance[i].source = running.provenance[i].source;
  }
  if (!same_rules(running.rules, next.rules)) changes.live.emplace_back("rule");
  return changes;
}

}  // namespace sse_proxy
