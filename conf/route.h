// Per-path settings: the [[rule]]s of the file, and what a request gets once they are laid over the globals.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "conf/glob.h"
#include "conf/options.h"

namespace sse_proxy {

struct Field;

// One [[rule]]: which requests it is for, and what it changes. Made by load().
struct Rule {
  struct Setting {
    const Field* field;  // which member of `values` counts
    std::string source;  // file:line:column
  };
  Rule(Glob glob, std::string where) : path(std::move(glob)), source(std::move(where)) {}

  Glob path;
  std::vector<std::string> methods;  // empty: all
  std::optional<bool> event_stream;
  std::optional<std::vector<std::string>> upgrades;
  RouteOptions values;
  std::vector<Setting> settings;
  std::string source;  // where the rule starts

  // `path` is the raw path, without its query.
  bool matches(std::string_view method, std::string_view raw_path) const noexcept;
  // Lays this rule's settings over `route`.
  void apply(RouteOptions& route) const;
};

// What one request is served with: `event_stream` says whether one is expected by path, and
// first_keepalive is 0 where keepalive is.
using Route = RouteOptions;

// Finds the settings of a request. All matching rules apply in the order of the file, the later one wins;
// `sse.paths` comes before them all.
//   Owned by  a worker; it remembers each combination of rules, so it is not for several threads.
//   Borrows   the options and rules, which outlive it.
class RouteTable {
 public:
  RouteTable(const Options& options, const std::vector<Rule>& rules);
  RouteTable(const RouteTable&) = delete;
  RouteTable& operator=(const RouteTable&) = delete;

  // The reference stays valid as long as the table. Without rules and sse_paths it costs nothing.
  const Route& match(std::string_view method, std::string_view path);

 private:
  const std::vector<Rule>& rules_;
  std::vector<Glob> sse_paths_;
  const RouteOptions& options_route_;
  Route base_;                                           // where nothing matches
  std::unordered_map<std::string, Route> combinations_;  // nodes never move
  std::string key_;                                      // scratch: which rules match, a byte each
};

}  // namespace sse_proxy
