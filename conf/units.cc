#include "conf/units.h"

#include <charconv>
#include <optional>

namespace sse_proxy {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  uint64_t factor;
};

constexpr Unit kDurationUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 60 * 60 * 1000}};
constexpr Unit kSizeUnits[] = {{"", 1}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}};

Error problem(std::string message) { return Error{Side::self, 0, std::move(message)}; }

struct Split {
  std::string_view digits, rest;
  bool fraction;  // a decimal point follows the digits: `rest` is what comes after the fraction
};

Split split_number(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789";
  const size_t end = std::min(text.find_first_not_of(kDigits), text.size());
  Split split{text.substr(0, end), text.substr(end), false};
  if (end == 0 || split.rest.empty() || (split.rest[0] != '.' && split.rest[0] != ',')) return split;
  split.fraction = true;
  split.rest.remove_prefix(std::min(split.rest.find_first_not_of(kDigits, 1), split.rest.size()));
  return split;
}

std::optional<uint64_t> multiply(std::string_view digits, uint64_t factor, uint64_t most) {
  uint64_t number = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failure != std::errc() || number > most / factor) return std::nullopt;
  return number * factor;
}

template <size_t n>
const Unit* find_unit(const Unit (&units)[n], std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

Error no_unit(std::string_view text, bool off_allowed) {
  const std::string what = in_quotes(text) + " has no unit: ";
  if (text.find_first_not_of('0') == std::string_view::npos) {
    return problem(what + (off_allowed ? "write 0s or off" : "write 0s"));
  }
  const std::string number(text);
  return problem(what + "write " + number + "s for seconds or " + number + "ms for milliseconds");
}

}  // namespace

Result<milliseconds> parse_duration(std::string_view text, bool off_allowed) {
  if (text == "off") {
    if (off_allowed) return milliseconds(0);
    return problem("\"off\" is not possible here: write a duration such as 500ms, 15s, 2m or 1h");
  }
  const auto [digits, unit_name, fraction] = split_number(text);
  if (digits.empty()) {
    return problem(in_quotes(text) + " is not a duration: write 500ms, 15s, 2m or 1h" +
                   (off_allowed ? ", or off" : ""));
  }
  if (fraction) {
    return problem(in_quotes(text) +
                   " is a fraction: write a whole number of a smaller unit, such as 1500ms");
  }
  if (unit_name.empty()) return no_unit(text, off_allowed);
  const Unit* unit = find_unit(kDurationUnits, unit_name);
  if (!unit) {
    return problem(in_quotes(text) + " has the unknown unit " + in_quotes(unit_name) +
                   ": the units are ms, s, m and h");
  }
  const auto value = multiply(digits, unit->factor, static_cast<uint64_t>(kMaxDuration.count()));
  if (!value) {
    return problem(in_quotes(text) + " is too long: the longest duration is " +
                   format_duration(kMaxDuration));
  }
  return milliseconds(*value);
}

std::string format_duration(milliseconds duration) {
  const auto count = duration.count();
  const auto whole = [&](int64_t unit) { return count % unit == 0; };
  if (count == 0) return "0s";
  if (whole(3'600'000)) return std::to_string(count / 3'600'000) + "h";
  // From two minutes up: "60s" is what everybody's documentation says of a timeout, not "1m".
  if (whole(60'000) && count >= 120'000) return std::to_string(count / 60'000) + "m";
  if (whole(1000)) return std::to_string(count / 1000) + "s";
  return std::to_string(count) + "ms";
}

Result<size_t> parse_size(std::string_view text) {
  const auto [digits, unit_name, fraction] = split_number(text);
  if (digits.empty()) {
    return problem(in_quotes(text) + " is not a size: write 64KiB, 1MiB, 1GiB or a plain number of bytes");
  }
  if (fraction) {
    return problem(in_quotes(text) +
                   " is a fraction: write a whole number of a smaller unit, such as 1536KiB");
  }
  const Unit* unit = find_unit(kSizeUnits, unit_name);
  if (!unit) {
    return problem(in_quotes(text) + " has the unknown unit " + in_quotes(unit_name) +
                   ": the units are KiB, MiB and GiB, or none for bytes");
  }
  const auto value = multiply(digits, unit->factor, kMaxSize);
  if (!value) return problem(in_quotes(text) + " is too large: the largest size is " + format_size(kMaxSize));
  return static_cast<size_t>(*value);
}

std::string format_size(size_t bytes) {
  const Unit* best = &kSizeUnits[0];
  for (const Unit& unit : kSizeUnits) {
    if (bytes >= unit.factor && bytes % unit.factor == 0) best = &unit;
  }
  return std::to_string(bytes / best->factor).append(best->name);
}

Result<size_t> parse_count(std::string_view text, size_t least, size_t most) {
  uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number =
      end == text.data() + text.size() && !text.empty() && failure != std::errc::invalid_argument;
  if (is_number && failure == std::errc() && number >= least && number <= most)
    return static_cast<size_t>(number);
  const std::string range = "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  return problem(in_quotes(text) + " is not " + range);
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      constexpr char kHex[] = "0123456789ABCDEF";
      out.append("\\u00").append({kHex[byte >> 4], kHex[byte & 15]});
    } else {
      out += c;
    }
  }
  return out += '"';
}

}  // namespace sse_proxy
