#include "common/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

constexpr size_t kValid = absl::string_view::npos;

TEST(Utf8Test, FindsTheFirstIllFormedByte) {
  const struct {
    std::string text;
    size_t want;
  } cases[] = {
      {"", kValid},
      {"plain ascii, longer than eight bytes", kValid},
      {std::string("a\0b", 3), kValid},
      {"Køleskab 冷藏集装箱 🚢", kValid},
      {"\xC2\x80", kValid},
      {"\xED\x9F\xBF", kValid},      // U+D7FF
      {"\xEE\x80\x80", kValid},      // U+E000
      {"\xF4\x8F\xBF\xBF", kValid},  // U+10FFFF
      {"ab\x80", 2},
      {"12345678\xFF", 8},
      {"\xC0\x80", 0},          // overlong NUL
      {"\xC1\xBF", 0},          // overlong
      {"\xE0\x9F\xBF", 0},      // overlong
      {"\xF0\x8F\xBF\xBF", 0},  // overlong
      {"\xED\xA0\x80", 0},      // surrogate U+D800
      {"\xED\xBF\xBF", 0},      // surrogate U+DFFF
      {"\xF4\x90\x80\x80", 0},  // U+110000
      {"\xF5\x80\x80\x80", 0},
      {"abc\xE2\x82", 3},  // cut off
      {"abc\xE2\x28\xA1", 3},
      {"\xC3", 0},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(FindInvalidUtf8(c.text), c.want) << c.text;
  }
}

TEST(Utf8Test, FindsAnIllFormedByteAtAnyAlignment) {
  for (size_t at = 0; at < 24; ++at) {
    std::string text(24, 'x');
    text[at] = '\xFF';
    EXPECT_EQ(FindInvalidUtf8(text), at);
  }
}

TEST(Utf8Test, ReplacesOnlyWhatIsNotUtf8) {
  EXPECT_EQ(ReplaceInvalidUtf8(""), "");
  EXPECT_EQ(ReplaceInvalidUtf8("Ærø"), "Ærø");
  EXPECT_EQ(ReplaceInvalidUtf8("\xff\xc3"
                               "a\xc3\xa6\xe2"),
            "\?\?aæ?");
}

}  // namespace
}  // namespace mqttpush
