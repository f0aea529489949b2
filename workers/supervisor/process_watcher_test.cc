#include "workers/supervisor/process_watcher.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

class ProcessWatcherTest : public ::testing::Test {
 protected:
  ProcessWatcherTest() {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds_), 0);
  }
  ~ProcessWatcherTest() override {
    close(fds_[0]);
    close(fds_[1]);
  }
  absl::StatusOr<pid_t> Shell(const std::string& script) {
    return watcher_.Spawn("/bin/sh", {"-c", script}, fds_[1],
                          [this](std::string how) { how_.set_value(how); });
  }
  std::string WaitForEnd() {
    auto future = how_.get_future();
    if (future.wait_for(std::chrono::seconds(30)) !=
        std::future_status::ready) {
      return "still running";
    }
    return future.get();
  }

  int fds_[2];
  std::promise<std::string> how_;
  ProcessWatcher watcher_;
};

TEST_F(ProcessWatcherTest, TellsTheExitCode) {
  ASSERT_TRUE(Shell("exit 75").ok());
  EXPECT_EQ(WaitForEnd(), "exit code 75");
}

TEST_F(ProcessWatcherTest, TellsTheSignal) {
  auto pid = Shell("sleep 60");
  ASSERT_TRUE(pid.ok());
  watcher_.Kill(*pid, SIGKILL);
  EXPECT_EQ(WaitForEnd(), "signal 9 (Killed)");
}

TEST_F(ProcessWatcherTest, ChildHasTheSocketAsDescriptorThreeAndNoOther) {
  // A descriptor that could leak: without O_CLOEXEC.
  const int leak = open("/dev/null", O_RDONLY);
  ASSERT_TRUE(Shell("for fd in 0 1 2 3 4 5 6 7 8 9 11 12 13 14 15; do "
                    "[ -e /proc/$$/fd/$fd ] && printf \"$fd \" >&3; done; true")
                  .ok());
  EXPECT_EQ(WaitForEnd(), "exit code 0");
  char text[64] = {};
  ASSERT_GT(read(fds_[0], text, sizeof(text) - 1), 0);
  EXPECT_STREQ(text, "0 1 2 3 ");
  close(leak);
}

TEST_F(ProcessWatcherTest, SaysWhatCannotBeStarted) {
  auto pid = watcher_.Spawn("/nowhere/worker", {}, fds_[1], nullptr);
  ASSERT_FALSE(pid.ok());
  EXPECT_THAT(std::string(pid.status().message()),
              HasSubstr("cannot start /nowhere/worker"));
}

}  // namespace
}  // namespace mqttpush
