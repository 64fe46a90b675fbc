#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "proxy/demo/report.h"

namespace sse_proxy::stage {
namespace {

using std::chrono_literals::operator""ms;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Sight event(size_t index, microseconds sent, microseconds lag) {
  return {Sight::Kind::event, sent + lag, {index, sent, true}};
}

// Every event of the script 400 ms after the one before, each 1 ms late, and a clean end.
std::vector<Sight> right_lane() {
  std::vector<Sight> sights;
  for (size_t i = 0; i < script().size(); ++i) sights.push_back(event(i, 400ms * i, 1ms));
  sights.push_back({Sight::Kind::end, 400ms * script().size()});
  return sights;
}

TEST(DemoReport, ALaneWhereEverythingArrivedAtOnceIsRight) {
  const Figures figures = measure(right_lane());
  EXPECT_TRUE(is_right(figures));
  EXPECT_EQ(figures.events, script().size());
  EXPECT_EQ(figures.median_lag, 1ms);
  EXPECT_EQ(figures.lumps, 0U);
}

TEST(DemoReport, KeepAlivesDoNotCountAgainstALane) {
  std::vector<Sight> lane = right_lane();
  lane.insert(lane.begin() + 3, {Sight::Kind::keepalive, 900ms});
  EXPECT_TRUE(is_right(measure(lane)));
  EXPECT_EQ(measure(lane).keepalives, 1U);
}

struct Fault {
  const char* name;
  std::function<void(std::vector<Sight>&)> make;
};

class DemoFault : public testing::TestWithParam<Fault> {};

TEST_P(DemoFault, MakesTheLaneWrongAndTheVerdictSaysSo) {
  std::vector<Sight> lane = right_lane();
  GetParam().make(lane);
  EXPECT_FALSE(is_right(measure(lane)));
  EXPECT_THAT(verdict(measure(right_lane()), measure(lane)), StartsWith("Verdict: NOT right with sse-proxy"));
}

const Fault kFaults[] = {
    {"nothing_arrived", [](auto& lane) { lane.clear(); }},
    {"last_event_lost", [](auto& lane) { lane.erase(lane.end() - 2); }},
    {"event_lost_in_the_middle", [](auto& lane) { lane.erase(lane.begin() + 4); }},
    {"event_twice", [](auto& lane) { lane.insert(lane.begin() + 1, lane[0]); }},
    {"out_of_order", [](auto& lane) { std::swap(lane[2], lane[3]); }},
    {"changed_on_the_way", [](auto& lane) { lane[2].event.intact = false; }},
    {"garbage",
     [](auto& lane) {
       lane.insert(lane.begin(), {Sight::Kind::garbage, 0ms});
     }},
    {"late", [](auto& lane) { lane[5].at += kGoodLag; }},
    {"lump", [](auto& lane) { lane[5].at = lane[6].at; }},
    {"cut", [](auto& lane) { lane.back().kind = Sight::Kind::cut; }},
    {"no_end", [](auto& lane) { lane.pop_back(); }},
};
INSTANTIATE_TEST_SUITE_P(Each, DemoFault, testing::ValuesIn(kFaults),
                         [](const auto& test) { return test.param.name; });

TEST(DemoReport, ALumpIsARunOfEventsThatWereSentApartAndArrivedTogether) {
  const std::vector<Sight> lane = {
      event(0, 0ms, 800ms),    event(1, 400ms, 400ms), event(2, 800ms, 1ms),    // together at 800 ms
      event(3, 1200ms, 1ms),   event(4, 1250ms, 1ms),                           // sent together
      event(5, 2000ms, 500ms), event(6, 2490ms, 15ms), event(7, 3000ms, 1ms)};  // together at 2500 ms
  EXPECT_EQ(measure(lane).lumps, 2U);
}

TEST(DemoReport, MedianAndWorstLagAreMeasuredFromTheSendTimes) {
  const std::vector<Sight> lane = {event(0, 0ms, 5ms), event(1, 400ms, 900ms), event(2, 2000ms, 7ms)};
  EXPECT_EQ(measure(lane).median_lag, 7ms);
  EXPECT_EQ(measure(lane).worst_lag, 900ms);
}

TEST(DemoReport, TheVerdictSaysWhatWasLostWithoutTheProxyAndFitsALine) {
  std::vector<Sight> cut = right_lane();
  cut.erase(cut.begin() + 7, cut.end());
  cut.push_back({Sight::Kind::cut, 6000ms});
  const std::string text = verdict(measure(cut), measure(right_lane()));
  EXPECT_THAT(text, HasSubstr(std::to_string(script().size() - 7) + " lost"));
  EXPECT_THAT(text, Not(HasSubstr("NOT")));
  EXPECT_LE(text.size(), 80U);
}

TEST(DemoReport, LagsAreWrittenWithTheUnitThatSuitsThem) {
  EXPECT_EQ(as_lag(microseconds(140)), "0.1 ms");
  EXPECT_EQ(as_lag(microseconds(9949)), "9.9 ms");
  EXPECT_EQ(as_lag(microseconds(9950)), "10 ms");
  EXPECT_EQ(as_lag(802ms), "802 ms");
  EXPECT_EQ(as_lag(3800ms), "3.8 s");
}

}  // namespace
}  // namespace sse_proxy::stage
