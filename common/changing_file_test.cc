#include "common/changing_file.h"

#include <stdio.h>
#include <unistd.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::Optional;

constexpr size_t kMost = 100;

class ChangingFileTest : public ::testing::Test {
 protected:
  void Replace(const std::string& text) {
    WriteFile(temp_.File("new"), text);
    ASSERT_EQ(rename(temp_.File("new").c_str(), file_.path().c_str()), 0);
  }

  TempDir temp_;
  ChangingFile file_{temp_.File("text")};
};

TEST_F(ChangingFileTest, IsReadWhenItHasChanged) {
  Replace("one");
  EXPECT_THAT(*file_.ReadIfChanged(kMost), Optional(std::string("one")));
  EXPECT_EQ(*file_.ReadIfChanged(kMost), std::nullopt);
  Replace("two");
  EXPECT_THAT(*file_.ReadIfChanged(kMost), Optional(std::string("two")));
  EXPECT_EQ(*file_.ReadIfChanged(kMost), std::nullopt);
}

TEST_F(ChangingFileTest, AnErrorIsToldOnce) {
  EXPECT_TRUE(absl::IsNotFound(file_.ReadIfChanged(kMost).status()));
  EXPECT_EQ(*file_.ReadIfChanged(kMost), std::nullopt);
  Replace(std::string(kMost + 1, 'x'));
  EXPECT_TRUE(absl::IsInvalidArgument(file_.ReadIfChanged(kMost).status()));
  EXPECT_EQ(*file_.ReadIfChanged(kMost), std::nullopt);
  unlink(file_.path().c_str());
  EXPECT_TRUE(absl::IsNotFound(file_.ReadIfChanged(kMost).status()));
}

}  // namespace
}  // namespace mqttpush
