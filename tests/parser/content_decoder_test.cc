#include "parser/content_decoder.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "tests/parser/coding_helpers.h"

namespace sse_proxy {
namespace {

using namespace std::string_literals;
using Status = DecodeStep::Status;
using test::encode;
using test::make_encoder;

constexpr size_t kPlenty = 64 * 1024 * 1024;
constexpr size_t kKiB = 1024;
constexpr size_t kMiB = 1024 * 1024;

struct Decoded {
  std::string body;
  Status status = Status::more;
  bool complete = false;
  size_t left = 0;  // bytes that were given and not consumed
};

// The loop that every caller runs: until a step neither consumes nor produces. The input is a copy of its
// own, so that the sanitizer sees a decoder that reads past it.
void feed(ContentDecoder& decoder, std::string_view bytes, Decoded& decoded, size_t room = 4096) {
  const std::vector<char> copy(bytes.begin(), bytes.end());
  std::string_view input(copy.data(), copy.size());
  std::string output(room, '\0');
  while (decoded.status == Status::more) {
    const DecodeStep step = decoder.decode(input, output);
    ASSERT_LE(step.consumed, input.size());
    ASSERT_LE(step.produced, room);
    input.remove_prefix(step.consumed);
    decoded.body.append(output, 0, step.produced);
    decoded.status = step.status;
    if (step.consumed == 0 && step.produced == 0) break;
  }
  decoded.left += input.size();
  decoded.complete = decoder.complete();
}

Decoded decode_pieces(std::string_view coding, const std::vector<std::string_view>& pieces,
                      size_t room = 4096) {
  MemoryBudget budget(kPlenty);
  Decoded decoded;
  {
    const auto decoder = make_content_decoder(coding, budget);
    EXPECT_NE(decoder, nullptr);
    for (const std::string_view piece : pieces) feed(*decoder, piece, decoded, room);
  }
  EXPECT_EQ(budget.used(), 0u);
  return decoded;
}

Decoded decode_all(std::string_view coding, std::string_view bytes, size_t room = 4096) {
  return decode_pieces(coding, {bytes}, room);
}

std::vector<std::string_view> one_byte_each(std::string_view bytes) {
  std::vector<std::string_view> pieces;
  for (size_t i = 0; i < bytes.size(); ++i) pieces.push_back(bytes.substr(i, 1));
  return pieces;
}

::testing::AssertionResult is_whole(const Decoded& decoded, std::string_view body) {
  if (decoded.status != Status::more)
    return ::testing::AssertionFailure() << "status " << int(decoded.status);
  if (decoded.body != body)
    return ::testing::AssertionFailure() << decoded.body.size() << " bytes, or other ones";
  if (!decoded.complete) return ::testing::AssertionFailure() << "not complete";
  if (decoded.left != 0) return ::testing::AssertionFailure() << decoded.left << " bytes not consumed";
  return ::testing::AssertionSuccess();
}

std::string small_body() {
  return "event: greeting\ndata: {\"text\": \"hello\"}\n\ndata: hello hello hello hello\n\n:\n\nid: 7\ndata: "
         "bye\n\n";
}

std::string random_bytes(size_t size) {
  std::mt19937 random(7);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

std::string words(size_t size) {
  std::mt19937 random(11);
  std::string text;
  while (text.size() < size) text += "data: " + std::to_string(random() % 5000) + " tokens\n\n";
  text.resize(size);
  return text;
}

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

// --- gzip --------------------------------------------------------------------------------------------------

TEST(GzipDecoder, ReadsSeveralMembersWhereverTheyAreCut) {
  const std::string bytes =
      encode("gzip", "data: a\n\n") + encode("gzip", "") + encode("gzip", "data: b\n\n");
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    const std::string_view view = bytes;
    EXPECT_TRUE(
        is_whole(decode_pieces("gzip", {view.substr(0, cut), view.substr(cut)}), "data: a\n\ndata: b\n\n"))
        << "cut at " << cut;
  }
  EXPECT_TRUE(is_whole(decode_pieces("gzip", one_byte_each(bytes), 1), "data: a\n\ndata: b\n\n"));
}

TEST(GzipDecoder, IsCompleteExactlyAtTheEndOfAMember) {
  MemoryBudget budget(kPlenty);
  const auto decoder = make_content_decoder("gzip", budget);
  Decoded decoded;
  for (int member = 0; member < 3; ++member) {
    const std::string bytes = encode("gzip", "data: a\n\n");
    for (size_t i = 0; i < bytes.size(); ++i) {
      feed(*decoder, std::string_view(bytes).substr(i, 1), decoded);
      EXPECT_EQ(decoded.complete, i + 1 == bytes.size());
    }
  }
}

TEST(GzipDecoder, ReadsAHeaderWithAllItsFields) {
  const std::string plain = encode("gzip", "data: a\n\n");
  // FTEXT, FEXTRA, FNAME and FCOMMENT; the rest of the fixed header as it was.
  const std::string bytes = plain.substr(0, 3) + "\x1d" + plain.substr(4, 6) + "\x03\x00"s + "abc" +
                            "name\0"s + "comment\0"s + plain.substr(10);
  EXPECT_TRUE(is_whole(decode_all("gzip", bytes), "data: a\n\n"));
  EXPECT_TRUE(is_whole(decode_pieces("gzip", one_byte_each(bytes)), "data: a\n\n"));
}

TEST(GzipDecoder, VerifiesTheChecksumAndTheLength) {
  const std::string bytes = encode("gzip", small_body());
  for (size_t from_end = 1; from_end <= 8; ++from_end) {
    std::string broken = bytes;
    broken[broken.size() - from_end] ^= 1;
    EXPECT_EQ(decode_all("gzip", broken).status, Status::corrupt) << from_end;
  }
}

// --- deflate -----------------------------------------------------------------------------------------------

TEST(DeflateDecoder, TellsTheWrapperFromRawDeflateForEveryLevelAndWindow) {
  const std::string body = words(3000);
  for (int window = 9; window <= 15; ++window) {
    for (int level = 0; level <= 9; ++level) {
      for (const int sign : {1, -1}) {
        z_stream stream{};
        ASSERT_EQ(deflateInit2(&stream, level, Z_DEFLATED, sign * window, 8, Z_DEFAULT_STRATEGY), Z_OK);
        std::string bytes(body.size() * 2, '\0');
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
        stream.avail_in = static_cast<uInt>(body.size());
        stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
        stream.avail_out = static_cast<uInt>(bytes.size());
        ASSERT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
        bytes.resize(stream.total_out);
        deflateEnd(&stream);
        EXPECT_TRUE(is_whole(decode_all("deflate", bytes), body)) << window * sign << " level " << level;
        EXPECT_TRUE(is_whole(decode_pieces("deflate", one_byte_each(bytes)), body)) << window * sign;
      }
    }
  }
}

TEST(DeflateDecoder, ReadsRawDeflateThatBeginsLikeAWrapper) {
  // A stored block whose padding bits are 00001 looks like CMF 0x08; LEN 5 after it makes no valid FLG.
  const std::string bytes = "\x08\x05\x00\xfa\xff"s + "hello" + "\x03\x00"s;
  EXPECT_TRUE(is_whole(decode_all("deflate", bytes), "hello"));
  EXPECT_TRUE(is_whole(decode_pieces("deflate", one_byte_each(bytes)), "hello"));
}

TEST(DeflateDecoder, RefusesAPresetDictionaryAndABadFirstByte) {
  EXPECT_EQ(decode_all("deflate", "\x78\xbb\x01\x02\x03\x04\x05\x06").status, Status::corrupt);
  EXPECT_EQ(decode_all("deflate", "\x07").status, Status::corrupt);  // block type 3
}

// --- br ----------------------------------------------------------------------------------------------------

TEST(BrotliDecoder, RefusesALargeWindow) {
  EXPECT_EQ(decode_all("br", encode("br", words(10000), 26)).status, Status::corrupt);
}

TEST(BrotliDecoder, ReadsTheLargestOrdinaryWindow) {
  const std::string body = words(200000);
  EXPECT_TRUE(is_whole(decode_all("br", encode("br", body, 24)), body));
}

// --- zstd --------------------------------------------------------------------------------------------------

std::string skippable_frame(unsigned char kind, const std::string& content) {
  const auto size = static_cast<unsigned char>(content.size());
  return std::string{static_cast<char>(0x50 + kind), '\x2a', '\x4d', '\x18', static_cast<char>(size)} +
         "\0\0\0"s + content;
}

TEST(ZstdDecoder, ReadsSeveralFramesAndSkipsTheSkippableOnes) {
  const std::string bytes = skippable_frame(0, "") + encode("zstd", "data: a\n\n") +
                            skippable_frame(15, "skip me") + encode("zstd", "") +
                            encode("zstd", "data: b\n\n") + skippable_frame(7, "x");
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    const std::string_view view = bytes;
    EXPECT_TRUE(
        is_whole(decode_pieces("zstd", {view.substr(0, cut), view.substr(cut)}), "data: a\n\ndata: b\n\n"))
        << "cut at " << cut;
  }
  EXPECT_TRUE(is_whole(decode_pieces("zstd", one_byte_each(bytes), 1), "data: a\n\ndata: b\n\n"));
}

TEST(ZstdDecoder, ReadsFramesThatSayTheirSize) {
  for (const std::string& body : {""s, small_body(), words(300000)}) {
    std::string bytes(ZSTD_compressBound(body.size()), '\0');
    bytes.resize(ZSTD_compress(bytes.data(), bytes.size(), body.data(), body.size(), 3));
    EXPECT_TRUE(is_whole(decode_all("zstd", bytes + bytes), body + body));
    EXPECT_TRUE(is_whole(decode_all("zstd", bytes + bytes, 1 << 20), body + body));
    EXPECT_TRUE(is_whole(decode_pieces("zstd", one_byte_each(bytes + bytes)), body + body));
  }
}

TEST(ZstdDecoder, RefusesAWindowAboveEightMebibytesHoweverItComes) {
  for (const int window_log : {24, 27}) {
    const std::string bytes = encode("zstd", small_body(), window_log);
    for (const size_t room : {1, 4096, 1 << 20}) {
      EXPECT_EQ(decode_all("zstd", bytes, room).status, Status::corrupt) << window_log;
      EXPECT_EQ(decode_pieces("zstd", one_byte_each(bytes), room).status, Status::corrupt) << window_log;
    }
  }
  const std::string body = words(100000);
  EXPECT_TRUE(is_whole(decode_all("zstd", encode("zstd", body, 23)), body));
}

TEST(ZstdDecoder, RefusesAWindowAboveEightMebibytesInAFrameThatSaysItsSize) {
  // libzstd decodes such a frame, given whole, by a short cut that looks at no window. Size 256, one RLE
  // block.
  const std::string header = "\x28\xb5\x2f\xfd\x40"s;
  const std::string content = "\x00\x00\x03\x08\x00\x41"s;
  EXPECT_TRUE(is_whole(decode_all("zstd", header + "\x68" + content), std::string(256, 'A')));  // 8 MiB
  const std::string refused = header + "\x70" + content;                                        // 16 MiB
  EXPECT_EQ(decode_all("zstd", refused).status, Status::corrupt);
  EXPECT_EQ(decode_all("zstd", refused).body, "");
  EXPECT_EQ(decode_pieces("zstd", one_byte_each(refused)).status, Status::corrupt);
}

TEST(ZstdDecoder, RefusesTheFormatsFromBeforeVersionOne) {
  for (char first = 0x22; first <= 0x27; ++first) {
    EXPECT_EQ(decode_all("zstd", std::string(1, first)).status, Status::corrupt);
    EXPECT_EQ(decode_all("zstd", first + "\xb5\x2f\xfd"s + std::string(60, '\0')).status, Status::corrupt);
  }
}

TEST(ZstdDecoder, VerifiesTheChecksum) {
  std::string bytes = encode("zstd", small_body());
  bytes.back() ^= 1;
  EXPECT_EQ(decode_all("zstd", bytes).status, Status::corrupt);
}

// --- Memory ------------------------------------------------------------------------------------------------

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

// --- Bombs -------------------------------------------------------------------------------------------------

std::string zeros_encoded(std::string_view codings, size_t size) {
  const auto encoder = make_encoder(codings);
  const std::string piece(kMiB, '\0');
  std::string bytes;
  for (size_t done = 0; done < size; done += piece.size()) bytes += encoder->flush(piece);
  return bytes + encoder->finish();
}

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
