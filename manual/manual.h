// The reference in each form in which it is read, made from the option table when the program is built:
// docs/options.md, the man page, and what the shells complete. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conf/fields.h"

namespace sse_proxy {

// docs/options.md.
std::string options_page();

// The man page: `frame` is roff with @VERSION@, and with @COMMANDS@ and @OPTIONS@ on lines of their own.
std::string man_page(std::string frame);

std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

// What the forms have in common.

// The default as a flag would be given, "" where there is none.
std::string default_text(const Field& field);
// The help up to where it explains itself: what a shell has room for, without marks of code.
std::string short_help(const Field& field);
// The words that the option knows: on and off, an enumeration's, the names of `behind`.
std::vector<std::string_view> known_words(const Field& field);
// True where the value is the name of a file.
bool names_file(const Field& field);
// Puts `text` where `name` is; where the text ends its line, the frame's own line end goes.
void fill_in(std::string& frame, std::string_view name, std::string_view text);

}  // namespace sse_proxy
