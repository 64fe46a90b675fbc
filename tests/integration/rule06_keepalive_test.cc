// Rule 6: keep-alives.
#include <gtest/gtest.h>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

constexpr std::string_view kComment = ": keep-alive\n\n";

TEST(Rule06Keepalive, ACommentIsWrittenAfterEachIntervalOfSilence) {
  Rig rig({"--keepalive", "200ms"});
  Stream stream(rig, kGet, kStreamHead);
  stream.upstream.send(chunk("data: a\n\n"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n\n");
  for (int i = 0; i < 4; ++i) {
    const auto start = Clock::now();
    EXPECT_EQ(stream.client.read_chunk(), kComment);
    EXPECT_GE(since(start), Millis(130)) << "at most 10 % early, give or take a tick";
    EXPECT_LE(since(start), Millis(1000));
  }
}

TEST(Rule06Keepalive, DataResetsTheInterval) {
  Rig rig({"--keepalive", "400ms"});
  Stream stream(rig, kGet, kStreamHead);
  const auto start = Clock::now();
  while (since(start) < Millis(1300)) {
    stream.upstream.send(chunk("data: a\n\n"));
    ASSERT_EQ(stream.client.read_chunk(), "data: a\n\n");
    ASSERT_EQ(stream.client.read_for(Millis(100)), "");
  }
}

TEST(Rule06Keepalive, TheTextTheFormAndThePaddingCanBeChosen) {
  struct Case {
    Args args;
    std::string text;
  };
  const Case cases[] = {
      {{"--keepalive-comment", "still here"}, ": still here\n\n"},
      {{"--keepalive-form", "line"}, ": keep-alive\n"},
      {{"--padding", "64"}, ": keep-alive" + std::string(50, ' ') + "\n\n"},
      {{"--padding", "64", "--keepalive-form", "line"}, ": keep-alive" + std::string(51, ' ') + "\n"},
      {{"--keepalive-event", "ping"}, "event: ping\ndata: {}\n\n"},
  };
  for (const Case& c : cases) {
    Args args = {"--keepalive", "50ms"};
    args.insert(args.end(), c.args.begin(), c.args.end());
    Rig rig(args);
    Stream stream(rig, kGet, kStreamHead);
    stream.upstream.send(chunk("data: a\n\n"));
    EXPECT_EQ(stream.client.read_chunk(), "data: a\n\n");
    EXPECT_EQ(stream.client.read_chunk(), c.text);
    EXPECT_EQ(stream.client.read_chunk(), c.text);
  }
}

TEST(Rule06Keepalive, OffMeansNone) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGetExpected, kStreamHead);
  EXPECT_EQ(stream.client.read_for(Millis(800)), "");
}

TEST(Rule06Keepalive, TheFirstOneComesAfterHalfASecondIfAnEventStreamWasExpected) {
  Rig rig({"--keepalive", "30s"});
  Stream expected(rig, kGetExpected, kStreamHead);
  const auto start = Clock::now();
  Stream other(rig, "GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n", kStreamHead);
  EXPECT_EQ(expected.client.read_chunk(), kComment);
  EXPECT_GE(since(start), Millis(350));
  EXPECT_LE(since(start), Millis(1500));
  EXPECT_EQ(expected.client.read_for(Millis(600)), "") << "the next one comes after the interval";
  EXPECT_EQ(other.client.read_for(Millis(100)), "");
}

