#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
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

}  // namespace
}  // namespace sse_proxy
