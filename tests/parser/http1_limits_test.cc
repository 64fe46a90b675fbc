// The parser's limits, its order of messages, and what it says about how far it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "parser/http1_parser.h"
#include "tests/support/http1_rig.h"

namespace sse_proxy {
namespace {

using test::every_cut;
using test::parse_request;
using test::parse_response;
using test::Parsed;
using test::RecordingSink;
using testing::HasSubstr;

TEST(Http1Limits, TheHeadMayHaveExactlyMaxHeaderBytesHoweverItIsCut) {
  const std::string head = "GET /path HTTP/1.1\r\nHost: example\r\nA: b\r\n\r\n";
  for (const auto& pieces : every_cut(head)) {
    EXPECT_EQ(parse_request(pieces, head.size()).status, ParseStatus::complete);
    const Parsed over = parse_request(pieces, head.size() - 1);
    EXPECT_EQ(over.error_status, 431) << "first piece " << pieces[0].size();
    EXPECT_THAT(over.error, HasSubstr("limits.header_bytes"));
    EXPECT_EQ(over.left, 1U);
  }
}

TEST(Http1Limits, ARequestLineOverTheLimitIs414AndFieldsOverItAre431) {
  const std::string line = "GET /path HTTP/1.1\r\n";
  const std::string head = line + "Host: example\r\n\r\n";
  for (size_t limit = 1; limit < head.size(); ++limit) {
    for (const auto& pieces : {every_cut(head)[0], every_cut(head)[1]}) {
      EXPECT_EQ(parse_request(pieces, limit).error_status, limit < line.size() - 2 ? 414 : 431) << limit;
    }
  }
}

TEST(Http1Limits, EndlessEmptyLinesBeforeARequestAreNotEndless) {
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "\r\n";
  EXPECT_EQ(parse_request({lines}, 100).status, ParseStatus::failed);
}

TEST(Http1Limits, EachInterimHeadAndTheHeadHaveTheLimitToThemselves) {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n";
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  const std::string all = interim + interim + head;
  const size_t limit = std::max(interim.size(), head.size());
  for (const auto& pieces : every_cut(all)) {
    EXPECT_EQ(parse_response(pieces, "GET", limit).status, ParseStatus::complete);
    const Parsed over = parse_response(pieces, "GET", limit - 1);
    EXPECT_EQ(over.error_status, 502);
    EXPECT_THAT(over.error, HasSubstr("limits.header_bytes"));
  }
}

TEST(Http1Limits, AtMostSixteenInterimResponses) {
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
  std::string all;
  for (int i = 0; i < 16; ++i) all += interim;
  EXPECT_EQ(parse_response({all + "HTTP/1.1 204 No Content\r\n\r\n"}).status, ParseStatus::complete);
  const Parsed over = parse_response({all + interim});
  EXPECT_EQ(over.error_status, 502);
  EXPECT_THAT(over.error, HasSubstr("interim"));
}

TEST(Http1Limits, TrailersHaveTheLimitToThemselvesHoweverTheyAreCut) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  const std::string trailer = "Name: 0123456789\r\n";
  std::string trailers;
  while (trailers.size() + trailer.size() <= 100) trailers += trailer;
  const std::string within = head + trailers + "\r\n";
  const std::string over = head + trailers + trailer + "\r\n";
  for (const auto& pieces : every_cut(within)) {
    EXPECT_EQ(parse_request(pieces, 100).status, ParseStatus::complete);
  }
  for (const auto& pieces : every_cut(over)) {
    EXPECT_EQ(parse_request(pieces, 100).error_status, 431);
  }
}

TEST(Http1Limits, WhatIsNoBodyIsLimitedInChunksToo) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto repeated = [](std::string_view text, size_t times) {
    std::string all;
    for (size_t i = 0; i < times; ++i) all += text;
    return all;
  };
  const auto error = [&](const std::string& body) { return parse_request({head, body}).error; };
  EXPECT_THAT(error(std::string(1 << 20, '0')), HasSubstr("zeros"));
  const std::string extended = "1;" + std::string(1000, 'x') + "\r\na\r\n";
  EXPECT_THAT(error(repeated(extended, 1000)), HasSubstr("chunk extensions"));
  EXPECT_EQ(error(repeated(extended, 50) + "0\r\n\r\n"), "");
  EXPECT_EQ(error(repeated("1\r\na\r\n", 100000) + "0\r\n\r\n"), "") << "small chunks are legal";
}

