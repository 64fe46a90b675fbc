#include "tests/conf/conf_helpers.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "conf/fields.h"

namespace sse_proxy::testing {
namespace {

// The folder's name is another one each time; the tests say `conf.toml`.
std::string without(std::string text, const std::string& folder) {
  for (size_t at; (at = text.find(folder + "/")) != std::string::npos;) text.erase(at, folder.size() + 1);
  return text;
}

}  // namespace

TempFolder::TempFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "sse-proxy-conf-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("mkdtemp " + name);
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempFolder::write(const std::string& name, const std::string& text) const {
  const std::filesystem::path path = path_ + "/" + name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
  return path.string();
}

Result<Loaded> load_with(std::vector<std::string> arguments, const Environment& environment) {
  arguments.insert(arguments.begin(), "sse-proxy");
  std::vector<const char*> argv;
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  return load(static_cast<int>(argv.size()), argv.data(), environment, "/nowhere");
}

Result<Loaded> load_toml(const std::string& toml, std::vector<std::string> arguments,
                         const Environment& environment) {
  const TempFolder folder;
  arguments.insert(arguments.end(), {"--config", folder.write("conf.toml", toml)});
  auto loaded = load_with(std::move(arguments), environment);
  if (!loaded) return Error{Side::self, 0, without(loaded.error().message, folder.path())};
  Loaded out = *std::move(loaded);
  for (Provenance& one : out.provenance) one.source = without(one.source, folder.path());
  for (Note& note : out.notes) note.text = without(note.text, folder.path());
  out.text = without(out.text, folder.path());
  return out;
}

std::string error_with(std::vector<std::string> arguments, const Environment& environment) {
  const auto loaded = load_with(std::move(arguments), environment);
  return loaded ? "no error" : loaded.error().message;
}

std::string error_in(const std::string& toml, std::vector<std::string> arguments,
                     const Environment& environment) {
  const auto loaded = load_toml(toml, std::move(arguments), environment);
  return loaded ? "no error" : loaded.error().message;
}

std::string source_of(const Loaded& loaded, std::string_view key) {
  for (const auto& [field, source] : loaded.provenance) {
    if (field->key == key) return source;
  }
  return "no such option";
}

}  // namespace sse_proxy::testing
