#include <gtest/gtest.h>

#include "proxy/demo/cells.h"

namespace sse_proxy::stage {
namespace {

TEST(DemoCells, KoreanLettersAndEmojiTakeTwoCellsAndCombiningMarksNone) {
  EXPECT_EQ(cell_width(""), 0U);
  EXPECT_EQ(cell_width("lag …"), 5U);
  EXPECT_EQ(cell_width("안녕하세요"), 10U);
  EXPECT_EQ(cell_width("🚀🎉"), 4U);
  EXPECT_EQ(cell_width("e\xCC\x81"), 1U);
}

TEST(DemoCells, BrokenUtf8IsCountedByteByByte) {
  EXPECT_EQ(cell_width("\xEC\x95"), 2U);
  EXPECT_EQ(fit("\xEC", 2), "\xEC ");
}

TEST(DemoCells, ATextIsFilledUpOrCutToTheCellsAskedFor) {
  EXPECT_EQ(fit("안녕", 6), "안녕  ");
  EXPECT_EQ(fit_right("안녕", 6), "  안녕");
  EXPECT_EQ(fit("abcdef", 4), "abc…");
  EXPECT_EQ(fit("", 0), "");
  EXPECT_EQ(fit("abc", 0), "");
}

TEST(DemoCells, AWideCharacterThatWouldBeCutInHalfIsLeftOut) {
  EXPECT_EQ(fit("안녕하세요", 6), "안녕… ");
  for (size_t cells = 0; cells < 20; ++cells) {
    EXPECT_EQ(cell_width(fit("a안b녕 👋 c", cells)), cells);
    EXPECT_EQ(cell_width(fit_right("a안b녕 👋 c", cells)), cells);
  }
}

}  // namespace
}  // namespace sse_proxy::stage
