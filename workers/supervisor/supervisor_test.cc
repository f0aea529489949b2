// What the configuration wants of the supervisor: workers started, configured,
// drained.
#include "workers/supervisor/supervisor.h"

#include <atomic>

#include "gtest/gtest.h"
#include "workers/supervisor/supervisor_test_base.h"

namespace mqttpush {
namespace {

using SupervisorTest = SupervisorTestBase;

TEST_F(SupervisorTest, StartsAWorkerForEachBrokerOfAnActiveTenant) {
  TenantRecord paused;
  paused.uid = 2;
  paused.id = "paused";
  paused.paused = true;
  config_.Put(paused);
  BrokerRecord idle;
  idle.uid = 9;
  idle.tenant_uid = paused.uid;
  idle.id = "idle";
  config_.Put(idle);
  PutBroker(kBroker, "one");
  PutBroker(kOtherBroker, "two");
  Start();
  const Running one = WaitForWorker(kBroker, "one");
  const Running two = WaitForWorker(kOtherBroker, "two");
  EXPECT_NE(one.pid, two.pid);
  EXPECT_EQ(board_.GetLink(idle.uid).state, LinkState::kPaused);
}

TEST_F(SupervisorTest, JoinsDispatchAndWorker) {
  PutBroker(kBroker, "good");
  PutSubscription();
  Start();
  Append("a");
  Append("b");
  EXPECT_TRUE(WaitForDelivered(2));
}

TEST_F(SupervisorTest, ChangedSettingsGoToTheRunningWorker) {
  PutBroker(kBroker, "good");
  PutBroker(kOtherBroker, "good");
  Start();
  const Running before = WaitForWorker(kBroker, "good");
  WaitForWorker(kOtherBroker, "good");
  PutBroker(kBroker, "better", 2);
  Apply();
  const Running after = WaitForWorker(kBroker, "better");
  EXPECT_EQ(after.pid, before.pid);
  EXPECT_EQ(after.configured, 2);
  // Nothing was sent for changes of others.
  PutBroker(kOtherBroker, "better", 2);
  Apply();
  EXPECT_EQ(WaitForWorker(kOtherBroker, "better").configured, 2);
}

TEST_F(SupervisorTest, WhereWorkersMayConnectIsLookedAtAgain) {
  std::atomic<bool> changed = false;
  options_.answer_timeout = absl::Seconds(4);
  options_.allowed_networks = [&](const std::string& tenant_id) {
    EXPECT_EQ(tenant_id, "acme");
    return std::vector<std::string>{changed ? "10.0.0.0/8" : "127.0.0.0/8"};
  };
  PutBroker(kBroker, "good");
  Start();
  const Running before = WaitForWorker(kBroker, "good");
  EXPECT_EQ(before.configured, 1);
  changed = true;
  EXPECT_TRUE(WaitUntil(kDeadline, [&] {
    return absl::StrContains(board_.GetLink(kBroker).last_error,
                             "configured 2 at good");
  }));
  EXPECT_EQ(WaitForWorker(kBroker, "good").pid, before.pid);
}

TEST_F(SupervisorTest, PausedTenantHasNoWorkerUntilItResumes) {
  PutBroker(kBroker, "good");
  Start();
  const Running before = WaitForWorker(kBroker, "good");
  PauseTenant(true);
  Apply();
  WaitForState(kBroker, LinkState::kPaused);
  EXPECT_TRUE(Gone(before.pid));
  EXPECT_EQ(board_.GetLink(kBroker).last_error, "");
  PauseTenant(false);
  Apply();
  WaitForWorker(kBroker, "good", before.pid);
}

TEST_F(SupervisorTest, PausingLetsTheWorkerFinish) {
  PutBroker(kBroker, "answers-late");
  PutSubscription();
  Start();
  Append("a");
  ASSERT_TRUE(WaitUntil(kDeadline, [&] {
    return board_.ListInFlight(kSubscription).size() == 1;
  }));
  PauseTenant(true);
  Apply();
  WaitForState(kBroker, LinkState::kPaused);
  ASSERT_TRUE(WaitForDelivered(1));
  ASSERT_EQ(Attempts().size(), 1u);
  EXPECT_TRUE(Attempts()[0].succeeded);
}

TEST_F(SupervisorTest, StoppingLetsTheWorkerFinish) {
  PutBroker(kBroker, "answers-late");
  PutSubscription();
  Start();
  Append("a");
  ASSERT_TRUE(WaitUntil(kDeadline, [&] {
    return board_.ListInFlight(kSubscription).size() == 1;
  }));
  Stop();
  ASSERT_TRUE(WaitForDelivered(1));
  EXPECT_EQ(Attempts().size(), 1u);
}

TEST_F(SupervisorTest, ResumingWhileItDrainsStartsAnew) {
  PutBroker(kBroker, "hangs");
  options_.drain_timeout = kSoon;
  Start();
  const Running before = WaitForWorker(kBroker, "hangs");
  auto active = std::make_shared<ConfigSnapshot>(config_);
  PauseTenant(true);
  auto paused = std::make_shared<ConfigSnapshot>(config_);
  loop_.RunAndWait([&] {
    supervisor_->OnConfig(paused);
    supervisor_->OnConfig(active);
  });
  WaitForWorker(kBroker, "hangs", before.pid);
  EXPECT_TRUE(Gone(before.pid));
}

TEST_F(SupervisorTest, DeletedBrokerLosesItsWorkerAndItsLink) {
  PutBroker(kBroker, "good");
  PutBroker(kOtherBroker, "good");
  Start();
  const Running deleted = WaitForWorker(kBroker, "good");
  const Running other = WaitForWorker(kOtherBroker, "good");
  config_.EraseBroker(kBroker);
  Apply();
  WaitForState(kBroker, LinkState::kUnknown);
  EXPECT_TRUE(Gone(deleted.pid));
  EXPECT_EQ(WaitForWorker(kOtherBroker, "good").pid, other.pid);
}

TEST_F(SupervisorTest, EveryRequestToCallIsAnsweredOnce) {
  options_.connect_rate = 1000;
  PutBroker(kBroker, "asks-9");
  PutBroker(kOtherBroker, "asks-8");
  Start();
  EXPECT_TRUE(WaitForTold(kBroker, "9 -"));
  EXPECT_TRUE(WaitForTold(kOtherBroker, "8 -"));
}

TEST_F(SupervisorTest, RequestsMoveToTheHostOfTheNewSettings) {
  options_.connect_rate = 1;
  PutBroker(kBroker, "asks-9");
  Start();
  ASSERT_TRUE(WaitForLeaves(kBroker, 5));
  PutBroker(kBroker, "elsewhere", 2);
  Apply();
  // Nobody else calls there: no more than the burst of 5 is wanted.
  EXPECT_TRUE(WaitForTold(kBroker, "9 -"));
}

TEST_F(SupervisorTest, SubscriptionOfQos2GivesTheLinkAStoredSession) {
  PutBroker(kBroker, "good");
  PutSubscription();
  Start();
  ASSERT_TRUE(WaitForTold(kBroker, "0 -"));
  const Running before = WaitForWorker(kBroker, "good");
  PutSubscription(Qos::kExactlyOnce);
  Apply();
  EXPECT_TRUE(WaitForTold(kBroker, "0 " + SessionOf(kBroker)));
  config_.EraseSubscription(kSubscription);
  Apply();
  EXPECT_TRUE(WaitForTold(kBroker, "0 -"));
  const Running after = WaitForWorker(kBroker, "good");
  EXPECT_EQ(after.pid, before.pid);
  EXPECT_EQ(after.configured, 3);
}

TEST_F(SupervisorTest, StoredSessionGoesWithItsBroker) {
  PutBroker(kBroker, "good");
  PutSubscription(Qos::kExactlyOnce);
  PutBroker(kOtherBroker, "good");
  WriteFile(SessionOf(kBroker), "kept");
  WriteFile(SessionOf(kOtherBroker), "of a time with QoS 2");
  WriteFile(SessionOf(99), "of a deleted broker");
  Start();
  WaitForWorker(kBroker, "good");
  WaitForWorker(kOtherBroker, "good");
  EXPECT_TRUE(HasSession(kBroker));
  EXPECT_FALSE(HasSession(kOtherBroker));
  EXPECT_FALSE(HasSession(99));
  // Pausing keeps it.
  PauseTenant(true);
  Apply();
  WaitForState(kBroker, LinkState::kPaused);
  EXPECT_TRUE(HasSession(kBroker));
  config_.EraseSubscription(kSubscription);
  config_.EraseBroker(kBroker);
  Apply();
  WaitForState(kBroker, LinkState::kUnknown);
  EXPECT_FALSE(HasSession(kBroker));
}

TEST_F(SupervisorTest, StopEndsAllAndRestartsNone) {
  PutBroker(kBroker, "good");
  PutBroker(kOtherBroker, "hangs");
  PutBroker(5, "crash");
  options_.drain_timeout = kSoon;
  Start();
  const Running good = WaitForWorker(kBroker, "good");
  const Running hangs = WaitForWorker(kOtherBroker, "hangs");
  WaitForState(5, LinkState::kBackingOff);
  Stop();
  EXPECT_TRUE(Gone(good.pid));
  EXPECT_TRUE(Gone(hangs.pid));
  Apply();
  for (int64_t broker : {kBroker, kOtherBroker}) {
    EXPECT_NE(board_.GetLink(broker).state, LinkState::kConnecting);
    EXPECT_NE(board_.GetLink(broker).state, LinkState::kConnected);
  }
}

TEST_F(SupervisorTest, StopWithoutAnyWorkerIsDoneAtOnce) {
  Start();
  Stop();
}

}  // namespace
}  // namespace mqttpush
