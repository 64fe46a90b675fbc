// Reads and prints the values of the option table. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conf/fields.h"

namespace sse_proxy {

// A value as a source gave it, before the table has said what it should be.
struct RawValue {
  // `bare` is the text of a flag or a variable, which may stand for any kind of value; the others are
  // TOML's types, which must fit.
  enum class Type : uint8_t { bare, text, integer, boolean, list, other };
  Type type = Type::bare;
  std::string text;  // of a scalar
  std::vector<std::string>
      items;          // of a list of strings; lists from flags and variables are of this type too
  std::string found;  // "the integer 15": what the error says that it found
};

// The items between commas, without the spaces around them and without empty ones.
std::vector<std::string> split_list(std::string_view text);

// Reads `raw` into the field's place in `target`; a list replaces what was there. On failure the message
// is a clause about the value, and `target` is unchanged.
std::optional<Error> read_value(const Field& field, const RawValue& raw, const Target& target);

// The value as TOML that reads back to it: `"15s"`, `64`, `["a", "b"]`. An empty optional is `"auto"`.
std::string toml_value(const Field& field, const Target& target);

// The value as a flag would be given: `15s`, `a,b`; empty where there is nothing.
std::string plain_value(const Field& field, const Target& target);

// Copies the field's value. Both must have it.
void copy_value(const Field& field, const Target& from, const Target& to);

}  // namespace sse_proxy
