// Every complaint, word for word: one line that names the place, what is wrong and what would be right.
#include <gtest/gtest.h>

#include "tests/conf/conf_helpers.h"

namespace sse_proxy {
namespace {

using testing::error_in;
using testing::error_with;
using Texts = std::vector<std::string>;

struct BadFile {
  std::string toml, error;
};

void expect_errors(const std::vector<BadFile>& rows) {
  for (const auto& [toml, error] : rows) EXPECT_EQ(error_in(toml), error) << toml;
}

TEST(FileErrors, AnUnknownKeyIsNamedWithTheNearestRightOne) {
  expect_errors({
      {"[sse]\n\nkeepalve = \"1s\"",
       "conf.toml:3:1: unknown key \"sse.keepalve\": did you mean \"sse.keepalive\"?"},
      {"sse.keepalve = \"1s\"",
       "conf.toml:1:5: unknown key \"sse.keepalve\": did you mean \"sse.keepalive\"?"},
      {"keepalive = \"1s\"", "conf.toml:1:1: unknown key \"keepalive\": did you mean \"sse.keepalive\"?"},
      {"max-connections = 1",
       "conf.toml:1:1: unknown key \"max-connections\": did you mean \"limits.connections\"?"},
      {"sse.sse-path = []", "conf.toml:1:5: unknown key \"sse.sse-path\": did you mean \"sse.paths\"?"},
      {"upstreams = []", "conf.toml:1:1: unknown key \"upstreams\": did you mean \"upstream\"?"},
      {"timeout.idle = \"1s\"",
       "conf.toml:1:9: unknown key \"timeout.idle\": did you mean \"timeouts.idle\"?"},
      {"colour = \"blue\"", "conf.toml:1:1: unknown key \"colour\""},
      {"[rules]", "conf.toml:1:2: unknown key \"rules\""},
      {"listen.a = 1", "conf.toml:1:8: unknown key \"listen.a\": did you mean \"listen\"?"},
      {"\"a\\nb\" = 1", "conf.toml:1:1: unknown key \"a\\nb\""},
  });
}

TEST(FileErrors, TheFirstOneInTheFileIsNamed) {
  EXPECT_EQ(error_in("zebra = 1\nape = 2"), "conf.toml:1:1: unknown key \"zebra\"");
}

TEST(FileErrors, AWrongTypeSaysWhatIsExpectedAndWhatWasFound) {
  expect_errors({
      {"sse.keepalive = 15",
       "conf.toml:1:17: sse.keepalive: expected a duration in quotes such as \"15s\", found the "
       "integer 15"},
      {"timeouts.idle = 1.5",
       "conf.toml:1:17: timeouts.idle: expected a duration in quotes such as \"15s\", found a "
       "number with a fraction"},
      {"sse.keepalive = false",
       "conf.toml:1:17: sse.keepalive: expected a duration in quotes such as \"15s\", found "
       "false"},
      {"workers = \"4\"",
       "conf.toml:1:11: workers: expected a whole number or \"auto\", found the string \"4\""},
      {"limits.connections = \"4\"",
       "conf.toml:1:22: limits.connections: expected a whole number, found the string "
       "\"4\""},
      {"sse.padding = [1]",
       "conf.toml:1:15: sse.padding: expected a size such as \"64KiB\", found an array of other "
       "things than strings"},
      {"reuse_port = 1", "conf.toml:1:14: reuse_port: expected true or false, found the integer 1"},
      {"unix_mode = 0o660",
       "conf.toml:1:13: unix_mode: expected an octal mode in quotes such as \"0660\", found the "
       "integer 432"},
      {"upstream_host = true", "conf.toml:1:17: upstream_host: expected a string, found true"},
      {"listen = 8080", "conf.toml:1:10: listen: expected a list of strings, found the integer 8080"},
      {"behind = {}", "conf.toml:1:10: behind: expected a list of strings, found a table"},
      {"log.level = 1",
       "conf.toml:1:13: log.level: expected one of the strings trace, debug, info, warn, error or "
       "off, found the integer 1"},
      {"log.format = 2026-01-01",
       "conf.toml:1:14: log.format: expected one of the strings text or json, found a date "
       "or time"},
      {"sse = 5", "conf.toml:1:7: sse: expected a table, found the integer 5"},
  });
}

TEST(FileErrors, ABadValueSaysWhatIsAccepted) {
  expect_errors({
      {"sse.keepalive = \"15\"",
       "conf.toml:1:17: sse.keepalive: \"15\" has no unit: write 15s for seconds or 15ms for milliseconds"},
      {"sse.keepalive = \"0\"", "conf.toml:1:17: sse.keepalive: \"0\" has no unit: write 0s or off"},
      {"sse.keepalive = \"5ms\"",
       "conf.toml:1:17: sse.keepalive: \"5ms\" is too short: write off, or at least 10ms"},
      {"timeouts.header = \"0s\"",
       "conf.toml:1:19: timeouts.header: \"0s\" is too short: write at least 1ms"},
      {"timeouts.header = \"off\"",
       "conf.toml:1:19: timeouts.header: \"off\" is not possible here: write a duration such as 500ms, 15s, "
       "2m or 1h"},
      {"workers = 0", "conf.toml:1:11: workers: \"0\" is not a whole number from 1 to 1024"},
      {"workers = 1025", "conf.toml:1:11: workers: \"1025\" is not a whole number from 1 to 1024"},
      {"limits.connections = 0",
       "conf.toml:1:22: limits.connections: \"0\" is not a whole number from 1 to 10000000"},
      {"limits.backlog = -1", "conf.toml:1:18: limits.backlog: \"-1\" is not a whole number from 1 to 65535"},
      {"limits.buffer_bytes = \"4095\"",
       "conf.toml:1:23: limits.buffer_bytes: \"4095\" is too small: write at least 4KiB"},
      {"limits.header_bytes = 1023",
       "conf.toml:1:23: limits.header_bytes: \"1023\" is too small: write at least 1KiB"},
      {"sse.max_event_bytes = 0",
       "conf.toml:1:23: sse.max_event_bytes: \"0\" is too small: write at least 1"},
      {"sse.padding = \"65KiB\"", "conf.toml:1:15: sse.padding: \"65KiB\" is too large: write at most 64KiB"},
      {"sse.padding = -1",
       "conf.toml:1:15: sse.padding: \"-1\" is not a size: write 64KiB, 1MiB, 1GiB or a plain number of "
       "bytes"},
      {"sse.decoder_memory = \"1KiB\"",
       "conf.toml:1:22: sse.decoder_memory: \"1KiB\" is too small: write at least 48KiB"},
      {"sse.keepalive_form = \"blok\"",
       "conf.toml:1:22: sse.keepalive_form: \"blok\" is not block or line: did you mean \"block\"?"},
      {"sse.keepalive_comment = \"a\\nb\"",
       "conf.toml:1:25: sse.keepalive_comment: \"a\\nb\" contains a line end or a "
       "NUL, which would end the line it is written to"},
      {"sse.keepalive_event = \"a\\rb\"",
       "conf.toml:1:23: sse.keepalive_event: \"a\\rb\" contains a line end or a NUL, "
       "which would end the line it is written to"},
      {"sse.early_error_event = \"\"",
       "conf.toml:1:25: sse.early_error_event: \"\" is not the name of an event: write one such as "
       "\"error\""},
      {"upstream_host = \"http://app\"",
       "conf.toml:1:17: upstream_host: \"http://app\" is not a Host: write keep, upstream, a name, or "
       "name:port"},
      {"unix_mode = \"0999\"",
       "conf.toml:1:13: unix_mode: \"0999\" is not an octal mode: write one from 0000 to 0777, such as 0660"},
      {"behind = [\"alb\", \"ngnix\"]",
       "conf.toml:1:10: behind: \"ngnix\" is not a name that behind knows: did you mean \"nginx\"? (--behind "
       "list prints "
       "them)"},
      {"sse.paths = [\"events\"]",
       "conf.toml:1:13: sse.paths: \"events\" is not a path pattern: it must start with \"/\" or \"*\""},
      {"tls.cert = [\"\"]", "conf.toml:1:12: tls.cert: \"\" is not the name of a file"},
      {"tls.client_ca = \"a\\u0000b\"",
       "conf.toml:1:17: tls.client_ca: \"a\\u0000b\": a file name contains no NUL"},
      {"tls.min_version = \"1.1\"",
       "conf.toml:1:19: tls.min_version: \"1.1\" is not 1.2 or 1.3: did you mean \"1.2\"?"},
      {"tls.min_version = 1.2",
       "conf.toml:1:19: tls.min_version: expected one of the strings 1.2 or 1.3, found a number with a "
       "fraction"},
      {"upstream_tls.server_name = \"app:443\"",
       "conf.toml:1:28: upstream_tls.server_name: \"app:443\" is neither a host name nor an IP address"},
      {"upstream_tls.insecure = 1",
       "conf.toml:1:25: upstream_tls.insecure: expected true or false, found the integer 1"},
      {"admin = \"9180\"",
       "conf.toml:1:9: admin: \"9180\" has no host: write 0.0.0.0:9180 for all addresses"},
      {"admin = \"https://127.0.0.1:9180\"",
       "conf.toml:1:9: admin: \"https://127.0.0.1:9180\" is https, and the admin listener speaks plain HTTP"},
      {"admin = true", "conf.toml:1:9: admin: expected an address in quotes, or \"off\", found true"},
      {"log.level = \"verbose\"",
       "conf.toml:1:13: log.level: \"verbose\" is not trace, debug, info, warn, error or off"},
  });
}

TEST(FileErrors, WhatIsNotTomlIsOneLineWithItsPlace) {
  expect_errors({
      {"a = ", "conf.toml:1:5: Error while parsing key-value pair: encountered end-of-file"},
      {"workers = 1\nworkers = 2",
       "conf.toml:2:11: Error while parsing key-value pair: cannot redefine existing integer 'workers'"},
  });
  for (const char* toml :
       {"= 1", "[", "[[", "a = \"\n\"", "a = \"\xff\"", "\x01", "[a]\n[a]", "a = 1\na.b = 2"}) {
    const std::string error = error_in(toml);
    EXPECT_TRUE(error.starts_with("conf.toml:")) << error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  }
}

TEST(FileErrors, AFileThatCannotBeReadIsNamedWithTheReason) {
  EXPECT_EQ(error_with({"--config", "/nowhere/conf.toml"}),
            "cannot read /nowhere/conf.toml: No such file or directory");
  EXPECT_EQ(error_with({}, {{"SSE_PROXY_CONFIG", "/"}}), "cannot read /: Is a directory");
  EXPECT_EQ(error_in(std::string(1024 * 1024 + 1, '#')), "cannot read conf.toml: it is larger than 1MiB");
}

TEST(FlagErrors, TheyNameTheFlag) {
  const struct {
    Texts arguments;
    std::string error;
  } rows[] = {
      {{"--upstrem", "http://app"}, "unknown option --upstrem: did you mean --upstream?"},
      {{"--upstrem=http://app"}, "unknown option --upstrem: did you mean --upstream?"},
      {{"--sse-keepalive", "1s"}, "unknown option --sse-keepalive: did you mean --keepalive?"},
      {{"--log.level", "warn"}, "unknown option --log.level: did you mean --log-level?"},
      {{"--fast"}, "unknown option --fast (--help lists them)"},
      {{"-x"}, "unknown option -x (--help lists them)"},
      {{"--upstream"}, "--upstream needs a value: --upstream URL"},
      {{"--upstream", "--listen", "a:1"}, "--upstream needs a value: --upstream URL"},
      {{"--config"}, "--config needs a value: --config FILE"},
      {{"--reuse-port", "--upstream=http://app"}, "--reuse-port needs a value: --reuse-port on|off"},
      {{"--reuse-port", "yes"}, "--reuse-port: \"yes\" is neither on nor off"},
      {{"--keepalive", "15"},
       "--keepalive: \"15\" has no unit: write 15s for seconds or 15ms for milliseconds"},
      {{"--keepalive="}, "--keepalive: \"\" is not a duration: write 500ms, 15s, 2m or 1h, or off"},
      {{"--keepalive", "1s", "--keepalive", "2s"}, "--keepalive is given twice, as \"1s\" and as \"2s\""},
      {{"--config", "a", "--config", "b"}, "--config is given twice: there is one file"},
      {{"--workers", "many"}, "--workers: \"many\" is not a whole number from 1 to 1024"},
      {{"--behind", "cloudflair"},
       "--behind: \"cloudflair\" is not a name that behind knows: did you mean "
       "\"cloudflare\"? (--behind list prints them)"},
      {{"--upstream", "localhost:3000"},
       "--upstream: \"localhost:3000\" has no scheme: write http://localhost:3000"},
      {{"chek"}, "unknown command \"chek\": did you mean \"check\"?"},
      {{"start"}, "unknown command \"start\": the commands are run, demo and check"},
      {{"http://app"}, "\"http://app\" is not a command: write --upstream http://app"},
      {{"run", "check"}, "there are two commands: run and check"},
      {{"--serve"}, "--serve is an option of demo: sse-proxy demo --serve"},
      {{"--print"}, "--print is an option of check: sse-proxy check --print"},
      {{"--live"}, "--live is an option of check: sse-proxy check --live"},
      {{"check", "--print", "--live"}, "--live and --print are two different checks: leave one out"},
      {{"demo", "--upstream", "http://app"},
       "--upstream means nothing to demo, which takes --serve and the log options"},
      {{"demo", "--config", "x"}, "--config means nothing to demo, which takes --serve and the log options"},
  };
  for (const auto& [arguments, error] : rows) EXPECT_EQ(error_with(arguments), error);
}

TEST(VariableErrors, TheyNameTheVariable) {
  EXPECT_EQ(error_with({}, {{"SSE_PROXY_SSE_KEEPALIVE", "soon"}}),
            "SSE_PROXY_SSE_KEEPALIVE: \"soon\" is not a duration: write 500ms, 15s, 2m or 1h, or off");
  EXPECT_EQ(error_with({}, {{"SSE_PROXY_UPSTREAM", "http://a,b"}}),
            "SSE_PROXY_UPSTREAM: \"b\" has no scheme: write http://b");
}

TEST(Contradictions, AnUpstreamIsNeededToRunAndToCheck) {
  const std::string error = "no upstream: give --upstream URL, such as --upstream http://127.0.0.1:3000";
  EXPECT_EQ(error_with({}), error);
  EXPECT_EQ(error_with({"check"}), error);
  EXPECT_EQ(error_with({"demo"}), "no error");
}

TEST(Contradictions, EachHasAWayOut) {
  const struct {
    Texts arguments;
    std::string toml, error;
  } rows[] = {
      {{"--listen", "a:1", "--listen", "http://a:1"},
       "",
       "--listen: \"http://a:1\" is there twice: leave one out"},
      {{"--upstream", "http://b", "--upstream", "http://b:80"},
       "",
       "--upstream: \"http://b:80\" is there twice: leave one out, they take turns evenly"},
      {{"--listen", ""}, "", "--listen: the list is empty: give an address or leave it out"},
      {{"--upstream", "http://localhost:8080"},
       "",
       "--upstream: \"http://localhost:8080\" is where sse-proxy itself listens (0.0.0.0:8080): let one use "
       "another "
       "port, such as --listen 0.0.0.0:8081"},
      {{"--upstream", "unix:/a", "--listen", "unix:/a"},
       "",
       "--upstream: \"unix:/a\" is where sse-proxy itself listens (unix:/a): let one use another path"},
      {{"--upstream", "http://b", "--admin", "127.0.0.1:8080"},
       "",
       "--admin: \"127.0.0.1:8080\" shares its port with the listener 0.0.0.0:8080: give it one of its own, "
       "such "
       "as 127.0.0.1:9180"},
      {{"--upstream", "http://b", "--admin", "unix:/a", "--listen", "unix:/a"},
       "",
       "--admin: \"unix:/a\" shares its path with the listener unix:/a: give it one of its own"},
      {{"--upstream", "http://localhost:9180"},
       "admin = \"0.0.0.0:9180\"",
       "conf.toml:1:9: admin: \"0.0.0.0:9180\" is what the upstream http://localhost:9180 would reach, and "
       "every "
       "client with it: give it a port of its own"},
      {{"--upstream", "unix:/a", "--upstream-host", "upstream"},
       "",
       "--upstream-host: \"upstream\" needs a host name, and unix:/a has none: write keep, or the name to "
       "send"},
      {{"--upstream", "http://b", "--keepalive-event", "ping"},
       "sse.keepalive_form = \"line\"",
       "conf.toml:1:22: sse.keepalive_form: \"line\" is a form of the comment, but sse.keepalive_event "
       "(--keepalive-event) sends events in its place: leave one of them out"},
      {{"--upstream", "http://b", "--first-keepalive", "1s"},
       "sse.keepalive = \"off\"",
       "--first-keepalive: there is no first keep-alive, as sse.keepalive (conf.toml:1:17) is off: leave one "
       "of them "
       "out"},
      {{"--upstream", "http://b", "--buffer-memory", "64KiB"},
       "limits.buffer_bytes = \"128KiB\"",
       "--buffer-memory: \"64KiB\" for the whole process is less than the 128KiB that limits.buffer_bytes "
       "(conf.toml:1:23) gives each stream: raise it or lower the other"},
      {{"--upstream", "https://localhost", "--listen", "https://0.0.0.0:443"},
       "",
       "--upstream: \"https://localhost\" is where sse-proxy itself listens (https://0.0.0.0:443): let one "
       "use another port, such as --listen https://0.0.0.0:8081"},
      {{"--listen", "http://a:1", "--listen", "https://a:1"},
       "",
       "--listen: \"https://a:1\" is there twice: leave one out"},
      {{"--tls-cert", "a.pem", "--tls-cert", "b.pem"},
       "tls.key = [\"a.key\"]",
       "--tls-cert: 2 certificates, but 1 key in tls.key (conf.toml:1:11): give every certificate its key, "
       "in the same order"},
      {{"--tls-key", "a.key"},
       "",
       "tls.cert: 0 certificates, but 1 key in tls.key (--tls-key): give every certificate its key, in the "
       "same order"},
      {{"--listen", "a:1"},
       "listen = \"b:1\"\ntls.cert = \"a.pem\"",
       "conf.toml:2:12: tls.cert: 1 certificate, but 0 keys in tls.key (default): give every certificate its "
       "key, in the same order"},
      {{"--listen", "http://a:1", "--listen", "https://a:2"},
       "",
       "--listen: \"https://a:2\" needs a certificate, and tls.cert (default) names none: give --tls-cert "
       "FILE and --tls-key FILE, or write http://"},
      {{"--tls-client-ca", "ca.pem"},
       "tls.cert = []",
       "--tls-client-ca: clients show certificates over TLS only, and tls.cert (conf.toml:1:12) names none "
       "to speak it with: give --tls-cert FILE and --tls-key FILE, or leave it out"},
      {{"--upstream", "https://b", "--upstream-cert", "us.pem"},
       "upstream_tls.key = \"\"",
       "--upstream-cert: \"us.pem\" is without its key, as upstream_tls.key (conf.toml:1:20) is empty: give "
       "both or neither"},
      {{"--upstream", "https://b", "--upstream-key", "us.key"},
       "",
       "--upstream-key: \"us.key\" is without its certificate, as upstream_tls.cert (default) is empty: give "
       "both or neither"},
  };
  for (const auto& [arguments, toml, error] : rows) {
    Texts all = arguments;
    if (std::find(all.begin(), all.end(), "--upstream") == all.end())
      all.insert(all.end(), {"--upstream", "http://app"});
    EXPECT_EQ(error_in(toml, all), error);
  }
}

TEST(Contradictions, ListenersOnPortsThatTheKernelChoosesAreNotTheSame) {
  EXPECT_EQ(error_with({"--upstream", "http://app", "--listen", "a:0", "--listen", "a:0"}), "no error");
}

TEST(Contradictions, WhatIsOffTogetherIsNoContradiction) {
  EXPECT_EQ(error_with({"--upstream", "http://app", "--keepalive", "off", "--first-keepalive", "off"}),
            "no error");
  EXPECT_EQ(error_with({"--upstream", "http://app", "--keepalive", "off", "--first-keepalive", "auto"}),
            "no error");
}

}  // namespace
}  // namespace sse_proxy
