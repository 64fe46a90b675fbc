#include "parser/keepalive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/support/reference_sse.h"
#include "tests/support/stream_rig.h"

namespace sse_proxy {
namespace {

using namespace std::chrono_literals;
using test::StreamRig;
using test::usual_settings;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(KeepAlive, WhenNothingHasBeenWrittenForTheIntervalACommentIsWrittenUpToTenPercentEarly) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    StreamRig rig(usual_settings(), 0ms, 1 << 20, seed);
    rig.wait(8999ms);
    EXPECT_THAT(rig.written(), IsEmpty());
    rig.wait(1001ms);
    EXPECT_THAT(rig.written(), ElementsAre(": keep-alive\n\n"));
    EXPECT_EQ(rig.stream->stats().keepalives, 1U);
  }
}

TEST(KeepAlive, GoesOnForAsLongAsTheSilence) {
  StreamRig rig;
  rig.wait(1h);
  EXPECT_GE(rig.stream->stats().keepalives, 360U);
  EXPECT_LE(rig.stream->stats().keepalives, 400U);
}

TEST(KeepAlive, TenThousandStreamsDoNotShareATick) {
  std::set<TimePoint> ticks;
  for (uint64_t seed = 0; seed < 10'000; ++seed) {
    ticks.insert(KeepaliveClock(10s, 0ms, TimePoint(1h), seed).due());
  }
  EXPECT_GT(ticks.size(), 900U) << "of the 1001 milliseconds that there are";
  EXPECT_GE(*ticks.begin(), TimePoint(1h + 9s));
  EXPECT_LE(*ticks.rbegin(), TimePoint(1h + 10s));
}

TEST(KeepAlive, RealDataResetsTheInterval) {
  StreamRig rig;
  rig.wait(8s);
  rig.turn("data: a\n\n");
  rig.wait(8s);
  EXPECT_THAT(rig.written(), ElementsAre("data: a\n\n"));
}

TEST(KeepAlive, BytesThatAreHeldBackAreNoDataForTheClient) {
  StreamRig rig;
  rig.wait(8s);
  rig.turn("da");
  rig.wait(2s);
  EXPECT_THAT(rig.written(), ElementsAre(": keep-alive\n\n")) << "ahead of what is held";
  rig.turn("ta: a\n\n");
  EXPECT_THAT(rig.written(), ElementsAre("data: a\n\n"));
}

TEST(KeepAlive, BomAfterInjection) {
  for (const size_t cut : {0, 1, 2, 3, 4}) {
    const std::string_view body =
        "\xef\xbb\xbf"
        "data: a\n\n\xef\xbb\xbf"
        "data: b\n\n";
    StreamRig rig;
    rig.turn(body.substr(0, cut));
    rig.wait(10s);
    rig.turn(body.substr(cut));
    const std::string client = rig.written_bytes();
    EXPECT_EQ(client,
              ": keep-alive\n\ndata: a\n\n\xef\xbb\xbf"
              "data: b\n\n")
        << "exactly one BOM goes";
    EXPECT_EQ(test::reference_decode(client).events, test::reference_decode(body).events);
  }
}

TEST(KeepAlive, ABomAtTheStartStaysWhereNothingWasInjectedBeforeIt) {
  StreamRig rig;
  rig.turn(
      "\xef\xbb\xbf"
      "data: a\n\n");
  rig.wait(10s);
  EXPECT_THAT(rig.written(), ElementsAre("\xef\xbb\xbf"
                                         "data: a\n\n",
                                         ": keep-alive\n\n"));
}

TEST(KeepAlive, WhatOnlyBeginsLikeABomIsKeptAfterAnInjection) {
  StreamRig rig;
  rig.turn("\xef\xbb");
  rig.wait(10s);
  rig.turn("x: y\n\n");
  EXPECT_THAT(rig.written(), ElementsAre(": keep-alive\n\n",
                                         "\xef\xbb"
                                         "x: y\n\n"));
}

TEST(KeepAlive, GoesOnAfterABomThatCouldNotBeHeld) {
  EventStreamSettings settings = usual_settings();
  settings.max_event_bytes = 1;
  StreamRig rig(settings);
  rig.turn("\xef\xbb\xbf");
  rig.wait(10s);
  EXPECT_THAT(rig.written(), ElementsAre("\xef\xbb\xbf", ": keep-alive\n\n"));
}

TEST(KeepAlive, CrAtTheEndOfAPartialRelease) {
  StreamRig rig;
  rig.turn("data: a\r");
  rig.wait(1min);
  EXPECT_THAT(rig.written(), ElementsAre("data: a\r")) << "an LF may follow: a comment here would be cut off";
  rig.turn("\n");
  EXPECT_THAT(rig.written(), ElementsAre("\n"));
  rig.wait(10s);
  EXPECT_THAT(rig.written(), ElementsAre(": keep-alive\n"))
      << "no blank line: it would dispatch half an event";
}

TEST(KeepAlive, AfterThatCrTheNextByteShowsThatNoLfFollows) {
  StreamRig rig;
  rig.turn("data: a\r");
  rig.wait(1min);
  rig.turn("d");
  rig.wait(1ms);  // the silence has been long enough
  rig.turn("ata: b\r\r");
  const std::string client = rig.written_bytes();
  EXPECT_EQ(client, "data: a\r: keep-alive\ndata: b\r\r");
  EXPECT_EQ(test::reference_decode(client).events,
            (std::vector<test::ReferenceEvent>{{"message", "a\nb", ""}}));
}

