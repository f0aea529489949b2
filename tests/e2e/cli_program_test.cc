// The program mqttpush itself: the lines of README.md, its exit codes, Ctrl-C.
#include <signal.h>

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/e2e/e2e_test.h"
#include "tests/e2e/readme_commands.h"
#include "tests/support/child_process.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

class CliProgramTest : public E2eTest {
 protected:
  void SetUp() override { StartService(); }

  // Starts a shell script in an empty folder; its output is in output().
  std::unique_ptr<ChildProcess> Spawn(const std::string& script) {
    auto child = ChildProcess::Spawn(
        {.argv = {"bash", "-euo", "pipefail", "-c",
                  absl::StrCat("cd ", temp_dir_.path(), "; ", script)},
         .log_path = temp_dir_.File("output"),
         .environment = {
             {"PATH", absl::StrCat(MQTTPUSH_BIN, ":", std::getenv("PATH"))},
             {"XDG_CONFIG_HOME", temp_dir_.path()},
             {"MQTTPUSH_CLI_SERVER", service_->address()}}});
    EXPECT_TRUE(child.ok()) << child.status();
    return *std::move(child);
  }
  int Run(const std::string& script) {
    return Spawn(script)->Wait(kPatience).value_or(-1);
  }
  std::string output() const { return ReadFile(temp_dir_.File("output")); }
};

TEST_F(CliProgramTest, TheLinesOfTheReadmeWork) {
  const auto mosquitto = StartMosquitto();
  const auto customer = Subscribe(*mosquitto, {"globe-tracker/events/+"});
  const std::string script =
      absl::StrReplaceAll(ShellOf(ReadmePart("mqttpush")),
                          {{"127.0.0.1:50051", service_->address()},
                           {"18830", absl::StrCat(mosquitto->port())}});
  ASSERT_THAT(script, HasSubstr("mqttpush apply"));
  ASSERT_EQ(Run(script), 0) << output();
  EXPECT_THAT(output(), HasSubstr("3 created, 0 changed"));
  EXPECT_THAT(output(), HasSubstr("ACCEPTED                1"));
  EXPECT_THAT(output(), HasSubstr("acme/1-1"));
  EXPECT_TRUE(customer->WaitForCount(1, kPatience));
}

TEST_F(CliProgramTest, ExitCodesMeanSomething) {
  EXPECT_EQ(Run("exec mqttpush tenants list"), 0) << output();
  EXPECT_EQ(Run("exec mqttpush history acme -s soon"), 2);
  EXPECT_EQ(Run("exec mqttpush tenants get nobody"), 3);
  EXPECT_EQ(Run("exec mqttpush --server 127.0.0.1:1 tenants list"), 4);
  EXPECT_EQ(Run("echo nonsense | mqttpush publish -"), 5);
}

TEST_F(CliProgramTest, CtrlCEndsALiveStream) {
  const auto mosquitto = StartMosquitto();
  ProvisionAcme(*mosquitto);
  Publish({Proto<v1::Event>(
      absl::StrCat("event_id: 'e-1' object_type: LOCATION payload: "
                   "'{\"id\":1,\"assetId\":\"a\",\"ownerId\":\"",
                   kOwner,
                   "\",\"whenCreated\":\"2024-03-20T14:30:00Z\",\"latitude\":1,"
                   "\"longitude\":2}'"))});
  const auto stream = Spawn("exec mqttpush stream acme -s 1h");
  ASSERT_TRUE(WaitUntil(kPatience, [&] {
    return absl::StrContains(output(), "e-1");
  })) << output();
  EXPECT_TRUE(stream->IsRunning());
  stream->Signal(SIGINT);
  EXPECT_EQ(stream->Wait(kPatience).value_or(-1), 130);
}

}  // namespace
}  // namespace mqttpush
