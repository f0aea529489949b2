// The thread of the replays, with a real log and store.
#include "services/history/replay_runner.h"

#include <future>

#include "gmock/gmock.h"
#include "services/history/replay_log_fixture.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

class ReplayRunnerTest : public ReplayLogFixture {
 protected:
  // Of all that is parked.
  ReplayRecord Create(int max_per_second) {
    ReplayRecord replay;
    replay.query.tenant_uid = tenant_uid_;
    replay.states = {DeliveryState::kParked};
    replay.max_per_second = max_per_second;
    replay.create_time = Clock::Real()->Now();
    replay.matched_count = 30;
    return *store_->Create(replay);
  }
  ReplayRecord Get(const ReplayRecord& replay) {
    return *store_->Get(tenant_uid_, replay.uid);
  }
  void WaitForEnd(const ReplayRecord& replay) {
    EXPECT_TRUE(WaitUntil(
        kPatience, [&] { return Get(replay).state != ReplayState::kRunning; }));
  }
};

TEST_F(ReplayRunnerTest, SeveralTakeTurnsAndNothingIsRequestedTwice) {
  std::vector<ReplayRecord> replays;
  for (int rate : {1000, 500, 1000}) replays.push_back(Create(rate));
  for (const ReplayRecord& replay : replays) runner_->Add(replay);
  int64_t requested = 0;
  for (const ReplayRecord& replay : replays) {
    WaitForEnd(replay);
    const ReplayRecord ended = Get(replay);
    EXPECT_EQ(ended.state, ReplayState::kSucceeded);
    EXPECT_EQ(ended.requested_count + ended.skipped_count, 30);
    requested += ended.requested_count;
  }
  EXPECT_EQ(requested, 30);
  EXPECT_EQ(dispatch_->taken().size(), 30u);
}

TEST_F(ReplayRunnerTest, OneThatIsForgottenTakesNoMoreSteps) {
  const ReplayRecord forgotten = Create(50);
  runner_->Add(forgotten);
  EXPECT_TRUE(
      WaitUntil(kPatience, [&] { return !dispatch_->taken().empty(); }));
  ASSERT_TRUE(
      store_->Cancel(tenant_uid_, forgotten.uid, Clock::Real()->Now()).ok());
  runner_->Forget(forgotten.uid);
  const ReplayRecord other = Create(1000);
  runner_->Add(other);
  WaitForEnd(other);
  EXPECT_EQ(Get(forgotten).state, ReplayState::kCancelled);
  EXPECT_LT(Get(forgotten).requested_count, 30);
  EXPECT_EQ(Get(forgotten).requested_count + Get(other).requested_count, 30);
}

TEST_F(ReplayRunnerTest, WhoStopsWaitsForTheBatchUnderWay) {
  std::promise<void> begun;
  std::promise<void> go_on;
  dispatch_->AnswerBy([&, first = true](int64_t) mutable {
    if (std::exchange(first, false)) {
      begun.set_value();
      go_on.get_future().wait();
    }
    return absl::OkStatus();
  });
  const ReplayRecord replay = Create(1000);
  runner_->Add(replay);
  begun.get_future().wait();
  runner_->BeginStop();
  go_on.set_value();
  runner_->Stop();
  EXPECT_EQ(dispatch_->taken().size(), 20u);
  EXPECT_EQ(Get(replay).state, ReplayState::kRunning);
  EXPECT_EQ(Get(replay).requested_count, 20);
  EXPECT_EQ(Get(replay).position, (DeliveryKey{40, subscription_uid_}));
}

}  // namespace
}  // namespace mqttpush