TEST(KeepAlive, IsNeverWrittenInsideALine) {
  EventStreamSettings settings = usual_settings();
  settings.max_event_bytes = 4;
  StreamRig rig(settings);
  rig.turn("data: a");
  rig.wait(1h);
  EXPECT_THAT(rig.written(), ElementsAre("data: a"));
  EXPECT_EQ(rig.stream->deadline(), kNever) << "nor waited for";
  rig.turn("\n");
  rig.wait(10s);
  EXPECT_THAT(rig.written(), ElementsAre("\n", ": keep-alive\n"));
}

TEST(KeepAlive, IsNeverWrittenAfterTheEnd) {
  StreamRig rig;
  rig.turn("data: a\n\n");
  rig.stream->finish(rig.now);
  EXPECT_EQ(rig.stream->deadline(), kNever);
  rig.stream->on_deadline(rig.now + 1h);
  EXPECT_THAT(rig.written(), ElementsAre("data: a\n\n"));
}

TEST(KeepAlive, StalledClientGetsOneKeepAlive) {
  StreamRig rig;
  rig.wait(10s);
  rig.client.takes = false;  // the comment waits in the queue
  EXPECT_EQ(rig.stream->deadline(), kNever);
  rig.wait(1h);
  rig.stream->on_deadline(rig.now);
  EXPECT_THAT(rig.written(), ElementsAre(": keep-alive\n\n"));
  rig.client.takes = true;
  rig.stream->on_client_progress(rig.now);
  rig.wait(8s);
  EXPECT_THAT(rig.written(), IsEmpty()) << "silence counts from the moment at which it took the first";
  rig.wait(2s);
  EXPECT_THAT(rig.written(), ElementsAre(": keep-alive\n\n"));
}

TEST(KeepAlive, LineFormLeavesTheBlankLineOut) {
  EventStreamSettings settings = usual_settings();
  settings.keepalive_text = comment_keepalive("keep-alive", false, 0);
  StreamRig rig(settings);
  rig.wait(10s);
  rig.turn("data: a\n\n");
  EXPECT_THAT(rig.written(), ElementsAre(": keep-alive\n", "data: a\n\n"));
}

TEST(KeepAlive, ANamedEventIsWrittenAtBoundariesOnly) {
  EventStreamSettings settings = usual_settings();
  settings.keepalive_text = event_keepalive("ping");
  StreamRig rig(settings);
  rig.wait(10s);
  EXPECT_THAT(rig.written(), ElementsAre("event: ping\ndata: {}\n\n"));
  rig.turn("data: a\n");
  rig.wait(1h);
  EXPECT_EQ(rig.client.writes.back(), "data: a\n") << "half an event is out: nothing may follow";
  rig.turn("\n");
  rig.wait(10s);
  EXPECT_EQ(rig.client.writes.back(), "event: ping\ndata: {}\n\n");
}

TEST(KeepAlive, TheFirstOneComesAfterHalfASecondOfSilenceWhileNoBodyByteWasWritten) {
  StreamRig rig(usual_settings(), 500ms);
  rig.wait(449ms);
  EXPECT_THAT(rig.written(), IsEmpty());
  rig.wait(51ms);
  EXPECT_THAT(rig.written(), ElementsAre(": keep-alive\n\n"));
  rig.wait(8s);
  EXPECT_THAT(rig.written(), IsEmpty()) << "the second waits for the interval";

  StreamRig other(usual_settings(), 500ms);
  other.turn("data: a\n\n");
  other.wait(8s);
  EXPECT_THAT(other.written(), ElementsAre("data: a\n\n"));
}

TEST(KeepAlive, TheHeadReachingTheClientDoesNotPutTheFirstOneOff) {
  StreamRig rig(usual_settings(), 500ms);
  rig.wait(400ms);
  rig.stream->on_client_progress(rig.now);
  rig.wait(100ms);
  EXPECT_THAT(rig.written(), ElementsAre(": keep-alive\n\n"));
}

TEST(KeepAlive, OffMeansNoneAndNoFirstOneEither) {
  EventStreamSettings settings = usual_settings();
  settings.keepalive = 0ms;
  StreamRig rig(settings, 500ms);
  rig.wait(24h);
  EXPECT_THAT(rig.written(), IsEmpty());
  EXPECT_EQ(rig.stream->deadline(), kNever);
}

TEST(KeepAlive, PaddingFillsEveryCommentToItsSizeLineEndsIncluded) {
  const KeepaliveText block = comment_keepalive("keep-alive", true, 1024);
  EXPECT_EQ(block.at_boundary.size(), 1024U);
  EXPECT_TRUE(block.at_boundary.starts_with(": keep-alive  "));
  EXPECT_TRUE(block.at_boundary.ends_with("  \n\n"));
  EXPECT_EQ(block.at_line_end.size(), 1024U);
  EXPECT_TRUE(block.at_line_end.ends_with("  \n"));
  const KeepaliveText line = comment_keepalive("keep-alive", false, 1024);
  EXPECT_EQ(line.at_boundary.size(), 1024U);
  EXPECT_TRUE(line.at_boundary.ends_with("  \n"));
}

TEST(KeepAlive, PaddingNeverShortensAndAnEmptyCommentIsAColon) {
  EXPECT_EQ(comment_keepalive("keep-alive", true, 5).at_boundary, ": keep-alive\n\n");
  EXPECT_EQ(comment_keepalive("keep-alive", true, 14).at_boundary, ": keep-alive\n\n");
  EXPECT_EQ(comment_keepalive("keep-alive", true, 15).at_boundary, ": keep-alive \n\n");
  EXPECT_EQ(comment_keepalive("", true, 0).at_boundary, ":\n\n");
  EXPECT_EQ(comment_keepalive("", true, 0).at_line_end, ":\n");
}

}  // namespace
}  // namespace sse_proxy
