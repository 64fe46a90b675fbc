#include "parser/event_scanner.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "tests/support/reference_sse.h"

namespace sse_proxy {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::ReferenceMarks;

// Scans `stream` in reads that end at `cuts` and holds every answer against the reference.
void expect_reference_answers(std::string_view stream, const std::vector<size_t>& cuts) {
  const ReferenceMarks marks(stream);
  EventScanner scanner;
  size_t events = 0;
  size_t from = 0;
  for (const size_t to : cuts) {
    const EventScanner::Scan found = scanner.scan(stream.substr(from, to - from));
    const auto expected = [&](size_t last_mark) { return last_mark > from ? last_mark - from : 0; };
    ASSERT_EQ(found.boundary, expected(marks.boundary[to])) << "read " << from << " to " << to;
    ASSERT_EQ(found.line_end, expected(marks.line_end[to])) << "read " << from << " to " << to;
    events += found.events;
    from = to;
  }
  ASSERT_EQ(events, marks.events.back());
}

void expect_reference_answers_at_every_cut(std::string_view stream) {
  SCOPED_TRACE(testing::PrintToString(stream));
  const size_t size = stream.size();
  expect_reference_answers(stream, {size});
  std::vector<size_t> bytes;
  for (size_t i = 1; i <= size; ++i) bytes.push_back(i);
  expect_reference_answers(stream, bytes);
  for (size_t first = 0; first <= size; ++first) {
    for (size_t second = first; second <= size; ++second) {
      expect_reference_answers(stream, {first, second, size});
    }
  }
}

struct Stream {
  const char* name;
  std::string_view bytes;
  size_t events;
};

std::ostream& operator<<(std::ostream& out, const Stream& stream) { return out << stream.name; }

class GrammarTest : public testing::TestWithParam<Stream> {};

TEST_P(GrammarTest, LinesEndInLfCrLfOrCrMixedFreelyAndABlankLineEndsAnEventAtAnyCut) {
  EXPECT_EQ(ReferenceMarks(GetParam().bytes).events.back(), GetParam().events);
  expect_reference_answers_at_every_cut(GetParam().bytes);
}

constexpr Stream kStreams[] = {
    {"nothing", "", 0},
    {"lf", "data: a\n\ndata: b\n\n", 2},
    {"crlf", "data: a\r\n\r\ndata: b\r\n\r\n", 2},
    {"cr", "data: a\r\rdata: b\r\r", 2},
    {"lf_then_crlf", "data: a\n\r\ndata: b\r\n\n", 2},
    {"cr_then_lf_lf", "data: a\r\n\ndata: b\n\r", 2},
    {"blank_lines_only", "\n\r\r\n\n", 0},
    {"more_blank_lines_than_needed", "data: a\n\n\n\ndata: b\n\n\n", 2},
    {"unfinished_line", "data: a\n\ndata: b", 1},
    {"unfinished_event", "data: a\n\ndata: b\n", 1},
    {"comment_between", ": one\n: two\ndata: a\n\n", 1},
    {"comment_inside", "data: a\n: x\ndata: b\n\n", 1},
    {"comment_block", ": x\n\n: y\r\n\r\n", 0},
    {"lone_colon", ":\n", 0},
    {"bom",
     "\xef\xbb\xbf"
     "data: a\n\n",
     1},
    {"bom_then_comment", "\xef\xbb\xbf: x\n", 0},
    {"bom_then_blank", "\xef\xbb\xbf\r\n\r\n", 0},
    {"two_boms", "\xef\xbb\xbf\xef\xbb\xbf: x\n\n", 1},
    {"half_a_bom", "\xef\xbb\n\n", 1},
    {"third_of_a_bom", "\xef: x\r\r", 1},
    {"bom_later", "data: a\n\n\xef\xbb\xbf\n\n", 2},
    {"bom_only", "\xef\xbb\xbf", 0},
    {"korean", "data: \xed\x95\x9c\xea\xb5\xad\n\n", 1},
    {"emoji", "data: \xf0\x9f\x98\x80\r\n\r\n", 1},
    {"nul", std::string_view("data: \0\n\n", 9), 1},
    {"invalid_utf8", "data: \xff\xfe\n\n", 1},
    {"field_without_colon", "data\n\n", 1},
    {"retry_only", "retry: 10\n\n", 1},
};
INSTANTIATE_TEST_SUITE_P(Streams, GrammarTest, testing::ValuesIn(kStreams),
                         [](const auto& tested) { return tested.param.name; });

// Every stream of up to six pieces over the pieces that the grammar can tell apart, at every single cut and
// byte by byte.
TEST(EventScanner, AgreesWithTheReferenceOnEveryShortStream) {
  const std::string_view pieces[] = {"\r", "\n", ":", "x", "\xef\xbb\xbf"};
  std::vector<std::string> streams = {""};
  for (size_t i = 0; i < streams.size(); ++i) {
    const std::string stream = streams[i];
    std::vector<size_t> bytes;
    for (size_t cut = 0; cut <= stream.size(); ++cut) {
      expect_reference_answers(stream, {cut, stream.size()});
      bytes.push_back(cut);
    }
    expect_reference_answers(stream, bytes);
    ASSERT_FALSE(HasFatalFailure()) << testing::PrintToString(stream);
    if (streams.size() > 12'000) continue;
    for (const std::string_view piece : pieces) streams.push_back(stream + std::string(piece));
  }
}

TEST(EventScanner, AnEventThatEndsInCrIsCompleteAtThatCr) {
  EventScanner scanner;
  EXPECT_EQ(scanner.scan("data: a\r\r").boundary, 9U);
  EXPECT_TRUE(scanner.at_boundary());
}

TEST(EventScanner, AnLfThatComesAReadLaterBelongsToTheCrBeforeIt) {
  EventScanner scanner;
  (void)scanner.scan("data: a\r");
  const auto found = scanner.scan("\ndata: b\r\n");
  EXPECT_EQ(found.boundary, 0U) << "a CR LF that is cut in two is one line end, not a blank line";
  EXPECT_EQ(found.line_end, 10U);
}

TEST(EventScanner, StandsAtABoundaryAtTheStartAfterABlankLineAndAfterALoneComment) {
  EventScanner scanner;
  EXPECT_TRUE(scanner.at_boundary());
  struct Step {
    const char* read;
    bool at_boundary;
  };
  for (const auto& [read, at_boundary] : {Step{": x\n", true},
                                          {":", false},
                                          {"\r", true},
                                          {"\n", true},
                                          {"data", false},
                                          {"\n", false},
                                          {": x\n", false},
                                          {"\n", true}}) {
    (void)scanner.scan(read);
    EXPECT_EQ(scanner.at_boundary(), at_boundary) << "after " << testing::PrintToString(read);
  }
}

TEST(EventScanner, KnowsWhetherTheStreamBeganWithAByteOrderMark) {
  EventScanner scanner;
  EXPECT_FALSE(scanner.inside_bom());
  (void)scanner.scan("\xef");
  EXPECT_TRUE(scanner.inside_bom());
  (void)scanner.scan("\xbb");
  EXPECT_TRUE(scanner.inside_bom());
  EXPECT_FALSE(scanner.has_bom());
  (void)scanner.scan("\xbf");
  EXPECT_FALSE(scanner.inside_bom());
  EXPECT_TRUE(scanner.has_bom());

  EventScanner other;
  (void)other.scan("\xef\xbb");
  (void)other.scan("x");
  EXPECT_FALSE(other.inside_bom());
  EXPECT_FALSE(other.has_bom());
}

struct Retry {
  std::string_view bytes;
  std::optional<std::chrono::milliseconds> value;
};

TEST(EventScanner, RemembersTheLastRetryThatIsAllDigits) {
  const Retry retries[] = {
      {"data: a\n\n", std::nullopt},
      {"retry: 1500\n", 1500ms},
      {"retry:1500\n", 1500ms},
      {"retry: 0\r", 0ms},
      {"retry: 007\r\n", 7ms},
      {"retry: 1500", std::nullopt},  // the line has not ended
      {"retry:  1500\n", std::nullopt},
      {"retry: 1500 \n", std::nullopt},
      {"retry: 1.5\n", std::nullopt},
      {"retry: -1\n", std::nullopt},
      {"retry: +1\n", std::nullopt},
      {"retry: \n", std::nullopt},
      {"retry\n", std::nullopt},
      {"Retry: 1\n", std::nullopt},
      {"retry2: 1\n", std::nullopt},
      {": retry: 1\n", std::nullopt},
      {"retry: 99999999999999999999999\n", std::nullopt},
      {"retry: 1\nretry: 2\nretry: x\n\n", 2ms},
      {"\xef\xbb\xbfretry: 3\n", 3ms},
      {"data: retry: 4\nrrr\nretry: 5\n", 5ms},
  };
  for (const Retry& retry : retries) {
    for (size_t cut = 0; cut <= retry.bytes.size(); ++cut) {
      EventScanner scanner;
      (void)scanner.scan(retry.bytes.substr(0, cut));
      (void)scanner.scan(retry.bytes.substr(cut));
      EXPECT_EQ(scanner.last_retry(), retry.value) << retry.bytes << " cut at " << cut;
    }
  }
}

TEST(EventScanner, AnEmptyReadChangesNothing) {
  EventScanner scanner;
  (void)scanner.scan("data: a\r");
  (void)scanner.scan("");
  EXPECT_EQ(scanner.scan("\n\n").boundary, 2U) << "the LF still belongs to the CR";
}

}  // namespace
}  // namespace sse_proxy
