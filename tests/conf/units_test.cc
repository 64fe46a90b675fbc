#include "conf/units.h"

#include <gtest/gtest.h>

#include <string>

namespace sse_proxy {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

TEST(Units, ADurationIsAWholeNumberWithItsUnit) {
  const struct {
    std::string_view text;
    milliseconds value;
  } rows[] = {{"0s", 0ms},   {"0ms", 0ms}, {"500ms", 500ms}, {"15s", 15s},
              {"075s", 75s}, {"2m", 2min}, {"1h", 1h},       {"8760h", kMaxDuration}};
  for (const auto& [text, value] : rows) {
    const auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
    EXPECT_EQ(*parsed, value) << text;
  }
}

TEST(Units, OffIsADurationOfZeroOnlyWhereItIsAllowed) {
  const auto off = parse_duration("off", true);
  ASSERT_TRUE(off);
  EXPECT_EQ(*off, 0ms);
  EXPECT_EQ(parse_duration("off").error().message,
            "\"off\" is not possible here: write a duration such as 500ms, 15s, 2m or 1h");
}

TEST(Units, AWrongDurationSaysWhatWouldBeRight) {
  const struct {
    std::string_view text, error;
  } rows[] = {
      {"", "\"\" is not a duration: write 500ms, 15s, 2m or 1h"},
      {"soon", "\"soon\" is not a duration: write 500ms, 15s, 2m or 1h"},
      {"-5s", "\"-5s\" is not a duration: write 500ms, 15s, 2m or 1h"},
      {" 5s", "\" 5s\" is not a duration: write 500ms, 15s, 2m or 1h"},
      {"0", "\"0\" has no unit: write 0s"},
      {"15", "\"15\" has no unit: write 15s for seconds or 15ms for milliseconds"},
      {"15sec", "\"15sec\" has the unknown unit \"sec\": the units are ms, s, m and h"},
      {"15 s", "\"15 s\" has the unknown unit \" s\": the units are ms, s, m and h"},
      {"15S", "\"15S\" has the unknown unit \"S\": the units are ms, s, m and h"},
      {"1h30m", "\"1h30m\" has the unknown unit \"h30m\": the units are ms, s, m and h"},
      {"1.5s", "\"1.5s\" is a fraction: write a whole number of a smaller unit, such as 1500ms"},
      {"0,5s", "\"0,5s\" is a fraction: write a whole number of a smaller unit, such as 1500ms"},
      {"8761h", "\"8761h\" is too long: the longest duration is 8760h"},
      {"18446744073709551616ms", "\"18446744073709551616ms\" is too long: the longest duration is 8760h"},
      {"18446744073709551615h", "\"18446744073709551615h\" is too long: the longest duration is 8760h"},
  };
  for (const auto& [text, error] : rows) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().message, error);
  }
  EXPECT_EQ(parse_duration("0", true).error().message, "\"0\" has no unit: write 0s or off");
  EXPECT_EQ(parse_duration("never", true).error().message,
            "\"never\" is not a duration: write 500ms, 15s, 2m or 1h, or off");
}

TEST(Units, ASizeIsAWholeNumberOfBytesOrWithABinaryUnit) {
  const struct {
    std::string_view text;
    size_t value;
  } rows[] = {{"0", 0},          {"1000", 1000},    {"64KiB", 65536},
              {"1MiB", 1 << 20}, {"1GiB", 1 << 30}, {"1024GiB", kMaxSize}};
  for (const auto& [text, value] : rows) {
    const auto parsed = parse_size(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
    EXPECT_EQ(*parsed, value) << text;
  }
}

TEST(Units, AWrongSizeSaysWhatWouldBeRight) {
  const struct {
    std::string_view text, error;
  } rows[] = {
      {"", "\"\" is not a size: write 64KiB, 1MiB, 1GiB or a plain number of bytes"},
      {"big", "\"big\" is not a size: write 64KiB, 1MiB, 1GiB or a plain number of bytes"},
      {"-1", "\"-1\" is not a size: write 64KiB, 1MiB, 1GiB or a plain number of bytes"},
      {"64K", "\"64K\" has the unknown unit \"K\": the units are KiB, MiB and GiB, or none for bytes"},
      {"64kb", "\"64kb\" has the unknown unit \"kb\": the units are KiB, MiB and GiB, or none for bytes"},
      {"1.5MiB", "\"1.5MiB\" is a fraction: write a whole number of a smaller unit, such as 1536KiB"},
      {"1025GiB", "\"1025GiB\" is too large: the largest size is 1024GiB"},
      {"18446744073709551616", "\"18446744073709551616\" is too large: the largest size is 1024GiB"},
      {"17179869185GiB", "\"17179869185GiB\" is too large: the largest size is 1024GiB"},
  };
  for (const auto& [text, error] : rows) {
    const auto parsed = parse_size(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().message, error);
  }
}

TEST(Units, WhatIsPrintedReadsBackToTheSameValue) {
  for (const milliseconds value :
       {0ms, 1ms, 999ms, 1000ms, 1500ms, 60000ms, 75000ms, 120000ms, 350000ms, 3600000ms}) {
    const auto parsed = parse_duration(format_duration(value));
    ASSERT_TRUE(parsed) << format_duration(value);
    EXPECT_EQ(*parsed, value);
  }
  for (const size_t value :
       {size_t{0}, size_t{1}, size_t{1000}, size_t{1024}, size_t{1536}, size_t{1} << 20, kMaxSize}) {
    const auto parsed = parse_size(format_size(value));
    ASSERT_TRUE(parsed) << format_size(value);
    EXPECT_EQ(*parsed, value);
  }
}

TEST(Units, ThePrintedFormIsTheOnePeopleWrite) {
  EXPECT_EQ(format_duration(0ms), "0s");
  EXPECT_EQ(format_duration(500ms), "500ms");
  EXPECT_EQ(format_duration(60s), "60s");
  EXPECT_EQ(format_duration(75s), "75s");
  EXPECT_EQ(format_duration(5min), "5m");
  EXPECT_EQ(format_duration(350s), "350s");
  EXPECT_EQ(format_duration(1h), "1h");
  EXPECT_EQ(format_size(0), "0");
  EXPECT_EQ(format_size(1000), "1000");
  EXPECT_EQ(format_size(1536), "1536");
  EXPECT_EQ(format_size(65536), "64KiB");
  EXPECT_EQ(format_size(256u << 20), "256MiB");
}

TEST(Units, ACountStaysWithinItsBounds) {
  EXPECT_EQ(*parse_count("16", 1, 16), 16u);
  for (const std::string_view text : {"0", "17", "-1", "", "4x", "1.0", "18446744073709551616"}) {
    const auto parsed = parse_count(text, 1, 16);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().message, "\"" + std::string(text) + "\" is not a whole number from 1 to 16");
  }
}

TEST(Units, QuotesAndControlCharactersAreEscaped) {
  EXPECT_EQ(in_quotes("a\"b\\c\n\r\t\x01\x7f"), R"("a\"b\\c\n\r\t\u0001\u007F")");
}

}  // namespace
}  // namespace sse_proxy
