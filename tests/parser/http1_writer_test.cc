#include "parser/http1_writer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/http1_rig.h"

namespace sse_proxy {
namespace {

TEST(MessageIntegrity, ARequestIsWrittenAfreshWithTheOneFramingFieldThatHolds) {
  RequestHead head;
  head.method = "POST";
  head.target = "/x?y";
  head.version = Version::http10;
  head.fields.add("Host", "a");
  head.fields.add("A", "");
  std::string out;
  write_request_head(head, out);
  EXPECT_EQ(out, "POST /x?y HTTP/1.1\r\nHost: a\r\nA: \r\n\r\n");
  out.clear();
  head.body = {Framing::length, 12};
  write_request_head(head, out);
  EXPECT_EQ(out, "POST /x?y HTTP/1.1\r\nHost: a\r\nA: \r\nContent-Length: 12\r\n\r\n");
  out.clear();
  head.body = {Framing::chunked, 0};
  write_request_head(head, out);
  EXPECT_EQ(out, "POST /x?y HTTP/1.1\r\nHost: a\r\nA: \r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST(Http1Writer, WritesAResponseHeadBehindWhatIsThereAlready) {
  ResponseHead head;
  head.status = 200;
  head.reason = "OK";
  head.body = {Framing::until_close, 0};
  head.fields.add("A", "b");
  std::string out = "before|";
  write_response_head(head, "close", out);
  EXPECT_EQ(out, "before|HTTP/1.1 200 OK\r\nA: b\r\nConnection: close\r\n\r\n");
  out.clear();
  head.reason.clear();
  head.body = {Framing::length, 0};
  write_response_head(head, "", out);
  EXPECT_EQ(out, "HTTP/1.1 200 \r\nA: b\r\nContent-Length: 0\r\n\r\n") << "an empty phrase keeps its space";
}

TEST(Http1Writer, WritesTrailersWithTheirBlankLine) {
  Fields trailers;
  std::string out(kLastChunk.substr(0, 3));
  trailers.add("T", "u");
  write_fields(trailers, out);
  EXPECT_EQ(out, "0\r\nT: u\r\n\r\n");
}

TEST(Http1Writer, WritesChunkHeadsInHex) {
  EXPECT_EQ(ChunkHead(1).view(), "1\r\n");
  EXPECT_EQ(ChunkHead(15).view(), "f\r\n");
  EXPECT_EQ(ChunkHead(16).view(), "10\r\n");
  EXPECT_EQ(ChunkHead(0x1a2b3c).view(), "1a2b3c\r\n");
  EXPECT_EQ(ChunkHead(UINT64_MAX).view(), "ffffffffffffffff\r\n");
}

TEST(Http1Writer, WhatItWritesTheParserReadsBack) {
  RequestHead head;
  head.method = "PUT";
  head.target = "/";
  head.fields.add("Host", "a");
  head.body = {Framing::chunked, 0};
  std::string out;
  write_request_head(head, out);
  for (const std::string piece : {"hello", "x", "a longer piece than that"}) {
    out.append(ChunkHead(piece.size()).view()).append(piece).append(kChunkEnd);
  }
  out.append(kLastChunk);
  const test::Parsed parsed = test::parse_request({out});
  EXPECT_EQ(parsed.status, ParseStatus::complete);
  EXPECT_EQ(parsed.heads, "PUT / 1.1, chunked; Host: a; Transfer-Encoding: chunked");
  EXPECT_EQ(parsed.body, "helloxa longer piece than that");
}

TEST(OwnErrors, AreJsonWithCodeAndMessageWhateverTheMessage) {
  EXPECT_EQ(own_error_body(502, "connect failed"),
            "{\"error\":{\"code\":502,\"message\":\"connect failed\"}}\n");
  const auto body = nlohmann::json::parse(own_error_body(400, "a \"b\"\n\x01 \xff \xed\x95\x9c"));
  EXPECT_EQ(body["error"]["message"], "a \"b\"\n\x01 \xef\xbf\xbd \xed\x95\x9c");
}

TEST(OwnErrors, AJsonStringIsQuotedAndHasNoLineEndInIt) {
  EXPECT_EQ(json_string("a\n\"b\""), "\"a\\n\\\"b\\\"\"");
  EXPECT_EQ(json_string("\xff"), "\"\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace sse_proxy
