#include "workers/process/clean_text.h"

#include <string>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

TEST(CleanTextTest, KeepsTextAndReplacesTheRest) {
  struct Case {
    std::string text, clean;
  };
  const Case kCases[] = {
      {"", ""},
      {"not authorized", "not authorized"},
      {"æøå €😀", "æøå €😀"},
      {std::string("a\0b\n\x7f", 5), "a?b??"},
      {"\x80\xff", "??"},
      {"\xc0\xaf", "??"},            // overlong "/"
      {"\xe0\x80\xaf", "???"},       // overlong again
      {"\xed\xa0\x80", "???"},       // a surrogate
      {"\xf4\x90\x80\x80", "????"},  // beyond Unicode
      {"\xe2\x82", "??"},            // cut off
      {"\xc3(", "?("},
  };
  for (const Case& c : kCases) EXPECT_EQ(CleanText(c.text, 100), c.clean);
}

TEST(CleanTextTest, CutsBetweenCharacters) {
  EXPECT_EQ(CleanText("abcdef", 4), "abcd");
  EXPECT_EQ(CleanText("abc€", 5), "abc");
  EXPECT_EQ(CleanText("abc€", 6), "abc€");
  EXPECT_EQ(CleanText("\n\n\n", 2), "??");
}

}  // namespace
}  // namespace mqttpush
