#include "cli/text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush::cli {
namespace {

using ::testing::ElementsAre;

TEST(DisplayWidthTest, CountsColumns) {
  EXPECT_EQ(DisplayWidth(""), 0u);
  EXPECT_EQ(DisplayWidth("Kühlcontainer"), 13u);
  EXPECT_EQ(DisplayWidth("冷藏"), 4u);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1u);
  EXPECT_EQ(DisplayWidth("✅"), 2u);
  EXPECT_EQ(DisplayWidth("\x1b[32mok\x1b[0m"), 2u);
  EXPECT_EQ(DisplayWidth("\xff\xfe"), 2u);
}

TEST(PadTest, FillsUpToColumns) {
  EXPECT_EQ(PadRight("冷", 4), "冷  ");
  EXPECT_EQ(PadLeft("7", 3), "  7");
  EXPECT_EQ(PadRight("wider", 2), "wider");
}

TEST(OneLineTest, ReplacesWhatMovesTheCursor) {
  EXPECT_EQ(OneLine("a\nb\x1b[2Jc\x7f"), "a?b?[2Jc?");
  EXPECT_EQ(OneLine("Zürich"), "Zürich");
}

TEST(WrapTest, BreaksAtSpaces) {
  EXPECT_THAT(Wrap("one two three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(Wrap("unbreakable", 4), ElementsAre("unbreakable"));
  EXPECT_THAT(Wrap("a\nb\n  kept as it is\nc\n\nd", 6),
              ElementsAre("a b", "  kept as it is", "c", "", "d"));
}

TEST(FormatBytesTest, TakesTheLargestUnit) {
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatBytes(int64_t{5} << 40), "5.0 TiB");
}

}  // namespace
}  // namespace mqttpush::cli
