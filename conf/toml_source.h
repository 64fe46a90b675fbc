// The TOML file, flattened: the only place that knows the TOML library.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conf/values.h"
#include "parser/result.h"

namespace sse_proxy {

// `key` is the whole path, "sse.keepalive"; positions count from 1.
struct TomlEntry {
  std::string key;
  RawValue value;
  unsigned line = 0, column = 0;              // of the key
  unsigned value_line = 0, value_column = 0;  // of its value
};

struct TomlRule {
  std::vector<TomlEntry> entries;
  unsigned line = 0, column = 0;
};

// In the order of the file. A table is taken apart into its values; one without any is an entry itself.
struct TomlDocument {
  std::vector<TomlEntry> entries;
  std::vector<TomlRule> rules;
};

// `name` is for the error's message, which starts with it, line and column: `conf.toml:3:1: ...`.
Result<TomlDocument> parse_toml(std::string_view text, const std::string& name);

// The file's content, or an error that names it and says why not. No more than 1 MiB.
Result<std::string> read_file(const std::string& path);

}  // namespace sse_proxy
