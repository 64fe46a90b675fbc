// The option table: every option is written down here once. Flags, TOML keys, environment variables,
// --help, `check --print` and the test of sse-proxy.toml are all made from it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "conf/options.h"
#include "parser/result.h"

namespace sse_proxy {

// Where a value lives: a member of Options, or of one of the groups inside it.
template <class T>
using Place = std::variant<T Options::*, T RouteOptions::*, T SseOptions::*, T TimeoutOptions::*,
                           T LimitOptions::*, T TlsOptions::*, T UpstreamTlsOptions::*>;

// What is being filled or printed: all of Options, or the part of it that a rule can set.
struct Target {
  explicit Target(Options& all) : options(&all), route(all.route) {}
  explicit Target(RouteOptions& part) : options(nullptr), route(part) {}
  // A precondition: `place` is in `route` where there are no options.
  template <class T>
  T& at(const Place<T>& place) const;

  Options* options;
  RouteOptions& route;
};

// A check on a text: what is wrong with it, as a clause, or nothing.
using TextCheck = std::optional<std::string> (*)(std::string_view text);

// The kinds of value. `off`: the word `off` is allowed and means 0.
struct DurationValue {
  Place<milliseconds> place;
  bool off = false;
  milliseconds least{1};  // but for 0 where that is allowed
};
struct AutoDurationValue {
  Place<std::optional<milliseconds>> place;
  bool off = false;
  milliseconds least{1};
};
struct SizeValue {
  Place<size_t> place;
  bool off = false;
  size_t least = 0;
  size_t most = size_t{1} << 40;
};
struct AutoSizeValue {
  Place<std::optional<size_t>> place;
  size_t least = 0;
};
struct CountValue {
  Place<size_t> place;
  size_t least;
  size_t most;
  bool off = false;
};
struct WorkersValue {  // a count, or `auto`, which is 0 until finish()
  Place<unsigned> place;
};
struct SwitchValue {  // on, off
  Place<bool> place;
};
struct ModeValue {  // permission bits, in octal
  Place<uint32_t> place;
};
struct TextValue {
  Place<std::string> place;
  TextCheck check;
};
struct TextsValue {
  Place<std::vector<std::string>> place;
  TextCheck check;  // on each
  bool commas;      // a flag's value can be several of them
};
struct EndpointsValue {
  Place<std::vector<Endpoint>> place;
  Result<Endpoint> (*parse)(std::string_view text);
};
struct EndpointValue {  // one, or `off`
  Place<std::optional<Endpoint>> place;
  Result<Endpoint> (*parse)(std::string_view text);
};
struct TrustedProxiesValue {
  Place<TrustedProxies> place;
};
template <class E>
struct WordValue {  // names[i] stands for E(i)
  Place<E> place;
  std::span<const std::string_view> names;
};

using Value =
    std::variant<DurationValue, AutoDurationValue, SizeValue, AutoSizeValue, CountValue, WorkersValue,
                 SwitchValue, ModeValue, TextValue, TextsValue, EndpointsValue, EndpointValue,
                 TrustedProxiesValue, WordValue<KeepaliveForm>, WordValue<OnDisconnect>,
                 WordValue<TlsVersion>, WordValue<LogLevel>, WordValue<LogFormat>>;

// The headings of --help, in their order.
enum class Topic : uint8_t {
  basics,
  streams,
  timeouts,
  limits,
  tls,
  upstream,
  process,
  admin,
  logging,
  drain
};
std::string_view title(Topic topic);

// start: a reload does not change it; request: a [[rule]] may set it.
enum class Scope : uint8_t { start, process, request };

struct Field {
  std::string_view key;      // in the TOML file: "sse.keepalive"
  std::string_view flag;     // without its dashes: "keepalive"
  std::string_view metavar;  // empty: the flag stands alone and means `on`; `--flag=off` is possible too
  Value value;
  Scope scope;
  Topic topic;
  std::string_view help;  // without the default, which is printed from Options
};

// Every option, in the order of --help and of sse-proxy.toml. Static.
std::span<const Field> fields();

// The field of that key or flag, or null.
const Field* find_key(std::string_view key);
const Field* find_flag(std::string_view flag_without_dashes);

// SSE_PROXY_ and the key in capitals, with `_` for its dots.
std::string variable_of(const Field& field);

// True where each flag, TOML element or item of a comma-separated variable adds one value.
bool is_list(const Field& field);
// True where one flag can hold several of them, by comma.
bool has_commas(const Field& field);
// True where the flag needs no value.
bool stands_alone(const Field& field);

}  // namespace sse_proxy
