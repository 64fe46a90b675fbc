#include "conf/values.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <type_traits>

#include "conf/suggest.h"
#include "conf/units.h"

namespace sse_proxy {

template <class T>
T& Target::at(const Place<T>& place) const {
  return std::visit(
      [this](auto member) -> T& {
        using Member = decltype(member);
        if constexpr (std::is_same_v<Member, T Options::*>) return options->*member;
        if constexpr (std::is_same_v<Member, T RouteOptions::*>) return route.*member;
        if constexpr (std::is_same_v<Member, T SseOptions::*>) return route.sse.*member;
        if constexpr (std::is_same_v<Member, T TimeoutOptions::*>) return route.timeouts.*member;
        if constexpr (std::is_same_v<Member, T LimitOptions::*>) return options->limits.*member;
        if constexpr (std::is_same_v<Member, T TlsOptions::*>) return options->tls.*member;
        if constexpr (std::is_same_v<Member, T UpstreamTlsOptions::*>) return options->upstream_tls.*member;
      },
      place);
}

namespace {

using Problem = std::optional<Error>;
using Type = RawValue::Type;

Error problem(std::string message) { return Error{Side::self, 0, std::move(message)}; }

// `auto` in a flag, `"auto"` in a file.
constexpr std::string_view kAuto = "auto";
constexpr std::string_view kOff = "off";

template <class T, class Parsed>
Problem assign(T& place, const Result<Parsed>& parsed) {
  if (!parsed) return parsed.error();
  place = static_cast<T>(*parsed);
  return std::nullopt;
}

Result<milliseconds> bounded(std::string_view text, bool off, milliseconds least) {
  auto parsed = parse_duration(text, off);
  if (!parsed || *parsed >= least || (off && parsed->count() == 0)) return parsed;
  return problem(in_quotes(text) + " is too short: write " + (off ? "off, or " : "") + "at least " +
                 format_duration(least));
}

Result<size_t> bounded(std::string_view text, size_t least, size_t most) {
  auto parsed = parse_size(text);
  if (!parsed || (*parsed >= least && *parsed <= most)) return parsed;
  if (*parsed < least)
    return problem(in_quotes(text) + " is too small: write at least " + format_size(least));
  return problem(in_quotes(text) + " is too large: write at most " + format_size(most));
}

std::string joined(std::span<const std::string_view> names) {
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) {
    out.append(i == 0 ? "" : i + 1 == names.size() ? " or " : ", ").append(names[i]);
  }
  return out;
}

// What the field takes, for "expected ..., found ...", and which types of TOML can be it.
struct Expectation {
  std::string what;
  bool integer = false, boolean = false, list = false;
};

struct Expect {
  Expectation operator()(const DurationValue&) const {
    return {.what = "a duration in quotes such as \"15s\""};
  }
  Expectation operator()(const AutoDurationValue&) const {
    return {.what = "a duration in quotes such as \"15s\""};
  }
  Expectation operator()(const SizeValue&) const {
    return {.what = "a size such as \"64KiB\"", .integer = true};
  }
  Expectation operator()(const AutoSizeValue&) const {
    return {.what = "a size such as \"64KiB\"", .integer = true};
  }
  Expectation operator()(const CountValue& value) const {
    return {.what = value.off ? "a whole number or \"off\"" : "a whole number", .integer = true};
  }
  Expectation operator()(const WorkersValue&) const {
    return {.what = "a whole number or \"auto\"", .integer = true};
  }
  Expectation operator()(const SwitchValue&) const { return {.what = "true or false", .boolean = true}; }
  Expectation operator()(const ModeValue&) const {
    return {.what = "an octal mode in quotes such as \"0660\""};
  }
  Expectation operator()(const TextValue&) const { return {.what = "a string"}; }
  Expectation operator()(const TextsValue&) const { return {.what = "a list of strings", .list = true}; }
  Expectation operator()(const EndpointsValue&) const { return {.what = "a list of strings", .list = true}; }
  Expectation operator()(const EndpointValue&) const { return {.what = "an address in quotes, or \"off\""}; }
  Expectation operator()(const TrustedProxiesValue&) const {
    return {.what = "a list of strings", .list = true};
  }
  template <class E>
  Expectation operator()(const WordValue<E>& value) const {
    return {.what = "one of the strings " + joined(value.names)};
  }
};

// A count in quotes is the one string that is a wrong type: "4" where 4 is meant.
bool fits(const Field& field, const RawValue& raw, const Expectation& expected) {
  switch (raw.type) {
    case Type::bare: return true;
    case Type::text:
      if (std::holds_alternative<WorkersValue>(field.value)) return raw.text == kAuto;
      if (const auto* count = std::get_if<CountValue>(&field.value)) return count->off && raw.text == kOff;
      return true;
    case Type::integer: return expected.integer;
    case Type::boolean: return expected.boolean;
    case Type::list: return expected.list;
    case Type::other: return false;
  }
  return false;
}

std::vector<std::string> items_of(const RawValue& raw, bool commas) {
  if (raw.type == Type::list) return raw.items;
  if (!commas) return {raw.text};
  return split_list(raw.text);
}

// Reads one kind of value into its place; the type has been checked.
struct Reader {
  const RawValue& raw;
  const Target& target;

