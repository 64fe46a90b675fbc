// Where values come from, and which one counts.
#include "conf/load.h"

#include <gtest/gtest.h>

#include "conf/fields.h"
#include "conf/values.h"
#include "tests/conf/conf_helpers.h"

namespace sse_proxy {
namespace {

using testing::load_toml;
using testing::load_with;
using testing::source_of;
using Texts = std::vector<std::string>;

Loaded good(Result<Loaded> result) {
  EXPECT_TRUE(result) << result.error().message;
  return result ? *std::move(result) : Loaded{};
}

const Texts kUpstream = {"--upstream", "http://app"};

Texts texts(const std::vector<Endpoint>& endpoints) {
  Texts out;
  for (const Endpoint& endpoint : endpoints) out.push_back(endpoint.text);
  return out;
}

TEST(Load, WithoutAnythingSaidTheDefaultsAreThoseOfTheStruct) {
  Loaded loaded = good(load_with(kUpstream));
  Options defaults;
  defaults.upstream = loaded.options.upstream;
  for (const Field& field : fields()) {
    const std::string source = source_of(loaded, field.key);
    if (source.starts_with("auto: ")) continue;
    EXPECT_EQ(toml_value(field, Target(loaded.options)), toml_value(field, Target(defaults))) << field.key;
    EXPECT_EQ(source, field.key == "upstream" ? "--upstream" : "default") << field.key;
  }
}

TEST(Load, AfterItNothingIsAutomaticButTheFirstKeepalive) {
  const Options options = good(load_with(kUpstream)).options;
  EXPECT_EQ(options.route.sse.keepalive, 15s);
  EXPECT_EQ(options.route.timeouts.idle, 75s);
  EXPECT_EQ(options.workers, 1u);
  EXPECT_EQ(options.decoder_memory, 256 * kMiB);
  EXPECT_EQ(options.limits.buffer_memory, 1024 * kMiB);
  EXPECT_FALSE(options.route.sse.first_keepalive);
}

TEST(Load, AFlagGoesBeforeAVariableAVariableBeforeTheFileTheFileBeforeTheDefault) {
  const std::string toml = "sse.retry = \"1s\"\n";
  const Environment variable = {{"SSE_PROXY_SSE_RETRY", "2s"}};
  const Texts flag = {"--upstream", "http://app", "--retry", "3s"};

  const Loaded file_only = good(load_toml(toml));
  EXPECT_EQ(file_only.options.route.sse.retry, 1s);
  EXPECT_EQ(source_of(file_only, "sse.retry"), "conf.toml:1:13");
  const Loaded with_variable = good(load_toml(toml, kUpstream, variable));
  EXPECT_EQ(with_variable.options.route.sse.retry, 2s);
  EXPECT_EQ(source_of(with_variable, "sse.retry"), "SSE_PROXY_SSE_RETRY");
  const Loaded with_flag = good(load_toml(toml, flag, variable));
  EXPECT_EQ(with_flag.options.route.sse.retry, 3s);
  EXPECT_EQ(source_of(with_flag, "sse.retry"), "--retry");
}

TEST(Load, AListGivenHigherUpReplacesTheOneBelow) {
  const std::string toml =
      "listen = [\"a:1\", \"b:2\"]\nupstream = \"http://file\"\nbehind = [\"alb\", \"nginx\"]\n";
  EXPECT_EQ(texts(good(load_toml(toml, {})).options.listen), (Texts{"a:1", "b:2"}));
  const Environment variables = {{"SSE_PROXY_LISTEN", "c:3, d:4"}, {"SSE_PROXY_BEHIND", "kong,"}};
  const Loaded middle = good(load_toml(toml, {}, variables));
  EXPECT_EQ(texts(middle.options.listen), (Texts{"c:3", "d:4"}));
  EXPECT_EQ(texts(middle.options.upstream), Texts{"http://file"});
  EXPECT_EQ(middle.options.behind, Texts{"kong"});
  const Loaded top = good(load_toml(
      toml, {"--listen", "e:5", "--listen=f:6", "--behind", "ats,fly", "--behind", "clb"}, variables));
  EXPECT_EQ(texts(top.options.listen), (Texts{"e:5", "f:6"}));
  EXPECT_EQ(top.options.behind, (Texts{"ats", "fly", "clb"}));
  EXPECT_EQ(good(load_toml(toml, {"--behind", ""})).options.behind, Texts{})
      << "an empty value empties a list";
}

TEST(Load, EveryOptionIsTheSameAsAFlagAVariableAndAKey) {
  Loaded plain = good(load_with(kUpstream));
  for (const Field& field : fields()) {
    // The value that is in force anyway: each way to say it must be able to.
    const std::string value = plain_value(field, Target(plain.options));
    const Texts flags = field.key == "upstream" ? Texts{} : kUpstream;
    const std::string flag = "--" + std::string(field.flag);
    Texts with_flag = stands_alone(field) ? Texts{flag + "=" + value} : Texts{flag, value};
    with_flag.insert(with_flag.end(), flags.begin(), flags.end());
    const Loaded by_flag = good(load_with(with_flag));
    EXPECT_EQ(source_of(by_flag, field.key), flag);
    const std::string key_line =
        std::string(field.key) + " = " + toml_value(field, Target(plain.options)) + "\n";
    const Loaded by_key = good(load_toml(key_line, flags));
    EXPECT_TRUE(source_of(by_key, field.key).starts_with("conf.toml:1:")) << key_line;
    if (value.empty()) continue;  // such a variable counts as not set
    const Loaded by_variable = good(load_with(flags, {{variable_of(field), value}}));
    EXPECT_TRUE(source_of(by_variable, field.key).starts_with(variable_of(field))) << field.key;
  }
}

TEST(Load, OnAndOffAreTrueAndFalseInAFile) {
  EXPECT_TRUE(good(load_toml("reuse_port = true")).options.reuse_port);
  EXPECT_TRUE(good(load_toml("reuse_port = \"on\"")).options.reuse_port);
  EXPECT_FALSE(good(load_toml("log.access = false")).options.access_log);
  EXPECT_FALSE(good(load_toml("log.access = \"off\"")).options.access_log);
  EXPECT_FALSE(good(load_with({"--upstream", "http://app", "--access-log", "off"})).options.access_log);
  EXPECT_TRUE(good(load_with({"--upstream", "http://app", "--reuse-port=on"})).options.reuse_port);
}

TEST(Load, ValuesOfAllKindsAreRead) {
  const Options options = good(load_toml(R"(
upstream_host = "api.example:8443"
workers = 4
unix_mode = "600"
[sse]
keepalive_event = "ping"
max_event_bytes = 4096
on_disconnect = "drain"
partial_flush = "off"
[limits]
body_bytes = "off"
header_bytes = "8KiB"
connections = 12
[log]
level = "debug"
format = "json"
)"))
                              .options;
  EXPECT_EQ(options.upstream_host, "api.example:8443");
  EXPECT_EQ(options.workers, 4u);
  EXPECT_EQ(options.unix_mode, 0600u);
  EXPECT_EQ(options.route.sse.keepalive_event, "ping");
  EXPECT_EQ(options.route.sse.max_event_bytes, 4096u);
  EXPECT_EQ(options.route.sse.on_disconnect, OnDisconnect::drain);
  EXPECT_EQ(options.route.sse.partial_flush, 0s);
  EXPECT_EQ(options.route.body_bytes, 0u);
  EXPECT_EQ(options.limits.header_bytes, 8 * kKiB);
  EXPECT_EQ(options.limits.connections, 12u);
  EXPECT_EQ(options.log_level, LogLevel::debug);
  EXPECT_EQ(options.log_format, LogFormat::json);
}

TEST(Load, TlsIsSetByRepeatedFlagsAndByKeys) {
  const Options options = good(load_toml(R"(
tls.client_ca = "clients.pem"
tls.min_version = "1.3"
[upstream_tls]
ca = "ca.pem"
cert = "us.pem"
key = "us.key"
server_name = "app.internal"
)",
                                         {"--upstream", "https://app", "--tls-cert", "a,b.pem", "--tls-key",
                                          "a.key", "--tls-cert=c.pem", "--tls-key=c.key"}))
                              .options;
  EXPECT_EQ(options.tls.cert, (Texts{"a,b.pem", "c.pem"}));
  EXPECT_EQ(options.tls.key, (Texts{"a.key", "c.key"}));
  EXPECT_EQ(options.tls.client_ca, "clients.pem");
  EXPECT_EQ(options.tls.min_version, TlsVersion::v1_3);
  EXPECT_EQ(options.upstream_tls.ca, "ca.pem");
  EXPECT_EQ(options.upstream_tls.cert, "us.pem");
  EXPECT_EQ(options.upstream_tls.key, "us.key");
  EXPECT_EQ(options.upstream_tls.server_name, "app.internal");
  EXPECT_FALSE(options.upstream_tls.insecure);
}

TEST(Load, AfterItEveryListenerIsWithTlsOrWithout) {
  const Texts certificate = {"--upstream", "http://app", "--tls-cert", "a.pem", "--tls-key", "a.key"};
  const auto tls_of = [](Texts arguments, const std::string& listen) {
    arguments.insert(arguments.end(), {"--listen", listen});
    return good(load_with(arguments)).options.listen[0].tls;
  };
  EXPECT_FALSE(tls_of(kUpstream, "a:1"));
  EXPECT_FALSE(tls_of(kUpstream, "http://a:1"));
  EXPECT_TRUE(tls_of(certificate, "a:1"));
  EXPECT_TRUE(tls_of(certificate, "unix:/a"));
  EXPECT_TRUE(tls_of(certificate, "https://a:1"));
  EXPECT_FALSE(tls_of(certificate, "http://a:1"));
  EXPECT_TRUE(good(load_with(certificate)).options.listen[0].tls) << "the default one as well";
}

TEST(Load, AnHttpsUpstreamWithANameGetsItsOwnHostUnlessTheUserSaysOtherwise) {
  const struct {
    Texts arguments;
    std::string host, source;
  } rows[] = {
      {{"--upstream", "http://app"}, "keep", "default"},
      {{"--upstream", "https://10.0.0.1"}, "keep", "default"},
      {{"--upstream", "https://[::1]"}, "keep", "default"},
      {{"--upstream", "unix:/a"}, "keep", "default"},
      {{"--upstream", "https://app"}, "upstream", "auto: every upstream is an https URL with a host name"},
      {{"--upstream", "https://a", "--upstream", "https://b"},
       "upstream",
       "auto: every upstream is an https URL with a host name"},
      {{"--upstream", "https://a", "--upstream", "http://b"},
       "keep",
       "auto: not every upstream is an https URL with a host name"},
      {{"--upstream", "https://a", "--upstream", "https://10.0.0.1"},
       "keep",
       "auto: not every upstream is an https URL with a host name"},
      {{"--upstream", "https://a", "--upstream-host", "keep"}, "keep", "--upstream-host"},
      {{"--upstream", "https://a", "--upstream-host", "b"}, "b", "--upstream-host"},
      {{"--upstream", "http://a", "--upstream-host", "upstream"}, "upstream", "--upstream-host"},
  };
  for (const auto& [arguments, host, source] : rows) {
    const Loaded loaded = good(load_with(arguments));
    EXPECT_EQ(loaded.options.upstream_host, host) << arguments[1];
    EXPECT_EQ(source_of(loaded, "upstream_host"), source) << arguments[1];
  }
}

TEST(Load, AFlagThatStandsAloneMeansOnAndLeavesTheNextWordAlone) {
  const Texts https = {"--upstream", "https://app"};
  const auto insecure = [&](Texts more, const std::string& toml = "") {
    more.insert(more.begin(), https.begin(), https.end());
    return good(load_toml(toml, more)).options.upstream_tls.insecure;
  };
  EXPECT_FALSE(insecure({}));
  EXPECT_TRUE(insecure({"--upstream-insecure"}));
  EXPECT_TRUE(insecure({"--upstream-insecure", "check"}));
  EXPECT_TRUE(insecure({"--upstream-insecure", "--workers", "2"}));
  EXPECT_FALSE(insecure({"--upstream-insecure=off"}, "upstream_tls.insecure = true"));
  EXPECT_TRUE(insecure({}, "upstream_tls.insecure = true"));
}

TEST(Load, ValuesAreTakenAsTheyAre) {
  const Texts odd = {"[x]", "{}", "a,b", "'q'", "\"q\"", "%%", "ünï", " two  spaces "};
  for (const std::string& text : odd) {
    const Loaded loaded = good(load_with({"--upstream", "http://app", "--keepalive-comment", text}));
    EXPECT_EQ(loaded.options.route.sse.keepalive_comment, text);
  }
  EXPECT_EQ(good(load_with({"--upstream", "http://app", "--listen", "[::1]:80"})).options.listen[0].host,
            "::1");
  EXPECT_EQ(good(load_with({"--upstream", "http://app", "--keepalive-comment="}))
                .options.route.sse.keepalive_comment,
            "");
}

TEST(Environment, VariablesThatAreNoOptionsAreNeverErrors) {
  const Environment kubernetes = {{"SSE_PROXY_PORT", "tcp://10.0.0.7:8080"},
                                  {"SSE_PROXY_PORT_8080_TCP_ADDR", "10.0.0.7"},
                                  {"SSE_PROXY_SERVICE_HOST", "10.0.0.7"},
                                  {"SSE_PROXY_SERVICE_PORT", "8080"},
                                  {"SSE_PROXY_LISTEN_SERVICE_PORT", "8080"},
                                  {"SSE_PROXY_X", "y"},
                                  {"SSE_PROXY_", "y"}};
  EXPECT_EQ(good(load_with(kUpstream, kubernetes)).notes.size(), 1u) << "the keep-alive's only";
}

TEST(Environment, ANearMissIsAWarning) {
  const Environment environment = {{"SSE_PROXY_KEEPALIVE", "5s"}, {"SSE_PROXY_LOG_LEVL", "debug"}};
  const Loaded loaded = good(load_with(kUpstream, environment));
  ASSERT_EQ(loaded.notes.size(), 3u);
  EXPECT_EQ(loaded.notes[1].text,
            "SSE_PROXY_KEEPALIVE is not a variable of an option and is ignored: did you mean "
            "SSE_PROXY_SSE_KEEPALIVE?");
  EXPECT_EQ(
      loaded.notes[2].text,
      "SSE_PROXY_LOG_LEVL is not a variable of an option and is ignored: did you mean SSE_PROXY_LOG_LEVEL?");
}

TEST(Environment, AnEmptyVariableIsAsGoodAsNone) {
  const Loaded loaded =
      good(load_with(kUpstream, {{"SSE_PROXY_SSE_KEEPALIVE", ""}, {"SSE_PROXY_UPSTREAM", ""}}));
  EXPECT_EQ(loaded.options.route.sse.keepalive, 15s);
}

TEST(Environment, ItCanNameTheFileAndAFlagGoesBeforeIt) {
  const testing::TempFolder folder;
  const std::string one = folder.write("one.toml", "upstream = \"http://one\"");
  const std::string two = folder.write("two.toml", "upstream = \"http://two\"");
  const Environment environment = {{"SSE_PROXY_CONFIG", one}};
  EXPECT_EQ(texts(good(load_with({}, environment)).options.upstream), Texts{"http://one"});
  EXPECT_EQ(texts(good(load_with({"--config", two}, environment)).options.upstream), Texts{"http://two"});
}

TEST(Environment, ItIsReadFromAnEnvp) {
  const char* envp[] = {"A=1", "B=x=y", "C=", "rubbish", nullptr};
  EXPECT_EQ(environment_of(envp), (Environment{{"A", "1"}, {"B", "x=y"}, {"C", ""}}));
  EXPECT_TRUE(environment_of(nullptr).empty());
}

TEST(Command, RunIsTheDefaultAndACommandMayStandAnywhere) {
  EXPECT_EQ(good(load_with(kUpstream)).command, Command::run);
  EXPECT_EQ(good(load_with({"run", "--upstream", "http://app"})).command, Command::run);
  EXPECT_EQ(good(load_with({"--upstream", "http://app", "check"})).command, Command::check);
  EXPECT_EQ(good(load_with({"--help"})).command, Command::help);
  EXPECT_EQ(good(load_with({"-h"})).command, Command::help);
  EXPECT_EQ(good(load_with({"demo", "--help"})).command, Command::help);
}

TEST(Command, TheVersionIsTheProjects) {
  const Loaded loaded = good(load_with({"--version"}));
  EXPECT_EQ(loaded.command, Command::version);
  EXPECT_EQ(loaded.text, "sse-proxy " SSE_PROXY_VERSION "\n");
}

TEST(Command, TheDemoNeedsNothingAndHeedsHowToLog) {
  const Environment environment = {{"SSE_PROXY_UPSTREAM", "nonsense"}, {"SSE_PROXY_LOG_LEVEL", "warn"}};
  const Loaded demo = good(load_with({"demo", "--serve", "--log-format", "json"}, environment));
  EXPECT_EQ(demo.command, Command::demo);
  EXPECT_TRUE(demo.demo_serve);
  EXPECT_EQ(demo.options.log_level, LogLevel::warn);
  EXPECT_EQ(demo.options.log_format, LogFormat::json);
  EXPECT_TRUE(demo.options.route.sse.keepalive);
  EXPECT_FALSE(good(load_with({"demo"})).demo_serve);
}

TEST(Table, VariablesDoNotClashWithEachOtherOrWithKubernetes) {
  std::map<std::string, std::string_view> seen;
  for (const Field& field : fields()) {
    const std::string variable = variable_of(field);
    EXPECT_TRUE(seen.emplace(variable, field.key).second) << variable;
    EXPECT_FALSE(variable.starts_with("SSE_PROXY_PORT")) << variable;
    EXPECT_FALSE(variable.starts_with("SSE_PROXY_SERVICE")) << variable;
    EXPECT_NE(variable, "SSE_PROXY_CONFIG");
  }
}

TEST(Table, KeysAndFlagsAreWrittenTheirWayAndOnlyOnce) {
  std::map<std::string_view, int> keys, flags;
  for (const Field& field : fields()) {
    EXPECT_EQ(++keys[field.key], 1) << field.key;
    EXPECT_EQ(++flags[field.flag], 1) << field.flag;
    EXPECT_EQ(field.key.find_first_not_of("abcdefghijklmnopqrstuvwxyz_."), std::string_view::npos)
        << field.key;
    EXPECT_EQ(field.flag.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string_view::npos)
        << field.flag;
    EXPECT_FALSE(field.help.empty()) << field.key;
    EXPECT_TRUE(!field.metavar.empty() || std::holds_alternative<SwitchValue>(field.value)) << field.key;
    EXPECT_EQ(find_key(field.key), &field);
    EXPECT_EQ(find_flag(field.flag), &field);
  }
  EXPECT_EQ(find_key("nothing"), nullptr);
}

}  // namespace
}  // namespace sse_proxy
