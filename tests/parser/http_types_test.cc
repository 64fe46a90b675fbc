#include "parser/http_types.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/http1_rig.h"

namespace sse_proxy {
namespace {

using testing::ElementsAre;

std::vector<std::string> elements(std::string_view list) {
  std::vector<std::string> found;
  for_each_element(list, [&](std::string_view element) { found.emplace_back(element); });
  return found;
}

TEST(HttpLists, AreSplitAtCommasOutsideQuotedStrings) {
  EXPECT_THAT(elements(""), ElementsAre());
  EXPECT_THAT(elements(" ,, ,"), ElementsAre());
  EXPECT_THAT(elements("a"), ElementsAre("a"));
  EXPECT_THAT(elements("a,b ,\tc"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(elements("a=\"x,y\", b"), ElementsAre("a=\"x,y\"", "b"));
  EXPECT_THAT(elements("a=\"x\\\",y\", b"), ElementsAre("a=\"x\\\",y\"", "b"));
}

TEST(HttpLists, AnUnfinishedQuotedStringLosesNoElement) {
  EXPECT_THAT(elements("a, \"b, c"), ElementsAre("a", "\"b, c"));
  EXPECT_THAT(elements("a, \"b\\"), ElementsAre("a", "\"b\\"));
}

TEST(Fields, KeepTheirOrderAndDuplicatesAndAreFoundInAnyCase) {
  Fields fields;
  fields.add("Accept", "a");
  fields.add("X-One", "1");
  fields.add("accept", "b");
  EXPECT_EQ(test::to_text(fields), "; Accept: a; X-One: 1; accept: b");
  EXPECT_EQ(fields.find(FieldId::accept), "a");
  EXPECT_EQ(fields.find("x-oNE"), "1");
  EXPECT_EQ(fields.find("X-On"), std::nullopt);
  EXPECT_EQ(fields.count(FieldId::accept), 2U);
  EXPECT_EQ(fields.joined(FieldId::accept), "a, b");
  EXPECT_TRUE(fields.lists(FieldId::accept, "B"));
  EXPECT_FALSE(fields.lists(FieldId::accept, "a, b"));
}

TEST(Fields, SetReplacesAllOfThatNameAndRemoveTakesThemOut) {
  Fields fields;
  fields.add("Host", "a");
  fields.add("X", "1");
  fields.add("HOST", "b");
  fields.set("host", "c");
  EXPECT_EQ(test::to_text(fields), "; X: 1; host: c");
  fields.remove("x");
  fields.remove(FieldId::host);
  EXPECT_TRUE(fields.empty());
}

TEST(Fields, TakeNamesAndValuesInPieces) {
  Fields fields;
  for (const char* name : {"A", "ccep", "t"}) fields.append_name(name);
  for (const char* value : {"x", " y ", " \t"}) fields.append_value(value);
  fields.finish_field();
  fields.append_name("Empty");
  fields.finish_field();
  EXPECT_EQ(test::to_text(fields), "; Accept: x y; Empty: ");
  EXPECT_EQ(fields[0].id, FieldId::accept);
  EXPECT_EQ(fields[1].id, FieldId::other);
}

TEST(HttpTypes, KnowTokensMediaTypesAndPaths) {
  EXPECT_TRUE(is_token("X-a_1!#$%&'*+.^`|~"));
  for (const char* no : {"", " ", "a b", "a:", "a\"", "\xc3\xa9", "a,", "(a)"})
    EXPECT_FALSE(is_token(no)) << no;
  EXPECT_EQ(media_type(" text/event-stream ;charset=utf-8"), "text/event-stream");
  EXPECT_EQ(media_type("a"), "a");
  RequestHead head;
  head.target = "/a/b?c?d";
  EXPECT_EQ(head.path(), "/a/b");
}

TEST(HttpTypes, KnowWhichResponsesHaveNoBodyAndWhichRequestsMayBeRepeated) {
  EXPECT_TRUE(is_bodiless("HEAD", 200));
  for (const int status : {100, 103, 199, 204, 304}) EXPECT_TRUE(is_bodiless("GET", status)) << status;
  for (const int status : {200, 205, 206, 302, 404, 500}) EXPECT_FALSE(is_bodiless("GET", status)) << status;
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
    EXPECT_TRUE(is_idempotent(method));
  for (const char* method : {"POST", "PATCH", "CONNECT", "get"}) EXPECT_FALSE(is_idempotent(method));
}

TEST(HttpTypes, EveryStatusThatTheProxyAnswersWithHasAPhrase) {
  for (const int status : {200, 400, 408, 413, 414, 429, 431, 500, 501, 502, 503, 504, 505}) {
    EXPECT_NE(reason_phrase(status), "") << status;
  }
}

}  // namespace
}  // namespace sse_proxy
