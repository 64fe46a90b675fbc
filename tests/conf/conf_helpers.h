// What the tests of conf/ share: files of their own, and load() with everything said in one line.
#pragma once

#include <string>
#include <vector>

#include "conf/load.h"

namespace sse_proxy::testing {

// A folder of its own, removed at the end.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  // Writes a file, with the folders it needs; gives its whole path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

// load() with these arguments after the program's name, and a machine without cgroups.
Result<Loaded> load_with(std::vector<std::string> arguments, const Environment& environment = {});

// The same with `toml` as the file, and an upstream where the file is to have none.
Result<Loaded> load_toml(const std::string& toml,
                         std::vector<std::string> arguments = {"--upstream", "http://app"},
                         const Environment& environment = {});

// The error's message, or "no error". The file of load_toml() is called `conf.toml` in it.
std::string error_with(std::vector<std::string> arguments, const Environment& environment = {});
std::string error_in(const std::string& toml,
                     std::vector<std::string> arguments = {"--upstream", "http://app"},
                     const Environment& environment = {});

// Where the option's value came from.
std::string source_of(const Loaded& loaded, std::string_view key);

}  // namespace sse_proxy::testing