  Problem operator()(const DurationValue& value) const {
    return assign(target.at(value.place), bounded(raw.text, value.off, value.least));
  }
  Problem operator()(const AutoDurationValue& value) const {
    if (raw.text != kAuto) return assign(target.at(value.place), bounded(raw.text, value.off, value.least));
    target.at(value.place).reset();
    return std::nullopt;
  }
  Problem operator()(const SizeValue& value) const {
    if (value.off && raw.text == kOff) {
      target.at(value.place) = 0;
      return std::nullopt;
    }
    return assign(target.at(value.place), bounded(raw.text, value.least, value.most));
  }
  Problem operator()(const AutoSizeValue& value) const {
    if (raw.text != kAuto) return assign(target.at(value.place), bounded(raw.text, value.least, kMaxSize));
    target.at(value.place).reset();
    return std::nullopt;
  }
  Problem operator()(const CountValue& value) const {
    if (value.off && raw.text == kOff) {
      target.at(value.place) = 0;
      return std::nullopt;
    }
    return assign(target.at(value.place), parse_count(raw.text, value.least, value.most));
  }
  Problem operator()(const WorkersValue& value) const {
    constexpr size_t kMost = 1024;
    if (raw.text != kAuto) return assign(target.at(value.place), parse_count(raw.text, 1, kMost));
    target.at(value.place) = 0;
    return std::nullopt;
  }
  Problem operator()(const SwitchValue& value) const {
    const bool on = raw.text == "on" || raw.text == "true";
    if (!on && raw.text != "off" && raw.text != "false")
      return problem(in_quotes(raw.text) + " is neither on nor off");
    target.at(value.place) = on;
    return std::nullopt;
  }
  Problem operator()(const ModeValue& value) const {
    uint32_t mode = 0;
    const char* end = raw.text.data() + raw.text.size();
    const auto [stop, failure] = std::from_chars(raw.text.data(), end, mode, 8);
    if (failure != std::errc() || stop != end || mode > 0777) {
      return problem(in_quotes(raw.text) +
                     " is not an octal mode: write one from 0000 to 0777, such as 0660");
    }
    target.at(value.place) = mode;
    return std::nullopt;
  }
  Problem operator()(const TextValue& value) const {
    if (auto wrong = value.check(raw.text)) return problem(std::move(*wrong));
    target.at(value.place) = raw.text;
    return std::nullopt;
  }
  Problem operator()(const TextsValue& value) const {
    std::vector<std::string> items = items_of(raw, value.commas);
    for (const std::string& item : items) {
      if (auto wrong = value.check(item)) return problem(std::move(*wrong));
    }
    target.at(value.place) = std::move(items);
    return std::nullopt;
  }
  Problem operator()(const EndpointsValue& value) const {
    std::vector<Endpoint> endpoints;
    for (const std::string& item : items_of(raw, false)) {
      auto endpoint = value.parse(item);
      if (!endpoint) return endpoint.error();
      endpoints.push_back(*std::move(endpoint));
    }
    target.at(value.place) = std::move(endpoints);
    return std::nullopt;
  }
  Problem operator()(const EndpointValue& value) const {
    if (raw.text != kOff) return assign(target.at(value.place), value.parse(raw.text));
    target.at(value.place).reset();
    return std::nullopt;
  }
  Problem operator()(const TrustedProxiesValue& value) const {
    return assign(target.at(value.place), parse_trusted_proxies(items_of(raw, true)));
  }
  template <class E>
  Problem operator()(const WordValue<E>& value) const {
    std::vector<Candidate> names;
    for (size_t i = 0; i < value.names.size(); ++i) {
      if (raw.text == value.names[i]) {
        target.at(value.place) = static_cast<E>(i);
        return std::nullopt;
      }
      names.push_back({value.names[i], value.names[i]});
    }
    return problem(in_quotes(raw.text) + " is not " + joined(value.names) +
                   did_you_mean(nearest(raw.text, names)));
  }
};

// A value as text, and whether TOML writes it in quotes; or a list.
struct Printed {
  std::vector<std::string> items;
  bool quotes = true;
  bool list = false;
};

struct Printer {
  const Target& target;
  bool toml;

