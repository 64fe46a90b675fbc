#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "parser/content_decoder.h"
#include "tests/parser/coding_helpers.h"
#include "tests/parser/decoding_helpers.h"

namespace sse_proxy {
namespace {

using namespace std::string_literals;
using namespace test;
using Status = DecodeStep::Status;

TEST(DecoderMemory, IsReservedAtCreationAndReturnedAtTheEnd) {
  struct Row {
    std::string_view header;
    size_t reserved;
  };
  constexpr Row kRows[] = {
      {"gzip", 48 * kKiB}, {"deflate", 48 * kKiB},      {"br", kMiB},
      {"zstd", kMiB},      {"gzip, x-gzip", 96 * kKiB}, {"gzip, br, zstd, deflate", 2 * kMiB + 96 * kKiB}};
  for (const auto& [header, reserved] : kRows) {
    MemoryBudget exact(reserved);
    {
      const auto decoder = make_content_decoder(header, exact);
      ASSERT_NE(decoder, nullptr) << header;
      EXPECT_EQ(exact.used(), reserved) << header;
      EXPECT_EQ(make_content_decoder(header, exact), nullptr) << header;
      EXPECT_EQ(exact.used(), reserved) << header;
    }
    EXPECT_EQ(exact.used(), 0u) << header;
    MemoryBudget tight(reserved - 1);
    EXPECT_EQ(make_content_decoder(header, tight), nullptr) << header;
    EXPECT_EQ(tight.used(), 0u) << header;
  }
}

TEST(DecoderMemory, SufficesForGzipAndDeflateWhateverTheyDecode) {
  for (const char* codings : {"gzip", "deflate", "gzip,gzip", "gzip,deflate,gzip,deflate"}) {
    const std::string body = random_bytes(300000) + words(300000);
    const std::string bytes = encode(codings, body);
    const size_t count =
        1 + static_cast<size_t>(std::count(codings, codings + std::string_view(codings).size(), ','));
    MemoryBudget budget(count * 48 * kKiB);
    const auto decoder = make_content_decoder(codings, budget);
    ASSERT_NE(decoder, nullptr);
    Decoded decoded;
    feed(*decoder, bytes, decoded);
    EXPECT_TRUE(is_whole(decoded, body)) << codings;
    EXPECT_EQ(budget.used(), count * 48 * kKiB);
  }
}

struct Growth {
  const char* coding;
  int window_log;
  size_t least, most;  // of the budget in use once the window is there
};
constexpr Growth kGrowths[] = {
    {"br", 16, kMiB, kMiB},   {"br", 22, 4 * kMiB, 5 * kMiB},   {"br", 24, 6 * kMiB, 9 * kMiB},
    {"zstd", 17, kMiB, kMiB}, {"zstd", 21, 2 * kMiB, 3 * kMiB}, {"zstd", 23, 8 * kMiB, 9 * kMiB},
};

TEST(DecoderMemory, GrowsWithTheWindowAndIsCounted) {
  const std::string body = random_bytes(6 * kMiB);
  for (const auto& [coding, window_log, least, most] : kGrowths) {
    const std::string bytes = encode(coding, body, window_log);
    MemoryBudget budget(kPlenty);
    Decoded decoded;
    {
      const auto decoder = make_content_decoder(coding, budget);
      feed(*decoder, bytes, decoded);
      EXPECT_GE(budget.used(), least) << coding << window_log;
      EXPECT_LE(budget.used(), most) << coding << window_log;
      RecordProperty(coding + std::to_string(window_log), static_cast<int>(budget.used()));
    }
    EXPECT_TRUE(is_whole(decoded, body)) << coding << window_log;
    EXPECT_EQ(budget.used(), 0u);
  }
}

TEST(DecoderMemory, FailsAsNoMemoryWhenTheGrowthDoesNotFit) {
  const std::string body = random_bytes(6 * kMiB);
  for (const auto& [coding, window_log, least, most] : kGrowths) {
    const std::string bytes = encode(coding, body, window_log);
    for (const bool stacked : {false, true}) {
      MemoryBudget budget(least + (stacked ? 48 * kKiB : 0));
      {
        const auto decoder = make_content_decoder(stacked ? coding + ", gzip"s : coding, budget);
        ASSERT_NE(decoder, nullptr);
        Decoded decoded;
        feed(*decoder, stacked ? encode("gzip", bytes) : bytes, decoded);
        if (least == kMiB) {
          EXPECT_TRUE(is_whole(decoded, body)) << coding << window_log;
        } else {
          EXPECT_EQ(decoded.status, Status::no_memory) << coding << window_log;
          EXPECT_TRUE(std::string_view(body).starts_with(decoded.body)) << coding << window_log;
          EXPECT_FALSE(decoded.complete);
        }
      }
      EXPECT_EQ(budget.used(), 0u);
    }
  }
}

TEST(DecoderMemory, OfOneDecoderIsNotTakenByAnother) {
  // The growth of the first must not eat what the second has reserved.
  MemoryBudget budget(2 * kMiB);
  const auto greedy = make_content_decoder("zstd", budget);
  const auto modest = make_content_decoder("br", budget);
  const std::string body = words(50000);
  Decoded first;
  feed(*greedy, encode("zstd", body, 21), first);
  EXPECT_EQ(first.status, Status::no_memory);
  Decoded second;
  feed(*modest, encode("br", body, 18), second);
  EXPECT_TRUE(is_whole(second, body));
}

TEST(ContentDecoderStack, DoesNotRunAheadOfTheCaller) {
  MemoryBudget budget(kPlenty);
  const std::string bytes = zeros_encoded("gzip,gzip", 64 * kMiB);
  const auto decoder = make_content_decoder("gzip, gzip", budget);
  std::array<char, 1> output;
  const DecodeStep step = decoder->decode(bytes, output);
  EXPECT_EQ(step.produced, 1u);
  EXPECT_LT(step.consumed, bytes.size() / 4);  // only what fills one small buffer between the stages
}

TEST(ContentDecoderStack, RefusesABombThatComesToNothing) {
  // 16 MiB of empty stored blocks, coded twice more: no output byte would ever end the work.
  std::string empty_blocks;
  while (empty_blocks.size() < 16 * kMiB) empty_blocks += "\x00\x00\x00\xff\xff"s;
  const std::string bytes = encode("gzip,gzip", empty_blocks);
  MemoryBudget budget(kPlenty);
  const auto decoder = make_content_decoder("deflate, gzip, gzip", budget);
  Decoded decoded;
  feed(*decoder, bytes, decoded);
  EXPECT_EQ(decoded.status, Status::corrupt);
  EXPECT_EQ(decoded.body, "");
  EXPECT_GT(decoded.left, 0u);
}

TEST(ContentDecoderStack, PassesMuchBetweenItsStagesWhereMuchGoesIn) {
  const std::string body = random_bytes(4 * kMiB);
  EXPECT_TRUE(is_whole(decode_all("br, gzip", encode("br,gzip", body)), body));
  // A comment of 4 MiB in a gzip header: it goes in, but does not come out.
  std::string comment = random_bytes(4 * kMiB);
  std::replace(comment.begin(), comment.end(), '\0', 'x');
  const std::string plain = encode("gzip", "data: a\n\n");
  const std::string commented =
      plain.substr(0, 3) + "\x10" + plain.substr(4, 6) + comment + "\0"s + plain.substr(10);
  EXPECT_TRUE(is_whole(decode_all("gzip, gzip", encode("gzip", commented)), "data: a\n\n"));
}

TEST(ContentDecoderStack, PassesMuchBetweenItsStagesWhereMuchComesOut) {
  // 4 MiB of zeros that the inner coding only stores: little goes in.
  constexpr size_t kBlock = 0xffff;
  const std::string block = "\x00\xff\xff\x00\x00"s + std::string(kBlock, '\0');
  std::string stored;
  for (int i = 0; i < 64; ++i) stored += block;
  stored += "\x03\x00"s;
  EXPECT_TRUE(is_whole(decode_all("deflate, gzip", encode("gzip", stored)), std::string(64 * kBlock, '\0')));
}

}  // namespace
}  // namespace sse_proxy
