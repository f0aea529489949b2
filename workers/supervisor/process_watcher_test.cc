#include "workers/supervisor/process_watcher.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>
#include <optional>

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
    return watcher_.Spawn(
        {.path = "/bin/sh",
         .arguments = {"-c", script},
         .environment = {"PATH=/usr/bin:/bin", "GREETING=hello"}},
        fds_[1], [this](int wait_status) { end_.set_value(wait_status); });
  }
  // The status of waitpid(2), or nothing when it still runs.
  std::optional<int> WaitForEnd() {
    auto future = end_.get_future();
    if (future.wait_for(std::chrono::seconds(30)) !=
        std::future_status::ready) {
      return std::nullopt;
    }
    return future.get();
  }
  // What the child wrote to descriptor 3.
  std::string ReadOutput() {
    char text[64] = {};
    EXPECT_GT(read(fds_[0], text, sizeof(text) - 1), 0);
    return text;
  }

  int fds_[2];
  std::promise<int> end_;
  ProcessWatcher watcher_;
};

TEST_F(ProcessWatcherTest, TellsTheExitCode) {
  ASSERT_TRUE(Shell("exit 75").ok());
  EXPECT_EQ(WaitForEnd(), W_EXITCODE(75, 0));
}

TEST_F(ProcessWatcherTest, TellsTheSignal) {
  auto pid = Shell("sleep 60");
  ASSERT_TRUE(pid.ok());
  watcher_.Kill(*pid, SIGKILL);
  EXPECT_EQ(WaitForEnd(), W_EXITCODE(0, SIGKILL));
}

TEST_F(ProcessWatcherTest, ChildHasTheSocketAsDescriptorThreeAndNoOther) {
  // A descriptor that could leak: without O_CLOEXEC.
  const int leak = open("/dev/null", O_RDONLY);
  ASSERT_TRUE(Shell("for fd in 0 1 2 3 4 5 6 7 8 9 11 12 13 14 15; do "
                    "[ -e /proc/$$/fd/$fd ] && printf \"$fd \" >&3; done; true")
                  .ok());
  EXPECT_EQ(WaitForEnd(), 0);
  EXPECT_EQ(ReadOutput(), "0 1 2 3 ");
  close(leak);
}

TEST_F(ProcessWatcherTest, ChildHasTheGivenEnvironmentAndNoOther) {
  ASSERT_EQ(setenv("MQTTPUSH_SECRET", "secret", 1), 0);
  ASSERT_TRUE(Shell("echo $GREETING $MQTTPUSH_SECRET >&3").ok());
  EXPECT_EQ(WaitForEnd(), 0);
  EXPECT_EQ(ReadOutput(), "hello\n");
}

TEST_F(ProcessWatcherTest, SaysWhatCannotBeStarted) {
  auto pid = watcher_.Spawn({.path = "/nowhere/worker"}, fds_[1], nullptr);
  ASSERT_FALSE(pid.ok());
  EXPECT_THAT(std::string(pid.status().message()),
              HasSubstr("cannot start /nowhere/worker"));
}

}  // namespace
}  // namespace mqttpush
