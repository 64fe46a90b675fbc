#include "conf/behind.h"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/conf/conf_helpers.h"

namespace sse_proxy {
namespace {

using testing::load_with;

TEST(Behind, TheKeepaliveIsHalfTheShortestIdleTimeoutAndAtMostThirtySeconds) {
  const struct {
    std::vector<std::string> behind;
    milliseconds keepalive;
    std::string why;
  } rows[] = {
      {{}, 15s, "the usual interval, as behind names nothing in front"},
      {{"alb"}, 30s, "half of alb's idle timeout of 60s, at most 30s"},
      {{"nlb"}, 30s, "half of nlb's idle timeout of 350s, at most 30s"},
      {{"cloudflare", "cloudfront", "alb"}, 15s, "half of cloudfront's idle timeout of 30s, at most 30s"},
      {{"azure-app-gateway"}, 10s, "half of azure-app-gateway's idle timeout of 20s, at most 30s"},
      {{"heroku"}, 27500ms, "half of heroku's idle timeout of 55s, at most 30s"},
      {{"traefik"}, 15s, "the usual interval, as nothing that behind names has an idle timeout"},
      {{"traefik", "kong"}, 30s, "half of kong's idle timeout of 60s, at most 30s"},
  };
  for (const auto& [behind, keepalive, why] : rows) {
    const Derived derived = derive_keepalive(behind);
    EXPECT_EQ(derived.value, keepalive) << why;
    EXPECT_EQ(derived.why, why);
  }
}

TEST(Behind, TheIdleTimeoutIsLongerThanWhatStandsInFrontKeepsAConnection) {
  EXPECT_EQ(derive_idle_timeout({}).value, 75s);
  EXPECT_EQ(derive_idle_timeout({"alb"}).value, 75s);
  EXPECT_EQ(derive_idle_timeout({"cloudfront"}).value, 75s);
  EXPECT_EQ(derive_idle_timeout({"alb", "gcp-lb"}).value, 620s);
  EXPECT_EQ(derive_idle_timeout({"gcp-lb"}).why,
            "longer than the 10m for which gcp-lb keeps an idle connection");
}

TEST(Behind, EveryNameOfTheFactsIsThereOnce) {
  const char* names[] = {"alb",
                         "clb",
                         "nlb",
                         "cloudfront",
                         "cloudflare",
                         "cloudflare-tunnel",
                         "api-gateway-rest",
                         "api-gateway-http",
                         "service-connect",
                         "app-runner",
                         "gcp-lb",
                         "cloud-run",
                         "azure-app-gateway",
                         "azure-front-door",
                         "azure-app-service",
                         "heroku",
                         "fly",
                         "vercel",
                         "ngrok",
                         "gcore",
                         "nginx",
                         "ingress-nginx",
                         "haproxy",
                         "envoy",
                         "istio",
                         "traefik",
                         "kong",
                         "ats"};
  EXPECT_EQ(intermediaries().size(), std::size(names));
  for (const char* name : names) EXPECT_TRUE(find_intermediary(name)) << name;
}

TEST(Behind, NoKeepaliveThatIsDerivedReachesAnIdleTimeout) {
  for (const Intermediary& entry : intermediaries()) {
    const Derived derived = derive_keepalive({std::string(entry.name)});
    EXPECT_GT(derived.value, 0s) << entry.name;
    const milliseconds most = entry.idle > 0s ? entry.idle / 2 : 15s;
    EXPECT_LE(derived.value, most) << entry.name;
    EXPECT_GT(derive_idle_timeout({std::string(entry.name)}).value, entry.client_keepalive) << entry.name;
  }
}

// The warnings of a run with these arguments.
std::vector<std::string> warnings(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--upstream", "http://app"});
  const auto loaded = load_with(std::move(arguments));
  EXPECT_TRUE(loaded) << loaded.error().message;
  std::vector<std::string> out;
  for (const Note& note : loaded->notes) {
    if (note.level == Note::Level::warning) out.push_back(note.text);
  }
  return out;
}

using Lines = std::vector<std::string>;

TEST(BehindNotes, ATotalLimitThatNoKeepaliveHelpsAgainstIsAWarningWithAdvice) {
  EXPECT_EQ(warnings({"--behind", "service-connect"}),
            Lines{"service-connect cuts a response after 15s, and no keep-alive helps against that: "
                  "set perRequestTimeout to 0"});
  EXPECT_EQ(
      warnings({"--behind", "envoy,vercel"}),
      (Lines{
          "envoy cuts a response after 15s, and no keep-alive helps against that: set timeout: 0s on the "
          "route",
          "vercel limits every response, and no keep-alive helps against that: the function duration of the "
          "plan ends every stream"}));
  for (const char* name : {"app-runner", "gcp-lb", "api-gateway-http", "api-gateway-rest", "cloud-run"}) {
    EXPECT_EQ(warnings({"--behind", name}).size(), 1u) << name;
  }
  for (const char* name : {"alb", "nlb", "cloudfront", "ingress-nginx", "traefik"}) {
    EXPECT_EQ(warnings({"--behind", name}), Lines{}) << name;
  }
}

TEST(BehindNotes, StreamsThatEndBeforeATotalLimitNeedNoWarning) {
  EXPECT_EQ(warnings({"--behind", "cloud-run", "--max-stream-age", "4m"}), Lines{});
  EXPECT_EQ(warnings({"--behind", "cloud-run", "--max-stream-age", "5m"}).size(), 1u);
}

TEST(BehindNotes, AnExplicitKeepaliveThatIsNotBelowAnIdleTimeoutIsAWarning) {
  EXPECT_EQ(warnings({"--behind", "alb", "--keepalive", "60s"}),
            Lines{"sse.keepalive is 60s, but alb cuts a stream after 60s of silence: set it to auto or to at "
                  "most 30s"});
  EXPECT_EQ(warnings({"--behind", "alb", "--keepalive", "off"}),
            Lines{"sse.keepalive is off, but alb cuts a stream after 60s of silence: set it to auto or to at "
                  "most 30s"});
  EXPECT_EQ(warnings({"--behind", "alb", "--keepalive", "59s"}), Lines{});
  EXPECT_EQ(warnings({"--behind", "traefik", "--keepalive", "off"}), Lines{});
}

TEST(BehindNotes, AnIdleTimeoutThatIsTooShortForALoadBalancerIsAWarning) {
  EXPECT_EQ(warnings({"--behind", "alb", "--idle-timeout", "60s"}),
            Lines{"timeouts.idle is 60s, but alb keeps idle connections for 60s and answers 502 when one "
                  "closes: set it "
                  "to auto"});
}

TEST(BehindNotes, TheLogSaysHowTheKeepaliveCameAbout) {
  const struct {
    std::vector<std::string> arguments;
    std::string note;
  } rows[] = {
      {{"--behind", "alb"}, "keep-alive every 30s: half of alb's idle timeout of 60s, at most 30s"},
      {{}, "keep-alive every 15s: the usual interval, as behind names nothing in front"},
      {{"--keepalive", "5s"}, "keep-alive every 5s: set by --keepalive"},
      {{"--keepalive", "off"}, "no keep-alives: sse.keepalive is off"},
  };
  for (const auto& [arguments, note] : rows) {
    std::vector<std::string> all = arguments;
    all.insert(all.end(), {"--upstream", "http://app"});
    const auto loaded = load_with(all);
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(loaded->notes.at(0), (Note{Note::Level::info, note}));
  }
}

TEST(BehindTable, ItNamesEverythingWithinAHundredColumns) {
  std::ostringstream out;
  print_behind_table(out);
  for (const Intermediary& entry : intermediaries()) {
    EXPECT_NE(out.str().find("\n" + std::string(entry.name) + " "), std::string::npos) << entry.name;
  }
  std::istringstream lines(out.str());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
  const auto loaded = load_with({"--behind", "list"});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->command, Command::behind_list);
  EXPECT_EQ(loaded->text, out.str());
}

}  // namespace
}  // namespace sse_proxy
