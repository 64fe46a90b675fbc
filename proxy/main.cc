// sse-proxy: reads its settings and hands over to the command that was asked for.
#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>

#include "conf/load.h"
#include "proxy/demo/demo.h"
#include "proxy/ops/certificates.h"
#include "proxy/ops/descriptors.h"
#include "proxy/ops/live_check.h"
#include "proxy/ops/run.h"

namespace {

constexpr int kExitConfiguration = 2;

int live(const sse_proxy::Options& options) {
  const sse_proxy::LiveCheck result = sse_proxy::check_live(options);
  (result.alive ? std::cout : std::cerr) << "sse-proxy: " << result.line << "\n";
  return result.alive ? 0 : 1;
}

}  // namespace

// Only memory that has run out can throw here, and then the process had better end.
int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape)
  using sse_proxy::Command;
  sse_proxy::open_standard_descriptors();
  // Writing to a socket or a pipe whose other end is gone is an error to handle, not a reason to die.
  std::signal(SIGPIPE, SIG_IGN);
  // From the first moment on: a reload signal must never end the process.
  std::signal(SIGHUP, SIG_IGN);

  sse_proxy::Result<sse_proxy::Loaded> loaded =
      sse_proxy::load(argc, argv, sse_proxy::environment_of(environ));
  if (!loaded) {
    std::cerr << "sse-proxy: " << loaded.error().message << "\n";
    return kExitConfiguration;
  }
  switch (loaded->command) {
    case Command::run:
      return sse_proxy::run(*loaded,
                            [&] { return sse_proxy::load(argc, argv, sse_proxy::environment_of(environ)); });
    case Command::demo: return sse_proxy::demo(*loaded);
    case Command::check:
      if (loaded->check_live) return live(loaded->options);
      if (auto error = sse_proxy::Certificates::check(loaded->options)) {
        std::cerr << "sse-proxy: " << error->message << "\n";
        return kExitConfiguration;
      }
      [[fallthrough]];
    case Command::help:
    case Command::version:
    case Command::behind_list: std::cout << loaded->text; return 0;
  }
  return kExitConfiguration;
}
