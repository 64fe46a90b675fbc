#include "proxy/upstream/upstream_health.h"

#include <gtest/gtest.h>

#include <array>

namespace sse_proxy {
namespace {

constexpr TimePoint kStart{Millis(1000000)};

class UpstreamHealthTest : public ::testing::Test {
 protected:
  std::optional<size_t> choose(size_t first, std::vector<size_t> tried = {}) {
    return health.choose(first, tried, now);
  }
  bool fails(size_t upstream, UpstreamFailure failure = UpstreamFailure::no_connection) {
    return health.failed(upstream, failure, now);
  }

  std::vector<Endpoint> upstreams{
      {"http://a", "", "a", 80}, {"http://b", "", "b", 80}, {"http://c", "", "c", 80}};
  UpstreamHealth health{upstreams};
  TimePoint now = kStart;
};

TEST_F(UpstreamHealthTest, HealthyUpstreamsAreTakenInTheOrderOfTheRing) {
  EXPECT_EQ(choose(0), 0U);
  EXPECT_EQ(choose(2), 2U);
  EXPECT_EQ(choose(2, {2}), 0U);
  EXPECT_EQ(choose(2, {2, 0}), 1U);
  EXPECT_EQ(choose(2, {2, 0, 1}), std::nullopt);
}

TEST_F(UpstreamHealthTest, OneThatRefusesIsLeftOutForASecond) {
  EXPECT_TRUE(fails(0));
  EXPECT_EQ(choose(0), 1U);
  now += Millis(999);
  EXPECT_EQ(choose(0), 1U);
  now += Millis(1);
  EXPECT_EQ(choose(0), 0U);
}

TEST_F(UpstreamHealthTest, AfterItsTimeOneExchangeTriesItAndTheOthersWaitForItsAnswer) {
  fails(0);
  now += Millis(1000);
  EXPECT_EQ(choose(0), 0U);
  EXPECT_EQ(choose(0), 1U);
  health.answered(0);
  EXPECT_EQ(choose(0), 0U);
  EXPECT_EQ(choose(0), 0U);
}

TEST_F(UpstreamHealthTest, ATrialWithoutAnOutcomeIsFollowedByAnother) {
  fails(0);
  now += Millis(1000);
  EXPECT_EQ(choose(0), 0U);
  now += Millis(4999);
  EXPECT_EQ(choose(0), 1U);
  now += Millis(1);
  EXPECT_EQ(choose(0), 0U);
}

TEST_F(UpstreamHealthTest, EachFailedTrialDoublesItsTimeUpToAMinute) {
  EXPECT_TRUE(fails(0));
  for (const int seconds : {1, 2, 4, 8, 16, 32, 60, 60}) {
    now += Millis(seconds * 1000 - 1);
    EXPECT_EQ(choose(0), 1U) << seconds;
    now += Millis(1);
    EXPECT_EQ(choose(0), 0U) << seconds;
    EXPECT_TRUE(fails(0));
  }
  health.answered(0);
  EXPECT_TRUE(fails(0));
  now += Millis(1000);
  EXPECT_EQ(choose(0), 0U) << "an answer starts the count again";
}

TEST_F(UpstreamHealthTest, FailuresOfExchangesThatBeganBeforeDoNotProlongIt) {
  EXPECT_TRUE(fails(0));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(fails(0));
  now += Millis(1000);
  EXPECT_EQ(choose(0), 0U);
}

TEST_F(UpstreamHealthTest, ItTakesThreeMissingResponsesInARow) {
  constexpr auto kMissing = UpstreamFailure::no_response;
  EXPECT_FALSE(fails(0, kMissing));
  EXPECT_FALSE(fails(0, kMissing));
  health.answered(0);
  EXPECT_FALSE(fails(0, kMissing));
  EXPECT_FALSE(fails(0, kMissing));
  EXPECT_EQ(choose(0), 0U);
  EXPECT_TRUE(fails(0, kMissing));
  EXPECT_EQ(choose(0), 1U);
}

TEST_F(UpstreamHealthTest, WhereNoneIsHealthyAllAreTried) {
  for (size_t i = 0; i < 3; ++i) fails(i);
  EXPECT_EQ(choose(1), 1U);
  EXPECT_EQ(choose(1, {1}), 2U);
  EXPECT_EQ(choose(1, {1, 2, 0}), std::nullopt);
}

TEST_F(UpstreamHealthTest, ASingleUpstreamIsNeverLeftOut) {
  const std::vector<Endpoint> one{{"http://a", "", "a", 80}};
  UpstreamHealth single(one);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(single.failed(0, UpstreamFailure::no_connection, now));
  EXPECT_EQ(single.choose(0, {}, now), 0U);
}

}  // namespace
}  // namespace sse_proxy
