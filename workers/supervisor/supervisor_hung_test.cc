// Workers that run but do nothing any more.
#include <signal.h>
#include <sys/stat.h>

#include <fstream>
#include <future>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/mosquitto_broker.h"
#include "workers/supervisor/supervisor_test_base.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

class SupervisorHungTest : public SupervisorTestBase {
 protected:
  SupervisorHungTest() { options_.answer_timeout = absl::Seconds(2); }

  bool WaitForInFlight() {
    return WaitUntil(kDeadline, [&] {
      return board_.ListInFlight(kSubscription).size() == 1;
    });
  }
};

TEST_F(SupervisorHungTest, AStoppedWorkerIsReplacedAndItsMessagesSentAgain) {
  PutBroker(kBroker, "good");
  PutBroker(kOtherBroker, "good");
  PutSubscription();
  Start();
  const Running stopped = WaitForWorker(kBroker, "good");
  const Running other = WaitForWorker(kOtherBroker, "good");
  ASSERT_EQ(kill(stopped.pid, SIGSTOP), 0);
  Append("a");
  ASSERT_TRUE(WaitForInFlight());
  WaitForWorker(kBroker, "good", stopped.pid);
  EXPECT_TRUE(Gone(stopped.pid));
  ASSERT_TRUE(WaitForDelivered(1));
  const std::vector<AttemptRecord> attempts = Attempts();
  ASSERT_EQ(attempts.size(), 2u);
  for (const AttemptRecord& attempt : attempts) {
    if (attempt.succeeded) continue;
    EXPECT_EQ(attempt.error_class, ErrorClass::kWorkerLost);
    EXPECT_THAT(attempt.error_message,
                HasSubstr("killed: it has not answered for 2s"));
  }
  EXPECT_EQ(WaitForWorker(kOtherBroker, "good").pid, other.pid);
}

// Its process runs, but the thread that does the work is stuck.
TEST_F(SupervisorHungTest, AStuckWorkerIsStalledAndRestartedLessAndLessOften) {
  options_.answer_timeout = kSoon;
  PutBroker(kBroker, "deaf");
  Start();
  const LinkStatus link = WaitForEnds(kBroker, 3, LinkState::kStalled);
  EXPECT_EQ(link.last_error,
            "the worker process ended: killed: it has not answered for 300ms "
            "(3 times in a row)");
  EXPECT_GT(link.next_connect_time, link.since);
}

TEST_F(SupervisorHungTest, AServiceThatWasSuspendedKillsNobody) {
  PutBroker(kBroker, "good");
  Start();
  const Running before = WaitForWorker(kBroker, "good");
  // The loop does nothing for twice the time, and looks at its worker after.
  std::promise<void> never;
  loop_.RunAndWait([&] {
    never.get_future().wait_for(
        absl::ToChronoMilliseconds(2 * options_.answer_timeout));
  });
  std::promise<void> looked;
  loop_.PostAfter(options_.answer_timeout, [&] { looked.set_value(); });
  looked.get_future().wait();
  PutBroker(kBroker, "better", 2);
  Apply();
  EXPECT_EQ(WaitForWorker(kBroker, "better").pid, before.pid);
}

TEST_F(SupervisorHungTest, TheRealWorkerAnswersUntilItIsStopped) {
  auto mosquitto = *MosquittoBroker::Create();
  const std::string program = temp_.File("worker");
  const std::string pid_file = temp_.File("pid");
  WriteFile(program, absl::StrCat("#!/bin/sh\necho $$ > ", pid_file,
                                  "\nexec " MQTTPUSH_WORKER " \"$@\"\n"));
  ASSERT_EQ(chmod(program.c_str(), 0700), 0);
  auto pid = [&] {
    pid_t read = 0;
    std::ifstream(pid_file) >> read;
    return read;
  };
  options_.worker_path = program;
  options_.allowed_networks = [](const std::string&) {
    return std::vector<std::string>{"127.0.0.0/8"};
  };
  PutBroker(kBroker, "127.0.0.1");
  BrokerRecord broker = *config_.FindBroker(kBroker);
  broker.port = mosquitto->port();
  broker.client_id = "worker-under-test";
  config_.Put(broker);
  PutSubscription();
  Start();
  WaitForState(kBroker, LinkState::kConnected);
  const pid_t first = pid();
  // Longer than a worker that does not answer lives.
  std::promise<void> later;
  loop_.PostAfter(2 * options_.answer_timeout, [&] { later.set_value(); });
  later.get_future().wait();
  Append("a");
  ASSERT_TRUE(WaitForDelivered(1));
  ASSERT_EQ(pid(), first);
  ASSERT_EQ(kill(first, SIGSTOP), 0);
  Append("b");
  ASSERT_TRUE(WaitForDelivered(2));
  EXPECT_NE(pid(), first);
  EXPECT_TRUE(Gone(first));
}

}  // namespace
}  // namespace mqttpush
