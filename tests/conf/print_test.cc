// --help, check, check --print, and sse-proxy.toml: what is made from the table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "conf/fields.h"
#include "conf/values.h"
#include "tests/conf/conf_helpers.h"

namespace sse_proxy {
namespace {

using ::testing::HasSubstr;
using testing::load_toml;
using testing::load_with;
using ::testing::Not;

Loaded good(Result<Loaded> result) {
  EXPECT_TRUE(result) << result.error().message;
  return result ? *std::move(result) : Loaded{};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(Help, ItListsEveryFlagWithItsDefaultWithinAHundredColumns) {
  const std::string help = good(load_with({"--help"})).text;
  Options defaults;
  for (const Field& field : fields()) {
    const std::string flag = "\n  --" + std::string(field.flag);
    EXPECT_THAT(help, HasSubstr(stands_alone(field) ? flag + "  " : flag + " " + std::string(field.metavar)));
    const std::string value = plain_value(field, Target(defaults));
    EXPECT_THAT(help, HasSubstr(value.empty() ? "" : "(default: " + value + ")"));
  }
  for (const char* other :
       {"--config FILE", "check [--print|--live]", "demo [--serve]", "--version", "Examples:"}) {
    EXPECT_THAT(help, HasSubstr(other));
  }
  for (const std::string& line : lines_of(help)) EXPECT_LE(line.size(), 100u) << line;
}

TEST(Check, ItSaysWhatTheConfigurationMeans) {
  const std::string text = good(load_toml(R"(
listen = ["0.0.0.0:8081", "unix:/run/p.sock"]
workers = 2
behind = ["alb", "envoy"]
sse.paths = ["/v1/**"]
sse.early_headers = "20s"
[[rule]]
path = "/chat"
method = ["POST"]
event_stream = true
sse.keepalive = "off"
[[rule]]
path = "/plain/**"
upgrades = []
)",
                                          {"check", "--upstream", "http://a", "--upstream", "http://b"}))
                               .text;
  EXPECT_EQ(text, R"(Listens on 0.0.0.0:8081, unix:/run/p.sock, with 2 workers.
Passes requests to http://a, http://b in turn, with the Host that the client sent.
Stands behind alb, envoy.
Keeps X-Forwarded-* of trusted proxies (private, unix), and replaces that of others.
Expects event streams at /v1/**, whatever the request's Accept says.
Answers an expected event stream with 200 when the upstream is silent for 20s.
Holds an incomplete event up to 1MiB or 5s.
For POST /chat: an event stream is expected, sse.keepalive = "off".
For /plain/**: no upgrades.
note: keep-alive every 30s: half of alb's idle timeout of 60s, at most 30s
warning: envoy cuts a response after 15s, and no keep-alive helps against that: set timeout: 0s on the route
The configuration is valid.
)");
}

TEST(Check, ItSaysWhatTlsMeansOnBothSides) {
  const std::string text =
      good(load_with({"check", "--listen", "0.0.0.0:8443", "--listen", "http://127.0.0.1:8080", "--tls-cert",
                      "a.pem", "--tls-key", "a.key", "--tls-client-ca", "clients.pem", "--upstream",
                      "https://app", "--upstream-ca", "ca.pem", "--upstream-server-name", "app.internal",
                      "--trusted-proxies", "none"}))
          .text;
  EXPECT_THAT(
      text,
      HasSubstr(
          "Listens on 0.0.0.0:8443 (TLS), http://127.0.0.1:8080, with 1 worker.\n"
          "Passes requests to https://app, with the upstream's own Host.\n"
          "Replaces every X-Forwarded-* that comes in.\n"
          "Speaks TLS 1.2 and later with a.pem; a client needs a certificate that clients.pem verifies.\n"
          "Verifies https upstreams by ca.pem, as app.internal.\n"));
}

struct TlsNotes {
  std::vector<std::string> arguments;
  std::vector<Note> notes;  // but for the keep-alive's, which is the first
};

TEST(Notes, TlsSettingsThatHaveNoEffectAndThoseThatAreDangerousAreWarnedOf) {
  constexpr auto kInfo = Note::Level::info;
  constexpr auto kWarning = Note::Level::warning;
  const Note insecure = {kWarning,
                         "upstream_tls.insecure (--upstream-insecure) is on: https upstreams are not "
                         "verified, and whoever is on the way to them can read and change everything"};
  const TlsNotes rows[] = {
      {{"--upstream", "https://a", "--upstream-ca", "ca.pem"}, {}},
      {{"--upstream", "http://a", "--tls-cert", "a", "--tls-key", "b"}, {}},
      {{"--upstream", "http://a", "--upstream-insecure=off", "--upstream-ca="}, {}},
      {{"--upstream", "http://a", "--listen", "http://b:1", "--tls-cert", "a", "--tls-key", "b"},
       {{kWarning,
         "no address of listen (--listen) is one with TLS, so these have no effect: tls.cert (--tls-cert), "
         "tls.key (--tls-key)"}}},
      {{"--upstream", "http://a", "--tls-min-version", "1.3"},
       {{kWarning,
         "no address of listen (default) is one with TLS, so these have no effect: tls.min_version "
         "(--tls-min-version)"}}},
      {{"--upstream", "http://a", "--upstream-insecure", "--upstream-ca", "ca.pem"},
       {{kWarning,
         "no URL of upstream (--upstream) is an https one, so these have no effect: upstream_tls.ca "
         "(--upstream-ca), upstream_tls.insecure (--upstream-insecure)"}}},
      {{"--upstream", "https://a", "--upstream-insecure"}, {insecure}},
      {{"--upstream", "https://a", "--upstream-insecure", "--upstream-ca", "ca.pem"},
       {insecure,
        {kWarning,
         "upstream_tls.ca (--upstream-ca) means nothing, as upstream_tls.insecure (--upstream-insecure) is "
         "on: leave one of them out"}}},
      {{"--upstream", "https://a", "--upstream", "http://b"},
       {{kInfo,
         "upstreams get the Host that the client sent, as not every one is an https URL with a host name: "
         "set upstream_host to say what they get"}}},
      {{"--upstream", "https://a", "--upstream", "http://b", "--upstream-host", "keep"}, {}},
  };
  for (const auto& [arguments, expected] : rows) {
    std::vector<Note> notes = good(load_with(arguments)).notes;
    notes.erase(notes.begin());
    EXPECT_EQ(notes, expected) << ::testing::PrintToString(arguments);
  }
}

TEST(Check, ItNamesTheFirstByteLimitsThatEarlyHeadersWouldKeepClearOf) {
  const std::string note =
      "note: cloudflare gives up when the head of a response takes longer than 100s: where the app can think "
      "that long, "
      "set sse.early_headers below it\n";
  EXPECT_THAT(good(load_with({"check", "--upstream", "http://a", "--behind", "cloudflare"})).text,
              HasSubstr(note));
  EXPECT_THAT(
      good(load_with({"check", "--upstream", "http://a", "--behind", "cloudflare", "--early-headers", "30s"}))
          .text,
      Not(HasSubstr(note)));
}

TEST(CheckPrint, ItSaysWhereEachValueCameFrom) {
  const Environment environment = {{"SSE_PROXY_DRAIN_DELAY", "5s"}};
  const Loaded loaded =
      good(load_toml(R"(sse.keepalive = "auto"
behind = ["alb"]
[[rule]]
path = "/a/**"
method = ["GET", "POST"]
event_stream = true
upgrades = ["websocket", "mqtt"]
sse.keepalive_comment = "say \"hi\""
)",
                     {"check", "--print", "--upstream", "http://a", "--workers", "3"}, environment));
  EXPECT_TRUE(loaded.check_print);
  for (
      const char* line : {
          "listen = [\"0.0.0.0:8080\"]  # default\n",
          "upstream = [\"http://a\"]  # --upstream\n",
          "workers = 3  # --workers\n",
          "behind = [\"alb\"]  # conf.toml:2:10\n",
          "sse.keepalive = \"30s\"  # conf.toml:1:17, auto: half of alb's idle timeout of 60s, at most 30s\n",
          "sse.first_keepalive = \"auto\"  # default\n",
          "timeouts.idle = \"75s\"  # auto: longer than the 60s for which alb keeps an idle connection\n",
          "drain.delay = \"5s\"  # SSE_PROXY_DRAIN_DELAY\n",
          "reuse_port = false  # default\n",
          "\n[[rule]]  # conf.toml:3:1\npath = \"/a/**\"\nmethod = [\"GET\", \"POST\"]\nevent_stream = true\n"
          "upgrades = [\"websocket\", \"mqtt\"]\nsse.keepalive_comment = \"say \\\"hi\\\"\"  # "
          "conf.toml:8:25\n",
      }) {
    EXPECT_THAT(loaded.text, HasSubstr(line));
  }
}

TEST(CheckPrint, WhatItPrintsIsAFileThatMeansTheSame) {
  const std::string odd = R"(
listen = ["[::1]:0", "unix:/a\"b"]
sse.keepalive_comment = "tab\t ünï \\ \""
sse.padding = 100
sse.retry = "1500ms"
limits.body_bytes = "3MiB"
unix_mode = "0007"
log.access = false
[[rule]]
path = "/**"
sse.max_stream_age = "2h"
limits.body_bytes = "off"
)";
  const Loaded first = good(load_toml(odd, {"check", "--print", "--upstream", "http://a"}));
  const Loaded second = good(load_toml(first.text, {"check", "--print"}));
  const auto without_sources = [](const std::string& text) {
    std::string out;
    for (const std::string& line : lines_of(text)) out += line.substr(0, line.rfind("  # ")) + "\n";
    return out;
  };
  EXPECT_EQ(without_sources(second.text), without_sources(first.text));
}

// The repository's own file: tests run with its top as their working directory.
std::string sample() {
  std::ifstream file("sse-proxy.toml");
  EXPECT_TRUE(file) << "run this from the top of the repository";
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// `# key = value` is a setting that is commented out; the example of a rule stands further in.
std::optional<std::string> setting_in(const std::string& line) {
  if (!line.starts_with("# ")) return std::nullopt;
  const size_t end = line.find(" = ");
  if (end == std::string::npos) return std::nullopt;
  const std::string key = line.substr(2, end - 2);
  if (key.find_first_not_of("abcdefghijklmnopqrstuvwxyz_.") != std::string::npos) return std::nullopt;
  return key;
}

TEST(SampleFile, AsItIsItSetsNothing) {
  const Loaded loaded = good(load_toml(sample()));
  for (const auto& [field, source] : loaded.provenance)
    EXPECT_FALSE(source.starts_with("conf.toml")) << field->key;
  EXPECT_TRUE(loaded.rules.empty());
}

TEST(SampleFile, ItNamesEveryOptionOfTheTableInItsOrderAndNoOther) {
  std::vector<std::string> named, table;
  for (const std::string& line : lines_of(sample())) {
    if (const auto key = setting_in(line)) named.push_back(*key);
  }
  for (const Field& field : fields()) table.emplace_back(field.key);
  EXPECT_EQ(named, table);
}

TEST(SampleFile, EverySettingInItIsTheDefault) {
  Loaded defaults = good(load_with({"--upstream", "http://127.0.0.1:3000"}));
  for (const std::string& line : lines_of(sample())) {
    const auto key = setting_in(line);
    if (!key) continue;
    const std::vector<std::string> flags =
        *key == "upstream" ? std::vector<std::string>{}
                           : std::vector<std::string>{"--upstream", "http://127.0.0.1:3000"};
    Loaded loaded = good(load_toml(line.substr(2), flags));
    for (const Field& field : fields()) {
      EXPECT_EQ(toml_value(field, Target(loaded.options)), toml_value(field, Target(defaults.options)))
          << line;
    }
    EXPECT_THAT(testing::source_of(loaded, *key), HasSubstr("conf.toml:1:")) << line;
  }
}

TEST(SampleFile, WithEverythingUncommentedItIsValidRuleIncluded) {
  std::string text;
  bool in_rule = false;
  for (const std::string& line : lines_of(sample())) {
    in_rule = in_rule || line == "#   [[rule]]";
    text += setting_in(line) || in_rule ? line.substr(2) + "\n" : line + "\n";
  }
  const Loaded loaded = good(load_toml(text, {}));
  ASSERT_EQ(loaded.rules.size(), 1u);
  EXPECT_EQ(loaded.rules[0].path.text(), "/v1/chat/**");
  EXPECT_EQ(loaded.rules[0].settings.size(), 3u);
}

}  // namespace
}  // namespace sse_proxy
