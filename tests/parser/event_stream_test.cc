#include "parser/event_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/reference_sse.h"
#include "tests/support/stream_rig.h"

namespace sse_proxy {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::StreamRig;
using test::usual_settings;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr size_t kKiB = 1024;

// Streams whose every byte must arrive, whatever becomes of their events.
constexpr std::string_view kBodies[] = {
    "",
    "data: a\n\ndata: b\r\n\r\ndata: c\r\r",
    "\xef\xbb\xbf"
    "data: a\n\n",
    ": comment\nid: 1\nretry: 5\nevent: x\ndata\n\n\n\n",
    "data: \xed\x95\x9c\xea\xb5\xad \xf0\x9f\x98\x80\n\ndata: unfinished",
    "data: a\n\ndata: unfinished\r",
    "no field: at all\n\n\xff\xfe\n",
    "\xef\xbb",
};

TEST(Fidelity, WhatTheClientReceivesIsByteForByteWhatTheUpstreamSentWhereverItIsCut) {
  for (const std::string_view body : kBodies) {
    for (size_t first = 0; first <= body.size(); ++first) {
      for (size_t second = first; second <= body.size(); ++second) {
        StreamRig rig;
        rig.turn(body.substr(0, first));
        rig.turn({body.substr(first, second - first), body.substr(second)});
        rig.stream->finish(rig.now);
        ASSERT_EQ(rig.written_bytes(), body) << "cut at " << first << " and " << second;
      }
    }
  }
}

TEST(Fidelity, AnIncompleteEventAtTheEndOfTheStreamIsPassedOnAsItIs) {
  for (const std::string_view end : {"data: b", "data: b\n", "data: b\r", ": x", "\xef"}) {
    StreamRig rig;
    rig.turn("data: a\n\n" + std::string(end));
    EXPECT_THAT(rig.written(), ElementsAre("data: a\n\n"));
    rig.stream->finish(rig.now);
    EXPECT_THAT(rig.written(), ElementsAre(end));
    EXPECT_EQ(rig.budget.used(), 0U);
  }
}

TEST(UnBuffering, EveryCompleteEventLeavesInTheTurnInWhichItsLastByteCameIn) {
  StreamRig rig;
  rig.turn("data: a\n");
  EXPECT_THAT(rig.written(), IsEmpty());
  rig.turn("\n");
  EXPECT_THAT(rig.written(), ElementsAre("data: a\n\n"));
  rig.turn({"data: b\n\ndata", ": c\n", "\ndata: d"});
  EXPECT_THAT(rig.written(), ElementsAre("data: b\n\ndata: c\n\n"));
}

TEST(Reframing, NothingIsWrittenThatEndsInTheMiddleOfAnEvent) {
  const std::string body = "data: a\ndata: b\n\n: c\n\nid: 1\r\ndata: d\r\n\r\ndata: e\r\r";
  const test::ReferenceMarks marks(body);
  for (size_t cut = 0; cut <= body.size(); ++cut) {
    StreamRig rig;
    rig.turn(body.substr(0, cut));
    rig.turn(body.substr(cut));
    size_t at = 0;
    for (const std::string& write : rig.written()) {
      at += write.size();
      EXPECT_EQ(marks.boundary[at], at) << "cut at " << cut;
    }
    EXPECT_EQ(at, body.size());
  }
}

TEST(Reframing, SeveralCompleteEventsMayShareOneWrite) {
  StreamRig rig;
  rig.turn("data: a\n\ndata: b\n\ndata: c\n\n");
  EXPECT_THAT(rig.written(), ElementsAre("data: a\n\ndata: b\n\ndata: c\n\n"));
}

TEST(Reframing, AnEventLargerThanMaxEventBytesStreamsThroughAndTheNextIsHeldAgain) {
  EventStreamSettings settings = usual_settings();
  settings.max_event_bytes = 10;
  StreamRig rig(settings);
  rig.turn("data: 789A");
  EXPECT_THAT(rig.written(), IsEmpty()) << "ten bytes may be held";
  rig.turn("B");
  EXPECT_THAT(rig.written(), ElementsAre("data: 789AB"));
  rig.turn("CD\nda");
  EXPECT_THAT(rig.written(), ElementsAre("CD\nda")) << "the rest of it streams";
  rig.turn("ta: x\n\ndata: y\n");
  EXPECT_THAT(rig.written(), ElementsAre("ta: x\n\n"));
  EXPECT_EQ(rig.stream->held(), 8U);
  EXPECT_EQ(rig.stream->stats().partial_releases, 1U);
}

TEST(Reframing, AnEventOlderThanPartialFlushIsReleasedUpToItsLastLineEndAndThenLineByLineUntilABlankLine) {
  StreamRig rig;
  rig.turn("data: a\ndata: b\nda");
  rig.wait(4999ms);
  EXPECT_THAT(rig.written(), IsEmpty());
  rig.wait(1ms);
  EXPECT_THAT(rig.written(), ElementsAre("data: a\ndata: b\n"));
  rig.turn("ta: c");
  EXPECT_THAT(rig.written(), IsEmpty());
  rig.turn("\nd");
  EXPECT_THAT(rig.written(), ElementsAre("data: c\n"));
  rig.turn("ata: d\n");
  EXPECT_THAT(rig.written(), ElementsAre("data: d\n"));
  rig.turn("\ndata: e\n");
  EXPECT_THAT(rig.written(), ElementsAre("\n"));
  rig.turn("data: f\n");
  EXPECT_THAT(rig.written(), IsEmpty()) << "whole events again";
  EXPECT_EQ(rig.stream->stats().partial_releases, 1U);
}

TEST(Reframing, PartialFlushCountsFromTheFirstHeldByteNotFromTheLast) {
  StreamRig rig;
  rig.turn("data: a\n");
  rig.wait(4s);
  rig.turn("data: b\n");
  rig.wait(1s);
  EXPECT_THAT(rig.written(), ElementsAre("data: a\ndata: b\n"));
}

TEST(Reframing, PartialFlushOffHoldsAnEventForEver) {
  EventStreamSettings settings = usual_settings();
  settings.partial_flush = 0ms;
  settings.keepalive = 0ms;
  StreamRig rig(settings);
  rig.turn("data: a\n");
  EXPECT_EQ(rig.stream->deadline(), kNever);
  rig.wait(24h);
  EXPECT_THAT(rig.written(), IsEmpty());
}

TEST(Grammar, AnEventThatEndsInCrLeavesAtThatCrAndALateLfLeavesAtOnceByItself) {
  StreamRig rig;
  rig.turn("data: a\r\n\r");
  EXPECT_THAT(rig.written(), ElementsAre("data: a\r\n\r"));
  rig.turn("\n");
  EXPECT_THAT(rig.written(), ElementsAre("\n"));
  rig.turn("data: b\r\r\ndata: c");
  EXPECT_THAT(rig.written(), ElementsAre("data: b\r\r\n")) << "in the same read the LF leaves with its CR";
}

TEST(Grammar, ALateLfLeavesByItselfEvenWithAKeepaliveInBetween) {
  StreamRig rig;
  rig.turn("data: a\r\n\r");
  rig.wait(10s);
  rig.turn("\ndata: b\r\n");
  EXPECT_THAT(rig.written(), ElementsAre("data: a\r\n\r", ": keep-alive\n\n", "\n"));
}

TEST(Grammar, ACrLfThatIsCutInTwoIsOneLineEnd) {
  StreamRig rig;
  rig.turn("data: a\r");
  rig.turn("\ndata: b\r\n\r\n");
  EXPECT_THAT(rig.written(), ElementsAre("data: a\r\ndata: b\r\n\r\n"));
}

TEST(BackPressure, AHeldEventIsChargedToTheBudgetAndOverItEventsStreamThrough) {
  StreamRig rig(usual_settings(), 0ms, 12);
  rig.turn("data: a");
  EXPECT_EQ(rig.budget.used(), 7U);
  rig.turn("bcdefg");
  EXPECT_THAT(rig.written(), ElementsAre("data: abcdefg"));
  EXPECT_EQ(rig.budget.used(), 0U);
  rig.turn("h\n\ndata: b\n");
  EXPECT_THAT(rig.written(), ElementsAre("h\n\n"));
  EXPECT_EQ(rig.budget.used(), 8U);
  rig.stream.reset();
  EXPECT_EQ(rig.budget.used(), 0U) << "a stream that is torn down gives its share back";
}

TEST(BackPressure, AStreamThatHoldsNothingOpensNoValveWhenOthersFillTheBudget) {
  StreamRig rig(usual_settings(), 0ms, 100);
  rig.budget.charge(1000);
  rig.turn("data: a\n\n");
  rig.turn("");
  rig.budget.release(1000);
  EXPECT_EQ(rig.stream->stats().partial_releases, 0U);
  rig.turn("data: b\n");
  EXPECT_THAT(rig.written(), ElementsAre("data: a\n\n"));
}

TEST(BackPressure, WhatIsHeldAfterALargeEventIsChargedAtItsOwnSize) {
  const std::string large = "data: " + std::string(60 * kKiB, 'x') + "\n";
  StreamRig rig;
  rig.turn(large);
  EXPECT_EQ(rig.stream->held(), large.size());
  rig.turn("\ndata: b");
  EXPECT_EQ(rig.stream->held(), 7U);
  EXPECT_EQ(rig.budget.used(), 7U);
}

TEST(EventStream, AOneMebibyteEventInSixteenKibibyteReadsLeavesWholeAndItsBytesAreScannedOnce) {
  const std::string body = "data: " + std::string(kKiB * kKiB - 8, 'x') + "\n\n";
  EventStreamSettings settings = usual_settings();
  settings.max_event_bytes = kKiB * kKiB;
  StreamRig rig(settings);
  for (size_t at = 0; at < body.size(); at += 16 * kKiB) {
    rig.turn(std::string_view(body).substr(at, 16 * kKiB));  // push() scans its own bytes and no others
  }
  const std::vector<std::string> writes = rig.written();
  ASSERT_EQ(writes.size(), 1U);
  EXPECT_TRUE(writes[0] == body);
  EXPECT_EQ(rig.stream->stats().events, 1U);
  EXPECT_EQ(rig.stream->stats().bytes, body.size());
}

TEST(EventStream, CountsEventsBytesAndTheLongestSilenceOfTheUpstream) {
  StreamRig rig;
  rig.wait(3s);
  rig.turn("data: a\n\n: only a comment\n\nda");
  rig.wait(8s);
  rig.turn("ta: b\n\n");
  rig.wait(2s);
  rig.stream->finish(rig.now);
  const EventStreamStats& stats = rig.stream->stats();
  EXPECT_EQ(stats.events, 2U);
  EXPECT_EQ(stats.bytes, 36U);
  EXPECT_EQ(stats.longest_silence, 8s);
}

TEST(Drain, RetryIsWrittenAtABoundaryWithNothingHeldAndOtherwiseNot) {
  StreamRig rig;
  EXPECT_TRUE(rig.stream->write_retry(1500ms, rig.now));
  EXPECT_THAT(rig.written(), ElementsAre("retry: 1500\n\n"));
  rig.turn("data: a\n\ndata");
  EXPECT_FALSE(rig.stream->can_end());
  EXPECT_FALSE(rig.stream->write_retry(1500ms, rig.now)) << "half an event is held";
  EXPECT_TRUE(rig.stream->wire_at_boundary());
  rig.wait(5s);
  rig.turn(": b\n");
  EXPECT_FALSE(rig.stream->write_retry(1500ms, rig.now)) << "half an event is on the wire";
  EXPECT_FALSE(rig.stream->wire_at_boundary());
  rig.turn("\n");
  EXPECT_TRUE(rig.stream->can_end());
  EXPECT_TRUE(rig.stream->write_retry(7ms, rig.now));
  EXPECT_THAT(rig.written(), ElementsAre("data: a\n\n", "data: b\n", "\n", "retry: 7\n\n"));
}

TEST(Drain, TheUpstreamsLastRetryIsRemembered) {
  StreamRig rig;
  EXPECT_EQ(rig.stream->last_retry(), std::nullopt);
  rig.turn("retry: 4000\n\nretry: 50");
  EXPECT_EQ(rig.stream->last_retry(), 4000ms);
  rig.turn("00\n");
  EXPECT_EQ(rig.stream->last_retry(), 5000ms);
}

TEST(EventStream, RetryIsInjectedAtTheStartWhereTheRouteAsksForIt) {
  EventStreamSettings settings = usual_settings();
  settings.retry = 3s;
  StreamRig rig(settings);
  rig.turn(
      "\xef\xbb\xbf"
      "data: a\n\n");
  EXPECT_THAT(rig.written(), ElementsAre("retry: 3000\n\n", "data: a\n\n")) << "its BOM is first no more";
}

}  // namespace
}  // namespace sse_proxy
