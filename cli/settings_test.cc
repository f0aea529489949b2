#include "cli/settings.h"

#include <sys/stat.h>

#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace mqttpush::cli {
namespace {

using ::testing::HasSubstr;

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() { environment_["XDG_CONFIG_HOME"] = dir_.path(); }

  absl::StatusOr<Settings> Resolve() {
    return ResolveSettings(
        given_, [this](const std::string& name) -> std::optional<std::string> {
          const auto found = environment_.find(name);
          if (found == environment_.end()) return std::nullopt;
          return found->second;
        });
  }
  std::string Error() { return std::string(Resolve().status().message()); }
  void WriteConfig(const std::string& text) {
    given_.config = dir_.File("config.yaml");
    WriteFile(given_.config, text);
  }

  TempDir dir_;
  std::map<std::string, std::string> environment_;
  GivenSettings given_;
};

constexpr char kConfig[] =
    "profile: test\n"
    "profiles:\n"
    "  test: {server: 'test:1', timeout: 5s}\n"
    "  live:\n"
    "    server: live:2\n";

TEST_F(SettingsTest, DefaultsNeedNoFile) {
  const auto settings = Resolve();
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->server, "127.0.0.1:50051");
  EXPECT_EQ(settings->timeout, absl::Seconds(30));
}

TEST_F(SettingsTest, FlagBeforeEnvironmentBeforeProfile) {
  WriteConfig(kConfig);
  EXPECT_EQ(Resolve()->server, "test:1");
  EXPECT_EQ(Resolve()->timeout, absl::Seconds(5));
  environment_["MQTTPUSH_CLI_PROFILE"] = "live";
  EXPECT_EQ(Resolve()->server, "live:2");
  EXPECT_EQ(Resolve()->timeout, absl::Seconds(30));
  given_.profile = "test";
  EXPECT_EQ(Resolve()->server, "test:1");
  environment_["MQTTPUSH_CLI_SERVER"] = "environment:3";
  EXPECT_EQ(Resolve()->server, "environment:3");
  given_.server = "flag:4";
  EXPECT_EQ(Resolve()->server, "flag:4");
}

TEST_F(SettingsTest, FileIsFoundWhereXdgSays) {
  ASSERT_EQ(mkdir(dir_.File("mqttpush").c_str(), 0700), 0);
  WriteFile(dir_.File("mqttpush/config.yaml"), kConfig);
  EXPECT_EQ(Resolve()->server, "test:1");
}

TEST_F(SettingsTest, WhatIsNamedMustBeThere) {
  given_.profile = "live";
  EXPECT_THAT(Error(), HasSubstr("cannot be read"));
  WriteConfig(kConfig);
  given_.profile = "nowhere";
  EXPECT_THAT(Error(), HasSubstr("--profile: there is no profile \"nowhere\""));
  EXPECT_THAT(Error(), HasSubstr("only: live, test"));
}

TEST_F(SettingsTest, MistakesAreNamed) {
  given_.timeout = "soon";
  EXPECT_THAT(Error(), HasSubstr("--timeout: \"soon\" is no duration"));
  given_.timeout = "";
  WriteConfig("profiles:\n  test:\n    port: 1\n");
  EXPECT_THAT(Error(), HasSubstr("config.yaml:3: \"port\" is no setting"));
  WriteConfig("profils: {}\n");
  EXPECT_THAT(Error(), HasSubstr("config.yaml:1: \"profils\" is not known"));
  WriteConfig("a: [\n");
  EXPECT_THAT(Error(), HasSubstr("config.yaml:2: "));
}

}  // namespace
}  // namespace mqttpush::cli
