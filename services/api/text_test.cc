#include "services/api/text.h"

#include <gtest/gtest.h>

#include "common/utf8.h"

namespace mqttpush {
namespace {

TEST(TextTest, TruncateCutsBetweenCharacters) {
  EXPECT_EQ(Truncate("abcdef", 6), "abcdef");
  EXPECT_EQ(Truncate("abcdefg", 6), "abc…");
  for (size_t max = 3; max < 12; ++max) {
    const std::string cut = Truncate("éééééééé", max);
    EXPECT_LE(cut.size(), max);
    EXPECT_EQ(FindInvalidUtf8(cut), absl::string_view::npos) << max;
  }
}

TEST(TextTest, ReplacesOnlyWhatIsNotUtf8) {
  EXPECT_EQ(ReplaceInvalidUtf8(""), "");
  EXPECT_EQ(ReplaceInvalidUtf8("Ærø"), "Ærø");
  EXPECT_EQ(ReplaceInvalidUtf8("\xff\xc3"
                               "a\xc3\xa6\xe2"),
            "\?\?aæ?");
}

}  // namespace
}  // namespace mqttpush
