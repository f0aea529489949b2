#include "common/read_file.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

TEST(ReadFileTest, ReadsAllOfIt) {
  TempDir temp;
  const std::string path = temp.File("text");
  const std::string text(100'000, 'x');
  WriteFile(path, text);
  EXPECT_EQ(*ReadTextFile(path, text.size()), text);
  const auto larger = ReadTextFile(path, text.size() - 1);
  EXPECT_TRUE(absl::IsInvalidArgument(larger.status()));
  EXPECT_EQ(larger.status().message(), "must not be larger than 99999 bytes");
}

TEST(ReadFileTest, WhatCannotBeReadIsAnError) {
  TempDir temp;
  const auto missing = ReadTextFile(temp.File("missing"), 10);
  EXPECT_TRUE(absl::IsNotFound(missing.status())) << missing.status();
  EXPECT_THAT(std::string(missing.status().message()),
              HasSubstr("cannot be read: No such file"));
  const auto folder = ReadTextFile(temp.path(), 10);
  EXPECT_TRUE(absl::IsFailedPrecondition(folder.status())) << folder.status();
  EXPECT_THAT(std::string(folder.status().message()),
              HasSubstr("Is a directory"));
  EXPECT_TRUE(absl::IsInvalidArgument(ReadTextFile("/dev/zero", 10).status()));
}

}  // namespace
}  // namespace mqttpush