  static std::string duration(milliseconds value, bool off) {
    return off && value.count() == 0 ? "off" : format_duration(value);
  }
  Printed operator()(const DurationValue& value) const {
    return {{duration(target.at(value.place), value.off)}};
  }
  Printed operator()(const AutoDurationValue& value) const {
    const auto& place = target.at(value.place);
    return {{place ? duration(*place, value.off) : std::string(kAuto)}};
  }
  Printed operator()(const SizeValue& value) const {
    const size_t size = target.at(value.place);
    if (size == 0) return {{value.off ? "off" : "0"}, value.off};
    return {{format_size(size)}};
  }
  Printed operator()(const AutoSizeValue& value) const {
    const auto& place = target.at(value.place);
    return {{place ? format_size(*place) : std::string(kAuto)}};
  }
  Printed operator()(const CountValue& value) const {
    const size_t count = target.at(value.place);
    if (value.off && count == 0) return {{std::string(kOff)}};
    return {{std::to_string(count)}, false};
  }
  Printed operator()(const WorkersValue& value) const {
    const unsigned workers = target.at(value.place);
    if (workers == 0) return {{std::string(kAuto)}};
    return {{std::to_string(workers)}, false};
  }
  Printed operator()(const SwitchValue& value) const {
    const bool on = target.at(value.place);
    if (toml) return {{on ? "true" : "false"}, false};
    return {{on ? "on" : "off"}};
  }
  Printed operator()(const ModeValue& value) const {
    const uint32_t mode = target.at(value.place);
    const auto digit = [mode](int shift) { return static_cast<char>('0' + (mode >> shift & 7)); };
    return {{std::string{'0', digit(6), digit(3), digit(0)}}};
  }
  Printed operator()(const TextValue& value) const { return {{target.at(value.place)}}; }
  Printed operator()(const TextsValue& value) const { return {target.at(value.place), true, true}; }
  Printed operator()(const EndpointsValue& value) const {
    Printed printed{{}, true, true};
    for (const Endpoint& endpoint : target.at(value.place)) printed.items.push_back(endpoint.text);
    return printed;
  }
  Printed operator()(const EndpointValue& value) const {
    const auto& place = target.at(value.place);
    return {{place ? place->text : std::string(kOff)}};
  }
  Printed operator()(const TrustedProxiesValue& value) const {
    return {target.at(value.place).texts, true, true};
  }
  template <class E>
  Printed operator()(const WordValue<E>& value) const {
    return {{std::string(value.names[static_cast<size_t>(target.at(value.place))])}};
  }
};

}  // namespace

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view item = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) items.emplace_back(item);
  }
  return items;
}

std::optional<Error> read_value(const Field& field, const RawValue& raw, const Target& target) {
  const Expectation expected = std::visit(Expect{}, field.value);
  if (!fits(field, raw, expected)) return problem("expected " + expected.what + ", found " + raw.found);
  return std::visit(Reader{raw, target}, field.value);
}

std::string toml_value(const Field& field, const Target& target) {
  const Printed printed = std::visit(Printer{target, true}, field.value);
  std::string out;
  for (const std::string& item : printed.items) {
    if (!out.empty()) out += ", ";
    out += printed.quotes ? in_quotes(item) : item;
  }
  return printed.list ? "[" + out + "]" : out;
}

std::string plain_value(const Field& field, const Target& target) {
  std::string out;
  for (const std::string& item : std::visit(Printer{target, false}, field.value).items) {
    if (!out.empty()) out += ',';
    out += item;
  }
  return out;
}

void copy_value(const Field& field, const Target& from, const Target& to) {
  std::visit([&](const auto& value) { to.at(value.place) = from.at(value.place); }, field.value);
}

}  // namespace sse_proxy
