#include "workers/supervisor/worker_end.h"

#include <signal.h>
#include <sys/wait.h>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

TEST(WorkerEndTest, SaysHowItEnded) {
  struct Case {
    int wait_status;
    std::string killed_because;
    std::string words;
  };
  const Case kTable[] = {
      {W_EXITCODE(0, 0), "", "exit code 0"},
      {W_EXITCODE(3, 0), "", "exit code 3"},
      {W_EXITCODE(74, 0), "",
       "exit code 74: its session file could not be written (is the disk "
       "full?)"},
      {W_EXITCODE(75, 0), "",
       "exit code 75: the MQTT library could no longer be trusted"},
      {W_EXITCODE(0, SIGKILL), "", "SIGKILL (Killed)"},
      {W_EXITCODE(0, SIGSEGV), "", "SIGSEGV (Segmentation fault)"},
      {W_EXITCODE(0, SIGABRT), "", "SIGABRT (Aborted)"},
      {W_EXITCODE(0, SIGRTMIN + 1), "", "signal 35"},
      {W_EXITCODE(0, SIGKILL), "it hung", "killed: it hung"},
      // It was faster than the one who killed it.
      {W_EXITCODE(0, SIGSEGV), "it hung", "SIGSEGV (Segmentation fault)"},
      {W_EXITCODE(0, 0), "it hung", "exit code 0"},
  };
  for (const Case& c : kTable) {
    EXPECT_EQ(DescribeWorkerEnd(c.wait_status, c.killed_because), c.words);
  }
}

TEST(WorkerEndTest, CountsEndsInARow) {
  EXPECT_EQ(DescribeRestart("exit code 3", 1), "exit code 3");
  EXPECT_EQ(DescribeRestart("exit code 3", 4),
            "exit code 3 (4 times in a row)");
}

}  // namespace
}  // namespace mqttpush
