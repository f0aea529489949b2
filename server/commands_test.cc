#include "server/commands.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/directory_report.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(CommandsTest, TakesTheCommandAndLeavesTheSettings) {
  const auto serve = TakeCommand({"--data-dir", "d"});
  ASSERT_TRUE(serve.ok());
  EXPECT_EQ(serve->kind, Command::Kind::kServe);
  EXPECT_THAT(serve->arguments, ElementsAre("--data-dir", "d"));
  const auto backup = TakeCommand({"--backup", "b", "--data-dir=d"});
  ASSERT_TRUE(backup.ok());
  EXPECT_EQ(backup->kind, Command::Kind::kBackUp);
  EXPECT_EQ(backup->path, "b");
  EXPECT_THAT(backup->arguments, ElementsAre("--data-dir=d"));
  EXPECT_EQ(TakeCommand({"--restore=b"})->kind, Command::Kind::kRestore);
  const auto check = TakeCommand({"--check=d"});
  EXPECT_EQ(check->path, "d");
  EXPECT_THAT(check->arguments, IsEmpty());
}

TEST(CommandsTest, RefusesTwoAndOneWithoutItsPath) {
  EXPECT_THAT(std::string(TakeCommand({"--check"}).status().message()),
              HasSubstr("--check: needs a data directory"));
  EXPECT_THAT(std::string(TakeCommand({"--backup="}).status().message()),
              HasSubstr("--backup: needs a target"));
  EXPECT_THAT(
      std::string(TakeCommand({"--check=a", "--backup=b"}).status().message()),
      HasSubstr("one command at a time"));
}

TEST(CommandsTest, HelpNamesEachAndItsExitCodes) {
  for (const char* text :
       {"--check", "--backup", "--restore", "secrets", "0 sound, 1 damaged"}) {
    EXPECT_THAT(CommandHelp(), HasSubstr(text));
  }
}

TEST(CommandsTest, BytesReadEasily) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatBytes(int64_t{3} << 40), "3.0 TiB");
}

}  // namespace
}  // namespace mqttpush
