#include "conf/commands.h"

namespace sse_proxy {
namespace {

constexpr CommandWord kCommands[] = {
    {"run", Command::run, "[run] [options]", "run the proxy (the default command)"},
    {"demo", Command::demo, "demo [--serve]",
     "a badly behaved origin and a strict middlebox in one process; shows what a client gets without the "
     "proxy and with it"},
    {"check", Command::check, "check [--print|--live]",
     "read the configuration, say what it means; exit with 0 or 2"},
};

constexpr CommandFlag kFlags[] = {
    {Command::demo, "serve", "only serve both lanes, and say where, for a browser or curl"},
    {Command::check, "print", "print each value as TOML, and where it came from"},
    {Command::check, "live",
     "ask the proxy that runs with this configuration whether it is up: /healthz of its admin listener, else "
     "a "
     "connection to its first address; exit with 0 or 1, after 2 s at most; upstream may be left out"},
};

}  // namespace

std::span<const CommandWord> commands() { return kCommands; }
std::span<const CommandFlag> command_flags() { return kFlags; }

}  // namespace sse_proxy
