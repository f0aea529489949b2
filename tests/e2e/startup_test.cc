// What the real mqttpushd says about a data directory that it may not use.
#include "absl/strings/str_cat.h"
#include "tests/e2e/e2e_test.h"
#include "tests/e2e/own_mounts.h"
#include "tests/support/child_process.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class StartupTest : public E2eTest {
 protected:
  // Starts one that is to give up, and returns what it wrote.
  std::string StartInVain(std::vector<std::string> flags) {
    std::vector<std::string> argv = {MQTTPUSHD_PATH,
                                     "--listen-address=127.0.0.1:0"};
    argv.insert(argv.end(), flags.begin(), flags.end());
    const std::string log_path = temp_dir_.File("in-vain");
    WriteFile(log_path, "");
    auto process = ChildProcess::Spawn({.argv = argv, .log_path = log_path});
    EXPECT_TRUE(process.ok()) << process.status();
    if (!process.ok()) return "";
    const auto code = (*process)->Wait(kPatience);
    EXPECT_TRUE(code.ok()) << code.status();
    EXPECT_EQ(code.value_or(-1), 1);
    return ReadFile(log_path);
  }
};

TEST_F(StartupTest, ASecondServiceOnTheSameDirectoryIsRefused) {
  StartService();
  const std::string data_dir = temp_dir_.File("data");
  EXPECT_EQ(StartInVain({"--data-dir", data_dir}),
            absl::StrCat("mqttpushd: data directory ", data_dir,
                         " is in use by process ", service_->pid(), "\n"));
  ASSERT_OK(admin().CreateTenant(kTenant, {kOwner}));
  // The next one is only let in when the first has gone.
  service_->Kill();
  ASSERT_OK(service_->Restart());
}

TEST_F(StartupTest, ADirectoryOnANetworkFileSystemIsRefused) {
  absl::Status entered = EnterOwnMounts();
  if (!entered.ok()) GTEST_SKIP() << entered;
  const std::string folder = temp_dir_.File("remote");
  const auto mount = OwnMount::DeadSshfs(folder, "fleet@nas:/srv/data");
  if (!mount.ok()) GTEST_SKIP() << mount.status();
  const std::string refused = StartInVain({"--data-dir", folder});
  EXPECT_THAT(refused, HasSubstr("data directory " + folder +
                                 " is on a network file system (fuse.sshfs, "
                                 "fleet@nas:/srv/data)"));
  EXPECT_THAT(refused, HasSubstr("--allow-network-filesystem"));
  // Then it is tried, and here nobody answers.
  const std::string allowed =
      StartInVain({"--data-dir", folder, "--allow-network-filesystem"});
  EXPECT_THAT(allowed, HasSubstr("level=warning "
                                 "event=data_directory_on_network_filesystem"));
  EXPECT_THAT(allowed, HasSubstr("Transport endpoint is not connected"));
  EXPECT_THAT(allowed, Not(HasSubstr("is on a network file system")));
}

}  // namespace
}  // namespace mqttpush
