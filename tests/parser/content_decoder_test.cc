#include "parser/content_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <string>
#include <vector>

#include "tests/parser/coding_helpers.h"
#include "tests/parser/decoding_helpers.h"

namespace sse_proxy {
namespace {

using namespace std::string_literals;
using namespace test;
using Status = DecodeStep::Status;

// --- Which codings -----------------------------------------------------------------------------------------

TEST(CodingSupport, FollowsTheListSyntaxOfHttp) {
  struct Row {
    std::string_view value;
    CodingSupport support;
  };
  constexpr Row kRows[] = {
      {"", CodingSupport::identity},
      {" ", CodingSupport::identity},
      {" , ,\t,", CodingSupport::identity},
      {"identity", CodingSupport::identity},
      {"Identity, identity", CodingSupport::identity},
      {"gzip", CodingSupport::decodable},
      {"x-gzip", CodingSupport::decodable},
      {"GZip", CodingSupport::decodable},
      {" deflate\t", CodingSupport::decodable},
      {"br", CodingSupport::decodable},
      {"zstd", CodingSupport::decodable},
      {",gzip,, BR ,", CodingSupport::decodable},
      {"identity, gzip", CodingSupport::decodable},
      {"gzip, br, zstd, deflate", CodingSupport::decodable},
      {"gzip, identity, br, zstd, , deflate", CodingSupport::decodable},
      {"gzip, gzip, gzip, gzip, gzip", CodingSupport::unknown},
      {"compress", CodingSupport::unknown},
      {"gzip, dcb", CodingSupport::unknown},
      {"gzip;q=1", CodingSupport::unknown},
      {"gzip br", CodingSupport::unknown},
      {"x-deflate", CodingSupport::unknown},
      {"gzi", CodingSupport::unknown},
      {"gzip\r", CodingSupport::unknown},
  };
  for (const auto& [value, support] : kRows) EXPECT_EQ(coding_support(value), support) << '"' << value << '"';
}

// --- Every coding, every cut -------------------------------------------------------------------------------

struct Case {
  const char* name;
  const char* header;   // Content-Encoding
  const char* encoder;  // for make_encoder
};
void PrintTo(const Case& row, std::ostream* out) { *out << row.name; }

constexpr Case kCases[] = {
    {"Gzip", "gzip", "gzip"},
    {"XGzip", "X-GZIP", "gzip"},
    {"Deflate", "deflate", "deflate"},
    {"RawDeflate", "deflate", "raw-deflate"},
    {"Brotli", "br", "br"},
    {"Zstd", "zstd", "zstd"},
    {"GzipThenBrotli", "gzip, br", "gzip,br"},
    {"BrotliThenGzip", "br,gzip", "br,gzip"},
    {"ZstdThenRawDeflate", "identity, zstd, deflate", "zstd,raw-deflate"},
    {"GzipTwice", "gzip, gzip", "gzip,gzip"},
    {"AllFour", "gzip, br, zstd, deflate", "gzip,br,zstd,deflate"},
};

class ContentDecoderTest : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Codings, ContentDecoderTest, ::testing::ValuesIn(kCases),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_P(ContentDecoderTest, GivesTheBodyBackWhereverItIsCut) {
  const std::string body = small_body();
  const std::string bytes = encode(GetParam().encoder, body);
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    const std::string_view view = bytes;
    EXPECT_TRUE(is_whole(decode_pieces(GetParam().header, {view.substr(0, cut), view.substr(cut)}), body))
        << "cut at " << cut;
  }
}

TEST_P(ContentDecoderTest, GivesTheBodyBackByteByByteAndIntoAnyRoom) {
  for (const std::string& body : {""s, "x"s, small_body(), words(100 * kKiB), random_bytes(30 * kKiB)}) {
    const std::string bytes = encode(GetParam().encoder, body);
    EXPECT_TRUE(is_whole(decode_pieces(GetParam().header, one_byte_each(bytes)), body));
    for (const size_t room : {1, 2, 7, 1024, 1 << 20}) {
      EXPECT_TRUE(is_whole(decode_all(GetParam().header, bytes, room), body)) << "room " << room;
    }
    EXPECT_TRUE(is_whole(decode_pieces(GetParam().header, one_byte_each(bytes), 1), body));
  }
}

TEST_P(ContentDecoderTest, GivesEachEventAsSoonAsItIsFlushed) {
  for (const bool byte_by_byte : {false, true}) {
    for (const size_t room : {4096, 16, 1}) {
      MemoryBudget budget(kPlenty);
      const auto encoder = make_encoder(GetParam().encoder);
      const auto decoder = make_content_decoder(GetParam().header, budget);
      Decoded decoded;
      for (int i = 0; i < 100; ++i) {
        const std::string event =
            "id: " + std::to_string(i) + "\ndata: token " + std::string(i % 50, 'x') + "\n\n";
        const std::string bytes = encoder->flush(event);
        decoded.body.clear();
        const std::vector<std::string_view> whole{bytes};
        for (const std::string_view piece : byte_by_byte ? one_byte_each(bytes) : whole) {
          feed(*decoder, piece, decoded, room);
        }
        ASSERT_EQ(decoded.body, event) << "room " << room;
        ASSERT_EQ(decoded.left, 0u);
        ASSERT_FALSE(decoded.complete);
      }
      feed(*decoder, encoder->finish(), decoded, room);
      EXPECT_EQ(decoded.status, Status::more);
      EXPECT_TRUE(decoded.complete);
    }
  }
}

TEST_P(ContentDecoderTest, TakesAnEmptyBodyAsComplete) {
  EXPECT_TRUE(is_whole(decode_all(GetParam().header, ""), ""));
}

TEST_P(ContentDecoderTest, IsNotCompleteWhenTheBodyIsTruncated) {
  const std::string body = small_body();
  const std::string bytes = encode(GetParam().encoder, body);
  for (size_t size = 1; size < bytes.size(); ++size) {
    const Decoded decoded = decode_all(GetParam().header, std::string_view(bytes).substr(0, size));
    EXPECT_EQ(decoded.status, Status::more) << size;
    EXPECT_FALSE(decoded.complete) << size;
    EXPECT_TRUE(body.starts_with(decoded.body)) << size;
  }
}

TEST_P(ContentDecoderTest, RefusesBytesAfterTheEnd) {
  const std::string body = small_body();
  for (const std::string& garbage : {"\0"s, "\n"s, "data: x\n\n"s, "\xff"s}) {
    const std::string bytes = encode(GetParam().encoder, body);
    const std::string both = bytes + garbage;
    for (const auto& pieces : {std::vector<std::string_view>{both}, {bytes, garbage}, one_byte_each(both)}) {
      const Decoded decoded = decode_pieces(GetParam().header, pieces);
      EXPECT_EQ(decoded.status, Status::corrupt);
      EXPECT_EQ(decoded.body, body);
      EXPECT_FALSE(decoded.complete);
    }
  }
}

TEST_P(ContentDecoderTest, NeverTakesABodyWithAFlippedBitForAnother) {
  // Not br and raw deflate by themselves: they have no checksum.
  const std::string_view name = GetParam().name;
  const bool checked = name != "Brotli" && name != "RawDeflate";
  const std::string body = small_body();
  const std::string bytes = encode(GetParam().encoder, body);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    const Decoded whole = decode_all(GetParam().header, flipped);
    const Decoded pieces = decode_pieces(GetParam().header, one_byte_each(flipped));
    EXPECT_EQ(whole.status, pieces.status) << "bit " << bit;
    EXPECT_EQ(whole.complete, pieces.complete) << "bit " << bit;
    EXPECT_NE(whole.status, Status::no_memory) << "bit " << bit;
    if (checked && whole.status == Status::more && whole.complete) {
      EXPECT_EQ(whole.body, body) << "bit " << bit;
    }
  }
}

