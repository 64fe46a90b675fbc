// What bash, zsh and fish complete: commands, flags, and the values that are words or files.
#include "conf/commands.h"
#include "manual/manual.h"

namespace sse_proxy {
namespace {

std::string joined(const std::vector<std::string_view>& words, std::string_view mark) {
  std::string out;
  for (const std::string_view word : words) out.append(out.empty() ? "" : mark).append(word);
  return out;
}

std::string command_words(std::string_view mark) {
  std::vector<std::string_view> words;
  for (const CommandWord& command : commands()) words.push_back(command.word);
  return joined(words, mark);
}

std::string_view word_of(Command wanted) {
  for (const CommandWord& command : commands()) {
    if (command.command == wanted) return command.word;
  }
  return "";
}

std::string with_escapes(std::string_view text, std::string_view special, std::string_view escape) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) out += escape;
    out += c;
  }
  return out;
}

// Between single quotes, as sh and zsh have them.
std::string in_shell_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out + "'";
}

std::string in_fish_quotes(std::string_view text) { return "'" + with_escapes(text, "'\\", "\\") + "'"; }

// A zsh description ends at the first bracket, a message at the first colon.
std::string zsh_text(std::string_view text) { return with_escapes(text, "[]:\\", "\\"); }

std::string zsh_action(const Field& field) {
  const auto words = known_words(field);
  if (names_file(field)) return "_files";
  if (words.empty()) return " ";
  const std::string list = joined(words, " ");
  return has_commas(field) ? "_sequence compadd - " + list : "(" + list + ")";
}

constexpr std::string_view kBash = R"sh(# bash completion of sse-proxy
_sse_proxy() {
  local cur=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD - 1]} words=''
  # bash takes --flag=value for three words
  if [[ $cur == = ]]; then
    cur=''
  elif [[ $flag == = ]]; then
    flag=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  case $flag in
    @FILES@)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      return ;;
    @OTHERS@) return ;;
@CASES@
    *)
      if [[ $cur == -* ]]; then
        words='@FLAGS@'
@OWN_FLAGS@
      elif [[ ! " ${COMP_WORDS[*]:1} " =~ " "(@ALTERNATIVES@)" " ]]; then
        words='@COMMANDS@'
      fi ;;
  esac
  local last=${cur##*,}  # of a list
  mapfile -t COMPREPLY < <(compgen -P "${cur%"$last"}" -W "$words" -- "$last")
}
complete -F _sse_proxy sse-proxy
)sh";

}  // namespace

std::string bash_completion() {
  std::string files = "--config", others, cases, flags = "--help --version --config";
  for (const Field& field : fields()) {
    const std::string flag = "--" + std::string(field.flag);
    flags += " " + flag;
    const auto words = known_words(field);
    if (stands_alone(field)) continue;
    if (names_file(field))
      files += "|" + flag;
    else if (words.empty())
      others.append(others.empty() ? "" : "|").append(flag);
    else
      cases += "    " + flag + ") words='" + joined(words, " ") + "' ;;\n";
  }
  std::string own_flags;
  for (const CommandFlag& flag : command_flags()) {
    own_flags += "        [[ \" ${COMP_WORDS[*]} \" != *\" " + std::string(word_of(flag.command)) +
                 " \"* ]] || words+=' --" + std::string(flag.flag) + "'\n";
  }
  std::string out(kBash);
  fill_in(out, "@FILES@", files);
  fill_in(out, "@OTHERS@", others);
  fill_in(out, "@CASES@", cases);
  fill_in(out, "@FLAGS@", flags);
  fill_in(out, "@OWN_FLAGS@", own_flags);
  fill_in(out, "@ALTERNATIVES@", command_words("|"));
  fill_in(out, "@COMMANDS@", command_words(" "));
  return out;
}

std::string zsh_completion() {
  std::string out =
      "#compdef sse-proxy\n_arguments -S \\\n"
      "  '(- *)--help[print a summary]' \\\n"
      "  '(- *)--version[print the version]' \\\n"
      "  '--config=[TOML file to read]:FILE:_files' \\\n";
  for (const CommandFlag& flag : command_flags()) {
    out += "  " +
           in_shell_quotes("--" + std::string(flag.flag) + "[" + std::string(word_of(flag.command)) +
                           "\\: " + zsh_text(flag.help) + "]") +
           " \\\n";
  }
  for (const Field& field : fields()) {
    std::string spec = (is_list(field) ? "*--" : "--") + std::string(field.flag);
    if (!stands_alone(field)) spec += "=";
    spec += "[" + zsh_text(short_help(field)) + "]";
    if (!stands_alone(field)) spec += ":" + zsh_text(field.metavar) + ":" + zsh_action(field);
    out += "  " + in_shell_quotes(spec) + " \\\n";
  }
  std::string words;
  for (const CommandWord& command : commands()) {
    words.append(words.empty() ? "" : " ").append(command.word).append("\\:\"");
    words += zsh_text(command.help) + "\"";
  }
  return out + "  " + in_shell_quotes("1:command:((" + words + "))") + "\n";
}

std::string fish_completion() {
  const std::string start = "complete -c sse-proxy ";
  std::string out = "# fish completion of sse-proxy\n" + start + "-f\n";
  for (const CommandWord& command : commands()) {
    out += start + "-n 'not __fish_seen_subcommand_from " + command_words(" ") + "' -a " +
           std::string(command.word) + " -d " + in_fish_quotes(command.help) + "\n";
  }
  for (const CommandFlag& flag : command_flags()) {
    out += start + "-n '__fish_seen_subcommand_from " + std::string(word_of(flag.command)) + "' -l " +
           std::string(flag.flag) + " -d " + in_fish_quotes(flag.help) + "\n";
  }
  out += start + "-l help -d 'print a summary'\n" + start + "-l version -d 'print the version'\n";
  out += start + "-l config -r -F -d 'TOML file to read'\n";
  for (const Field& field : fields()) {
    out += start + "-l " + std::string(field.flag);
    const auto words = known_words(field);
    if (names_file(field))
      out += " -r -F";
    else if (!stands_alone(field))
      out += " -x";
    if (!words.empty() && has_commas(field))
      out += " -a '(__fish_complete_list , \"string split , " + joined(words, ",") + "\")'";
    else if (!words.empty())
      out += " -a '" + joined(words, " ") + "'";
    out += " -d " + in_fish_quotes(short_help(field)) + "\n";
  }
  return out;
}

}  // namespace sse_proxy