TEST(Http1Limits, ExtensionsOfAChunkAreLimitedAndDropped) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto chunk = [](size_t extension) { return "1;" + std::string(extension, 'x') + "\r\na\r\n"; };
  const Parsed within = parse_request({head, chunk(4096), chunk(4096), "0\r\n\r\n"});
  EXPECT_EQ(within.status, ParseStatus::complete) << within.error;
  EXPECT_EQ(within.body, "aa");
  const std::string long_chunk = chunk(4097);
  for (const size_t cut : {size_t{0}, size_t{1}, size_t{2}, size_t{3}, size_t{2000}, size_t{4098}}) {
    const std::string_view bytes = long_chunk;
    const Parsed over = parse_request({head, bytes.substr(0, cut), bytes.substr(cut)});
    EXPECT_EQ(over.error_status, 400) << cut;
    EXPECT_THAT(over.error, HasSubstr("chunk extensions"));
  }
}

TEST(Http1Parser, PipelinedRequestsAreReadOneAtATime) {
  const std::string all =
      "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
      "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nc\r\n0\r\nT: u\r\n\r\n"
      "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n";
  RecordingSink sink;
  RequestParser parser(sink, 100);
  EXPECT_TRUE(parser.untouched());
  std::string_view rest = all;
  for (const char* body : {"ab", "abc", "abc"}) {
    const ParseStep step = parser.feed(rest);
    ASSERT_EQ(step.status, ParseStatus::complete);
    EXPECT_EQ(sink.body, body);
    rest.remove_prefix(step.consumed);
    parser.next_message();
    EXPECT_TRUE(parser.untouched());
    EXPECT_EQ(parser.take_trailers(), nullptr) << "the last message's trailers are not this one's";
  }
  EXPECT_TRUE(rest.empty());
}

TEST(Http1Parser, SaysWhetherAByteOfTheMessageHasComeAndWhetherItsHeadIsComplete) {
  RecordingSink sink;
  RequestParser parser(sink, 100);
  (void)parser.feed("\r\n");
  EXPECT_TRUE(parser.untouched()) << "empty lines before a request are nothing yet";
  (void)parser.feed("G");
  EXPECT_FALSE(parser.untouched());
  EXPECT_FALSE(parser.head_complete());
  (void)parser.feed("ET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n");
  EXPECT_TRUE(parser.head_complete());
}

TEST(Http1Parser, TheEndOfTheConnectionCompletesOnlyABodyThatLastsUntilThen) {
  struct Case {
    const char* bytes;
    bool completes;
  };
  for (const auto& [bytes, completes] :
       {Case{"", false},
        {"HTTP/1.1 200 OK\r\n", false},
        {"HTTP/1.1 200 OK\r\n\r\n", true},
        {"HTTP/1.1 200 OK\r\n\r\nabc", true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", false},
        {"HTTP/1.1 100 Continue\r\n\r\n", false}}) {
    EXPECT_EQ(parse_response({bytes}).finished, completes) << bytes;
  }
}

TEST(Http1Parser, AReusedConnectionForgetsTheResponseBefore) {
  RecordingSink sink;
  ResponseParser parser(sink, 1000);
  parser.next_message("HEAD");
  EXPECT_EQ(parser.feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n").status, ParseStatus::complete);
  parser.next_message("GET");
  EXPECT_FALSE(parser.finish());
  EXPECT_EQ(parser.feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab").status, ParseStatus::complete);
  EXPECT_EQ(sink.body, "ab");
}

TEST(Http1Parser, AMessageThatIsReadHandsOutNoEmptyPieces) {
  RecordingSink sink;
  RequestParser parser(sink, 1000);
  for (const char c :
       std::string("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n")) {
    (void)parser.feed({&c, 1});
  }
  EXPECT_EQ(sink.body, "a");
  EXPECT_FALSE(sink.had_empty_piece);
}

}  // namespace
}  // namespace sse_proxy
