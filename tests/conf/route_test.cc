#include "conf/route.h"

#include <gtest/gtest.h>

#include "tests/conf/conf_helpers.h"

namespace sse_proxy {
namespace {

using testing::error_in;
using testing::load_toml;

Loaded loaded(const std::string& toml, std::vector<std::string> arguments = {"--upstream", "http://app"}) {
  auto result = load_toml(toml, std::move(arguments));
  EXPECT_TRUE(result) << result.error().message;
  return result ? *std::move(result) : Loaded{};
}

TEST(RouteTable, WithoutRulesEveryRequestGetsTheSameRoute) {
  const Loaded conf = loaded("sse.keepalive = \"5s\"");
  RouteTable table(conf.options, conf.rules);
  const Route& route = table.match("GET", "/");
  EXPECT_EQ(&route, &table.match("POST", "/other"));
  EXPECT_EQ(route.sse.keepalive, 5s);
  EXPECT_FALSE(route.event_stream);
}

TEST(RouteTable, ARuleIsForItsPathsAndMethods) {
  const Loaded conf = loaded(R"(
[[rule]]
path = "/chat/**"
method = ["POST", "PUT"]
timeouts.response = "10m"
)");
  RouteTable table(conf.options, conf.rules);
  EXPECT_EQ(table.match("POST", "/chat/1/2").timeouts.response, 10min);
  EXPECT_EQ(table.match("PUT", "/chat/").timeouts.response, 10min);
  EXPECT_EQ(table.match("GET", "/chat/1").timeouts.response, 5min);
  EXPECT_EQ(table.match("post", "/chat/1").timeouts.response, 5min);
  EXPECT_EQ(table.match("POST", "/other").timeouts.response, 5min);
}

TEST(RouteTable, AllMatchingRulesApplyInTheOrderOfTheFileAndTheLaterOneWins) {
  const Loaded conf = loaded(R"(
sse.retry = "1s"
[[rule]]
path = "/**"
sse.retry = "2s"
sse.padding = "2KiB"
[[rule]]
path = "/a/*"
sse.retry = "3s"
[[rule]]
path = "/a/b"
limits.body_bytes = 10
)");
  RouteTable table(conf.options, conf.rules);
  const Route& all = table.match("GET", "/x");
  EXPECT_EQ(all.sse.retry, 2s);
  EXPECT_EQ(all.sse.padding, 2 * kKiB);
  const Route& two = table.match("GET", "/a/c");
  EXPECT_EQ(two.sse.retry, 3s);
  EXPECT_EQ(two.sse.padding, 2 * kKiB);
  EXPECT_EQ(two.body_bytes, 0u);
  const Route& three = table.match("GET", "/a/b");
  EXPECT_EQ(three.sse.retry, 3s);
  EXPECT_EQ(three.body_bytes, 10u);
}

TEST(RouteTable, ReferencesStayValidAndCombinationsAreShared) {
  std::string toml;
  for (int i = 0; i < 10; ++i) {
    toml += "[[rule]]\npath = \"/**" + std::to_string(i) + "**\"\nsse.padding = " + std::to_string(i) + "\n";
  }
  const Loaded conf = loaded(toml);
  RouteTable table(conf.options, conf.rules);
  const Route& first = table.match("GET", "/1");
  const Route* address = &first;
  for (int i = 0; i < 1000; ++i) table.match("GET", "/" + std::to_string(i * 7919));
  EXPECT_EQ(&table.match("GET", "/x1y"), address);
  EXPECT_EQ(first.sse.padding, 1u);
}

TEST(RouteTable, APathOfSsePathsExpectsAnEventStreamUnlessARuleSaysOtherwise) {
  const Loaded conf = loaded(R"(
sse.paths = ["/v1/**", "/events"]
[[rule]]
path = "/v1/models"
event_stream = false
[[rule]]
path = "/stream"
event_stream = true
)");
  RouteTable table(conf.options, conf.rules);
  EXPECT_TRUE(table.match("POST", "/v1/chat").event_stream);
  EXPECT_TRUE(table.match("POST", "/events").event_stream);
  EXPECT_FALSE(table.match("GET", "/v1/models").event_stream);
  EXPECT_TRUE(table.match("GET", "/stream").event_stream);
  EXPECT_FALSE(table.match("GET", "/other").event_stream);
}

TEST(RouteTable, UpgradesAreWebsocketUnlessARuleSaysOtherwise) {
  const Loaded conf = loaded(R"(
[[rule]]
path = "/none"
upgrades = []
[[rule]]
path = "/both"
upgrades = ["websocket", "mqtt"]
)");
  RouteTable table(conf.options, conf.rules);
  EXPECT_EQ(table.match("GET", "/").upgrades, std::vector<std::string>{"websocket"});
  EXPECT_TRUE(table.match("GET", "/none").upgrades.empty());
  EXPECT_EQ(table.match("GET", "/both").upgrades, (std::vector<std::string>{"websocket", "mqtt"}));
}

TEST(RouteTable, DottedKeysAndTablesMeanTheSame) {
  const Loaded conf = loaded(R"(
[[rule]]
path = "/a"
sse.keepalive = "5s"
timeouts.read = "7s"
limits.body_bytes = "1KiB"
[[rule]]
path = "/b"
[rule.sse]
keepalive = "5s"
[rule.timeouts]
read = "7s"
[rule.limits]
body_bytes = "1KiB"
)");
  RouteTable table(conf.options, conf.rules);
  for (const char* path : {"/a", "/b"}) {
    const Route& route = table.match("GET", path);
    EXPECT_EQ(route.sse.keepalive, 5s);
    EXPECT_EQ(route.timeouts.read, 7s);
    EXPECT_EQ(route.body_bytes, kKiB);
  }
}

TEST(RouteTable, AutoInARuleIsTheDerivedKeepalive) {
  const Loaded conf = loaded(R"(
behind = ["azure-app-gateway"]
sse.keepalive = "3s"
[[rule]]
path = "/auto"
sse.keepalive = "auto"
)");
  RouteTable table(conf.options, conf.rules);
  EXPECT_EQ(table.match("GET", "/auto").sse.keepalive, 10s);
  EXPECT_EQ(table.match("GET", "/").sse.keepalive, 3s);
}

TEST(RouteTable, TheFirstKeepaliveIsOffWhereKeepaliveIsOff) {
  const Loaded conf = loaded(R"(
sse.first_keepalive = "1s"
[[rule]]
path = "/quiet"
sse.keepalive = "off"
)");
  RouteTable table(conf.options, conf.rules);
  EXPECT_EQ(table.match("GET", "/").sse.first_keepalive, 1s);
  EXPECT_EQ(table.match("GET", "/quiet").sse.first_keepalive, 0s);

  const Loaded off = loaded(R"(
sse.keepalive = "off"
[[rule]]
path = "/alive"
sse.keepalive = "5s"
)");
  RouteTable other(off.options, off.rules);
  EXPECT_EQ(other.match("GET", "/").sse.first_keepalive, 0s);
  EXPECT_FALSE(other.match("GET", "/alive").sse.first_keepalive) << "auto again";
}

TEST(Rule, WhatIsWrongInARuleIsNamedWithItsPlace) {
  const struct {
    std::string toml, error;
  } rows[] = {
      {"[[rule]]\nsse.retry = \"1s\"",
       "conf.toml:1:1: this rule has no path: write one such as path = \"/events/**\""},
      {"[[rule]]\npath = 7", "conf.toml:2:8: path: expected a string, found the integer 7"},
      {"[[rule]]\npath = \"x\"",
       "conf.toml:2:8: path: \"x\" is not a path pattern: it must start with \"/\" or \"*\""},
      {"[[rule]]\npath = \"/\"\nmethod = [\"post\"]",
       "conf.toml:3:10: method: \"post\" is not a method: write it in capitals, as in \"POST\""},
      {"[[rule]]\npath = \"/\"\nmethod = []",
       "conf.toml:3:10: method: the list is empty: leave it out for all methods"},
      {"[[rule]]\npath = \"/\"\nmethod = 1",
       "conf.toml:3:10: method: expected a list of strings, found the integer 1"},
      {"[[rule]]\npath = \"/\"\nevent_stream = \"yes\"",
       "conf.toml:3:16: event_stream: expected true or false, found the string \"yes\""},
      {"[[rule]]\npath = \"/\"\nupgrades = true",
       "conf.toml:3:12: upgrades: expected a list of strings, found true"},
      {"[[rule]]\npath = \"/\"\nupgrades = [\"web socket\"]",
       "conf.toml:3:12: upgrades: \"web socket\" is not the name of a protocol: write one such as "
       "\"websocket\""},
      {"[[rule]]\npath = \"/\"\nupgrades = [\"websocket\", \"H2C\"]",
       "conf.toml:3:12: upgrades: an upgrade to h2c would carry requests past the proxy: leave it out"},
      {"[[rule]]\npath = \"/\"\nevent_streams = true",
       "conf.toml:3:1: unknown key \"event_streams\" in a rule: did you mean \"event_stream\"?"},
      {"[[rule]]\npath = \"/\"\n[rule.sse]\nkeepalve = \"1s\"",
       "conf.toml:4:1: unknown key \"sse.keepalve\" in a rule: did you mean \"sse.keepalive\"?"},
      {"[[rule]]\npath = \"/\"\n[rule.sse]\nretry = \"1\"",
       "conf.toml:4:9: sse.retry: \"1\" has no unit: write 1s for seconds or 1ms for milliseconds"},
      {"[[rule]]\npath = \"/\"\n[rule.timeouts]\nidle = \"1s\"",
       "conf.toml:4:1: \"timeouts.idle\" can't be set in a rule: it applies before the path is known"},
      {"[[rule]]\npath = \"/\"\n[rule.timeouts]\nheader = \"1s\"",
       "conf.toml:4:1: \"timeouts.header\" can't be set in a rule: it applies before the path is known"},
      {"[[rule]]\npath = \"/\"\n[rule.sse]\npaths = [\"/\"]",
       "conf.toml:4:1: \"sse.paths\" can't be set in a rule: it applies to the whole process"},
      {"[[rule]]\npath = \"/\"\nworkers = 2",
       "conf.toml:3:1: \"workers\" can't be set in a rule: it applies to the whole process"},
      {"[rule]\npath = \"/\"", "conf.toml:1:2: \"rule\" is a list of tables: write [[rule]]"},
      {"rule = 1", "conf.toml:1:1: \"rule\" is a list of tables: write [[rule]]"},
      {"sse.keepalive_event = \"ping\"\n[[rule]]\npath = \"/\"\n[rule.sse]\nkeepalive_form = \"line\"",
       "conf.toml:5:18: sse.keepalive_form: \"line\" is a form of the comment, but here events (\"ping\") "
       "are sent in its "
       "place: set keepalive_event = \"\" as well"},
      {"[[rule]]\npath = \"/\"\n[rule.sse]\nkeepalive = \"off\"\nfirst_keepalive = \"1s\"",
       "conf.toml:5:19: sse.first_keepalive: there is no first keep-alive, as keepalive is off here: set it "
       "as well"},
  };
  for (const auto& [toml, error] : rows) EXPECT_EQ(error_in(toml), error) << toml;
}

TEST(Rule, ARuleThatTakesTheEventAwayCanHaveTheLineForm) {
  EXPECT_EQ(
      error_in(
          "sse.keepalive_event = \"ping\"\n[[rule]]\npath = \"/\"\n[rule.sse]\nkeepalive_form = \"line\"\n"
          "keepalive_event = \"\""),
      "no error");
  EXPECT_EQ(error_in("sse.keepalive_form = \"line\"\n[[rule]]\npath = \"/\"\nsse.keepalive_event = \"ping\""),
            "no error");
}

TEST(Rule, ARuleThatSetsNothingIsAWarning) {
  const Loaded conf = loaded("\n[[rule]]\npath = \"/\"\n");
  EXPECT_EQ(conf.notes.back(), (Note{Note::Level::warning, "conf.toml:2:1: this rule sets nothing"}));
}

}  // namespace
}  // namespace sse_proxy