TEST(Rule06Keepalive, TheFirstOneStaysAwayOnceABodyByteWasWritten) {
  Rig rig({"--keepalive", "30s", "--first-keepalive", "100ms"});
  Stream stream(rig, kGetExpected, kStreamHead);
  stream.upstream.send(chunk("data: a\n\n"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n\n");
  EXPECT_EQ(stream.client.read_for(Millis(300)), "");
}

TEST(Rule06Keepalive, AHeldEventDoesNotStopItAndIsNotCut) {
  Rig rig({"--keepalive", "50ms", "--partial-flush", "off"});
  Stream stream(rig, kGet, kStreamHead);
  stream.upstream.send(chunk("data: a\n\ndata: b\nid"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n\n");
  EXPECT_EQ(stream.client.read_chunk(), kComment) << "between the events, as b has not been written";
  stream.upstream.send(chunk(": 1\n\n"));
  std::optional<std::string> next = stream.client.read_chunk();
  while (next == kComment) next = stream.client.read_chunk();
  EXPECT_EQ(next, "data: b\nid: 1\n\n");
}

TEST(Rule06Keepalive, AfterAPartialReleaseItIsABareCommentLineAtALineEnd) {
  Rig rig({"--keepalive", "150ms", "--partial-flush", "50ms"});
  Stream stream(rig, kGet, kStreamHead);
  stream.upstream.send(chunk("data: a\nda"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n");
  EXPECT_EQ(stream.client.read_chunk(), ": keep-alive\n");
  stream.upstream.send(chunk("ta: b\n\n"));
  std::optional<std::string> next = stream.client.read_chunk();
  while (next == ": keep-alive\n") next = stream.client.read_chunk();
  EXPECT_EQ(next, "data: b\n\n");
  EXPECT_EQ(stream.client.read_chunk(), kComment) << "at a boundary with its blank line again";
}

TEST(Rule06Keepalive, ItIsNotWrittenInsideALineOrAfterACrThatMayHaveItsLfToCome) {
  Rig rig({"--keepalive", "60ms", "--partial-flush", "30ms", "--max-event-bytes", "1KiB"});
  Stream inside(rig, kGet, kStreamHead);
  inside.upstream.send(chunk("data: " + std::string(2000, 'x')));
  for (size_t got = 0; got < 2006;) {
    const auto bytes = inside.client.read_chunk();
    ASSERT_TRUE(bytes);
    got += bytes->size();
  }
  EXPECT_EQ(inside.client.read_for(Millis(250)), "") << "inside a line";
  Stream after_cr(rig, kGet, kStreamHead);
  after_cr.upstream.send(chunk("data: a\r"));
  EXPECT_EQ(after_cr.client.read_chunk(), "data: a\r");
  EXPECT_EQ(after_cr.client.read_for(Millis(250)), "") << "after a CR inside an event";
  after_cr.upstream.send(chunk("id: 1"));  // no LF followed
  EXPECT_EQ(after_cr.client.read_chunk(), ": keep-alive\n");
}

TEST(Rule06Keepalive, ItMayGoOutAfterTheCrOfABlankLineAndTheLateLfFollowsByItself) {
  Rig rig({"--keepalive", "50ms"});
  Stream stream(rig, kGet, kStreamHead);
  stream.upstream.send(chunk("data: a\r\n\r"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\r\n\r");
  EXPECT_EQ(stream.client.read_chunk(), kComment);
  stream.upstream.send(chunk("\n"));
  std::optional<std::string> next = stream.client.read_chunk();
  while (next == kComment) next = stream.client.read_chunk();
  EXPECT_EQ(next, "\n");
}

TEST(Rule06Keepalive, ANamedEventWaitsForABoundary) {
  Rig rig({"--keepalive", "60ms", "--keepalive-event", "ping", "--partial-flush", "30ms"});
  Stream stream(rig, kGet, kStreamHead);
  stream.upstream.send(chunk("data: a\n"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n");
  EXPECT_EQ(stream.client.read_for(Millis(250)), "");
  stream.upstream.send(chunk("\n"));
  EXPECT_EQ(stream.client.read_chunk(), "\n");
  EXPECT_EQ(stream.client.read_chunk(), "event: ping\ndata: {}\n\n");
}

TEST(Rule06Keepalive, ABomAfterAnInjectedCommentIsDroppedOnce) {
  Rig rig({"--keepalive", "10s", "--first-keepalive", "50ms"});
  Stream stream(rig, kGet, kStreamHead);
  EXPECT_EQ(stream.client.read_chunk(), kComment);
  stream.upstream.send(chunk("\xEF\xBB"));
  stream.upstream.send(
      chunk("\xBF\xEF\xBB\xBF"
            "data: a\n\n"));
  EXPECT_EQ(stream.client.read_chunk(),
            "\xEF\xBB\xBF"
            "data: a\n\n")
      << "exactly one BOM goes";
}

TEST(Rule06Keepalive, RetryIsInjectedAtTheStartIfAskedFor) {
  Rig rig({"--keepalive", "off", "--retry", "3s"});
  Stream stream(rig, kGet, kStreamHead);
  EXPECT_EQ(stream.client.read_chunk(), "retry: 3000\n\n");
  stream.upstream.send(
      chunk("\xEF\xBB\xBF"
            "data: a\n\n"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n\n");
}

TEST(Rule06Keepalive, AStalledClientGetsAtMostOne) {
  Rig rig({"--keepalive", "100ms", "--buffer-bytes", "16KiB"});
  Stream stream(rig, kGet, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
                {.receive_buffer = 4096});
  const std::string event = "data: " + std::string(992, 'x') + "\n\n";
  std::string all;
  for (int i = 0; i < 12000; ++i) all += event;
  std::thread origin([&] {
    stream.upstream.send(all);
    stream.upstream.close();
  });
  std::this_thread::sleep_for(Millis(1500));  // it reads nothing for fifteen intervals
  const Chunked got = read_chunked_to_end(stream.client);
  origin.join();
  EXPECT_TRUE(got.complete);
  const std::string data = replaced(got.body, kComment, "");
  EXPECT_EQ(data.size(), all.size());
  EXPECT_TRUE(data == all);
  // On a slow machine others may come later, while it reads; those of the stall would have no data between.
  EXPECT_EQ(got.body.find(std::string(kComment) + std::string(kComment)), std::string::npos);
}

TEST(Rule06Keepalive, NoneComesAfterTheEnd) {
  Rig rig({"--keepalive", "30ms"});
  Stream stream(rig, kGet, std::string(kStreamHead) + chunk("data: a\n\n") + std::string(kLastChunk));
  EXPECT_TRUE(read_chunked_to_end(stream.client).complete);
  EXPECT_EQ(stream.client.read_for(Millis(200)), "");
}

}  // namespace
}  // namespace sse_proxy::test
