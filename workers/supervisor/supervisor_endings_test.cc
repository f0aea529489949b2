// How workers end against the supervisor's will, and what it does about it.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <future>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "workers/supervisor/supervisor_test_base.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

using SupervisorEndingsTest = SupervisorTestBase;

// A time of day that is an hour later whenever it is asked for.
class JumpingClock : public Clock {
 public:
  absl::Time Now() const override {
    return absl::Now() + absl::Hours(1) * ++calls_;
  }

 private:
  mutable std::atomic<int> calls_ = 0;
};

TEST_F(SupervisorEndingsTest, WhatAWorkerTookWithItIsSentAgain) {
  PutBroker(kBroker, "crash-on-publish");
  PutSubscription();
  Start();
  Append("a");
  // The second crash: the event was sent again, in vain.
  WaitForEnds(kBroker, 2);
  PutBroker(kBroker, "good", 2);
  Apply();
  ASSERT_TRUE(WaitForDelivered(1));
  std::vector<AttemptRecord> attempts = Attempts();
  ASSERT_GE(attempts.size(), 3u);
  int succeeded = 0;
  for (const AttemptRecord& attempt : attempts) {
    succeeded += attempt.succeeded;
    if (attempt.succeeded) continue;
    EXPECT_EQ(attempt.error_class, ErrorClass::kWorkerLost);
    EXPECT_THAT(attempt.error_message, HasSubstr("exit code 4"));
  }
  EXPECT_EQ(succeeded, 1);
}

TEST_F(SupervisorEndingsTest, RestartsACrashingWorkerLessAndLessOften) {
  PutBroker(kBroker, "crash");
  PutBroker(kOtherBroker, "good");
  Start();
  const Running other = WaitForWorker(kOtherBroker, "good");
  const LinkStatus second = WaitForEnds(kBroker, 2);
  const LinkStatus fourth = WaitForEnds(kBroker, 4);
  EXPECT_EQ(fourth.last_error,
            "the worker process ended: exit code 3 (4 times in a row)");
  // It has been down all the time, for 400 ms and 800 ms at the least.
  EXPECT_EQ(fourth.since, second.since);
  EXPECT_GE(fourth.next_connect_time - second.next_connect_time,
            absl::Milliseconds(1200));
  // Better settings help, and nobody else was touched.
  PutBroker(kBroker, "good", 2);
  Apply();
  EXPECT_EQ(WaitForWorker(kBroker, "good").configured, 1);
  EXPECT_EQ(WaitForWorker(kOtherBroker, "good").pid, other.pid);
}

TEST_F(SupervisorEndingsTest, AClockThatJumpsMakesNoLifeLonger) {
  const JumpingClock clock;
  clock_ = &clock;
  PutBroker(kBroker, "crash");
  Start();
  WaitForEnds(kBroker, 3);
  Stop();  // while there is still a clock
}

TEST_F(SupervisorEndingsTest, RestartsAWorkerThatWasKilled) {
  PutBroker(kBroker, "good");
  Start();
  const Running first = WaitForWorker(kBroker, "good");
  ASSERT_EQ(kill(first.pid, SIGKILL), 0);
  const Running second = WaitForWorker(kBroker, "good", first.pid);
  EXPECT_TRUE(Gone(first.pid));
  EXPECT_EQ(second.configured, 1);
}

TEST_F(SupervisorEndingsTest, AWorkerWithoutItsStreamIsKilledAndReplaced) {
  PutBroker(kBroker, "leaves");
  Start();
  // What it said of its connection counts no longer, though its process lives.
  EXPECT_EQ(WaitForState(kBroker, LinkState::kBackingOff).last_error,
            "it gave up its link to the service");
  EXPECT_THAT(WaitForEnds(kBroker, 2).last_error,
              HasSubstr("killed: it gave up its link to the service"));
  PutBroker(kBroker, "good", 2);
  Apply();
  WaitForWorker(kBroker, "good");
}

TEST_F(SupervisorEndingsTest, PausingEndsTheBackoff) {
  PutBroker(kBroker, "crash");
  Start();
  WaitForEnds(kBroker, 3);
  PauseTenant(true);
  Apply();
  WaitForState(kBroker, LinkState::kPaused);
  PauseTenant(false);
  PutBroker(kBroker, "good", 2);
  Apply();
  WaitForWorker(kBroker, "good");
}

