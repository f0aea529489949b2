// README.md and the program say the same about the configuration.
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/readme_commands.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

TEST(ReadmeTest, ConfigurationTableIsThePrograms) {
  TempDir dir;
  const absl::Status status =
      ChildProcess::Run({.argv = {MQTTPUSHD_PATH, "--help-markdown"},
                         .log_path = dir.File("table")});
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(ReadmePart("configuration"), ReadFile(dir.File("table")))
      << "paste the output of mqttpushd --help-markdown into README.md";
}

TEST(ReadmeTest, HelpNamesEverySetting) {
  TempDir dir;
  const absl::Status status = ChildProcess::Run(
      {.argv = {MQTTPUSHD_PATH, "--help"}, .log_path = dir.File("help")});
  ASSERT_TRUE(status.ok()) << status;
  for (const char* name :
       {"MQTTPUSH_LISTEN_ADDRESS", "--listen-address", "MQTT_SET_EVENT_ID"}) {
    EXPECT_THAT(ReadFile(dir.File("help")), ::testing::HasSubstr(name));
  }
}

}  // namespace
}  // namespace mqttpush
