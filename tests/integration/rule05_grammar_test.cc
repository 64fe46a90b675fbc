// Rule 5: line ends of all three kinds, and cuts anywhere.
#include <gtest/gtest.h>

#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

TEST(Rule05Grammar, AnEventThatEndsInCrIsCompleteAtThatCr) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamHead);
  stream.upstream.send(chunk("data: a\r\r"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\r\r");
  stream.upstream.send(chunk("data: b\r\n\r"));
  EXPECT_EQ(stream.client.read_chunk(), "data: b\r\n\r");
}

TEST(Rule05Grammar, ALateLfLeavesAtOnceByItself) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamHead);
  stream.upstream.send(chunk("data: a\r\n\r"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\r\n\r");
  stream.upstream.send(chunk("\n"));
  EXPECT_EQ(stream.client.read_chunk(), "\n");
  stream.upstream.send(chunk("data: b\r\n\r\n"));
  EXPECT_EQ(stream.client.read_chunk(), "data: b\r\n\r\n") << "an LF in the same read leaves with its CR";
}

TEST(Rule05Grammar, ALateLfDoesNotEndTheNextEventEarly) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamHead);
  stream.upstream.send(chunk("data: a\r"));
  EXPECT_EQ(stream.client.read_for(kQuiet), "");
  stream.upstream.send(chunk("\ndata: b\r"));
  EXPECT_EQ(stream.client.read_for(kQuiet), "") << "the CR LF was cut in two and is no blank line";
  stream.upstream.send(chunk("\n\r\n"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\r\ndata: b\r\n\r\n");
}

TEST(Rule05Grammar, ALateLfAndTheStartOfTheNextEventAreParted) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamHead);
  stream.upstream.send(chunk("data: a\r\n\r"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\r\n\r");
  stream.upstream.send(chunk("\ndata: b"));
  EXPECT_EQ(stream.client.read_chunk(), "\n");
  EXPECT_EQ(stream.client.read_for(kQuiet), "");
}

TEST(Rule05Grammar, ALeadingBomBelongsToTheFirstEvent) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamHead);
  stream.upstream.send(chunk("\xEF\xBB"));
  stream.upstream.send(chunk("\xBF"));
  stream.upstream.send(chunk("\n"));
  EXPECT_EQ(stream.client.read_chunk(), "\xEF\xBB\xBF\n") << "a blank line after a BOM is a boundary";
  stream.upstream.send(chunk("data: a\n\n"));
  EXPECT_EQ(stream.client.read_chunk(), "data: a\n\n");
}

TEST(Rule05Grammar, CutsInsideUtf8DoNotCutAnEvent) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamHead);
  const std::string event = "data: \xF0\x9F\x98\x80\xE2\x82\xAC\n\n";
  for (const char byte : event) stream.upstream.send(chunk(std::string(1, byte)));
  EXPECT_EQ(stream.client.read_chunk(), event);
}

TEST(Rule05Grammar, MixedLineEndsMakeOneBlankLine) {
  Rig rig({"--keepalive", "off"});
  Stream stream(rig, kGet, kStreamHead);
  for (const std::string_view event : {"data: a\n\r\n", "data: b\r\n\n", "data: c\r\n\r\n", "data: d\n\n"}) {
    stream.upstream.send(chunk(event));
    EXPECT_EQ(stream.client.read_chunk(), event);
  }
}

}  // namespace
}  // namespace sse_proxy::test