TEST_F(SupervisorEndingsTest, DeletedBrokerIsNotRestartedAfterItsBackoff) {
  PutBroker(kBroker, "crash");
  Start();
  const LinkStatus link = WaitForEnds(kBroker, 2);
  config_.EraseBroker(kBroker);
  Apply();
  WaitForState(kBroker, LinkState::kUnknown);
  // Its timer would be due before this one.
  std::promise<void> later;
  loop_.PostAfter(link.next_connect_time - link.since,
                  [&] { later.set_value(); });
  later.get_future().wait();
  EXPECT_EQ(board_.GetLink(kBroker).state, LinkState::kUnknown);
}

TEST_F(SupervisorEndingsTest, WorkerThatHangsWhileDrainingIsKilled) {
  PutBroker(kBroker, "hangs");
  options_.drain_timeout = kSoon;
  Start();
  const Running before = WaitForWorker(kBroker, "hangs");
  const absl::Time start = absl::Now();
  PauseTenant(true);
  Apply();
  WaitForState(kBroker, LinkState::kPaused);
  EXPECT_GE(absl::Now() - start, kSoon);
  EXPECT_TRUE(Gone(before.pid));
}

TEST_F(SupervisorEndingsTest, WorkerThatNeverAttachedIsKilled) {
  const std::string silent = temp_.File("silent");
  ASSERT_EQ(symlink(FAKE_WORKER_PATH, silent.c_str()), 0);
  PutBroker(kBroker, "good");
  options_.worker_path = silent;
  Start();
  EXPECT_EQ(board_.GetLink(kBroker).state, LinkState::kConnecting);
  PauseTenant(true);
  Apply();
  WaitForState(kBroker, LinkState::kPaused);
  PauseTenant(false);
  Apply();
  EXPECT_EQ(board_.GetLink(kBroker).state, LinkState::kConnecting);
  Stop();
}

TEST_F(SupervisorEndingsTest, WorkerThatDoesNotAttachIsKilledAndReplaced) {
  const std::string program = temp_.File("silent");
  ASSERT_EQ(symlink(FAKE_WORKER_PATH, program.c_str()), 0);
  options_.worker_path = program;
  options_.attach_timeout = kSoon;
  PutBroker(kBroker, "good");
  Start();
  EXPECT_EQ(WaitForEnds(kBroker, 2).last_error,
            "the worker process ended: killed: it did not attach within 300ms "
            "(2 times in a row)");
  // One that works; by its file's name it would be silent again.
  ASSERT_EQ(unlink(program.c_str()), 0);
  WriteFile(program, "#!/bin/sh\nexec " FAKE_WORKER_PATH " \"$@\"\n");
  ASSERT_EQ(chmod(program.c_str(), 0700), 0);
  WaitForWorker(kBroker, "good");
}

TEST_F(SupervisorEndingsTest, AWorkerThatEndedHoldsNobodyUp) {
  options_.connect_rate = 1;
  // At the same host, and with more requests than are let through in time.
  PutBroker(kBroker, "asks-999");
  Start();
  ASSERT_TRUE(WaitForLeaves(kBroker, 5));
  PutBroker(kOtherBroker, "asks-999");
  Apply();
  ASSERT_TRUE(WaitForTold(kOtherBroker, "0 -"));
  ASSERT_EQ(kill(WaitForWorker(kBroker, "asks-999").pid, SIGKILL), 0);
  EXPECT_TRUE(WaitForLeaves(kOtherBroker, 1));
}

TEST_F(SupervisorEndingsTest, MissingProgramIsSaidAndTriedAgain) {
  const std::string program = temp_.File("worker");
  ASSERT_EQ(symlink(FAKE_WORKER_PATH, program.c_str()), 0);
  PutBroker(kBroker, "good");
  options_.worker_path = program;
  Start();
  const Running running = WaitForWorker(kBroker, "good");
  ASSERT_EQ(unlink(program.c_str()), 0);
  PutBroker(kOtherBroker, "good");
  Apply();
  const LinkStatus link = board_.GetLink(kOtherBroker);
  EXPECT_EQ(link.state, LinkState::kBackingOff);
  EXPECT_THAT(link.last_error, StartsWith("cannot start " + program));
  EXPECT_GT(link.next_connect_time, link.since);
  ASSERT_EQ(symlink(FAKE_WORKER_PATH, program.c_str()), 0);
  WaitForWorker(kOtherBroker, "good");
  EXPECT_EQ(WaitForWorker(kBroker, "good").pid, running.pid);
}

}  // namespace
}  // namespace mqttpush
