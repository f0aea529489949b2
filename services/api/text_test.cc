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

}  // namespace
}  // namespace mqttpush