TEST_P(ContentDecoderTest, SaysTheSameAgainOnceItHasFailed) {
  MemoryBudget budget(kPlenty);
  const auto decoder = make_content_decoder(GetParam().header, budget);
  Decoded decoded;
  feed(*decoder, std::string(100, '\xff'), decoded);
  ASSERT_EQ(decoded.status, Status::corrupt);
  std::array<char, 16> output{};
  for (const std::string_view input : {"", "more"}) {
    const DecodeStep step = decoder->decode(input, output);
    EXPECT_EQ(step.status, Status::corrupt);
    EXPECT_EQ(step.consumed + step.produced, 0u);
  }
}

TEST_P(ContentDecoderTest, StaysQuietHoweverOftenItIsAskedWithoutInput) {
  MemoryBudget budget(kPlenty);
  const auto encoder = make_encoder(GetParam().encoder);
  const auto decoder = make_content_decoder(GetParam().header, budget);
  Decoded decoded;
  for (const std::string& bytes : {""s, encoder->flush("data: a\n\n"), encoder->flush("data: b\n\n")}) {
    feed(*decoder, bytes, decoded);
    for (int i = 0; i < 100; ++i) feed(*decoder, "", decoded, 1);
    ASSERT_EQ(decoded.status, Status::more);
  }
  feed(*decoder, encoder->finish(), decoded);
  EXPECT_TRUE(is_whole(decoded, "data: a\n\ndata: b\n\n"));
}

// --- Bombs -------------------------------------------------------------------------------------------------

TEST_P(ContentDecoderTest, InflatesABombOnlyAsFarAsTheCallerTakes) {
  constexpr size_t kSize = 64 * kMiB;
  const std::string bytes = zeros_encoded(GetParam().encoder, kSize);
  ASSERT_LT(bytes.size(), kSize / 500);
  MemoryBudget budget(kPlenty);
  const auto decoder = make_content_decoder(GetParam().header, budget);
  std::string_view rest = bytes;
  std::array<char, kKiB> output;
  size_t total = 0;
  size_t peak = 0;
  while (true) {
    const DecodeStep step = decoder->decode(rest, output);
    ASSERT_EQ(step.status, Status::more);
    rest.remove_prefix(step.consumed);
    total += step.produced;
    peak = std::max(peak, budget.used());
    if (step.consumed == 0 && step.produced == 0) break;
  }
  EXPECT_EQ(total, kSize);
  EXPECT_TRUE(decoder->complete());
  EXPECT_LT(peak, 12 * kMiB);
}

}  // namespace
}  // namespace sse_proxy
