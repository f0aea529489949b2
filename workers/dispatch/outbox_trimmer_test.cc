// What becomes of the oldest deliveries when the outbox is full (DROP_OLDEST).
#include "workers/dispatch/outbox_trimmer.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "workers/dispatch/dispatcher_test_base.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class OutboxTrimmerTest : public DispatcherTest {
 protected:
  void UseQuota(int64_t events, int64_t bytes = 0,
                OutboxPolicy policy = OutboxPolicy::kDropOldest) {
    tenant_.quota = {.max_waiting_events = events,
                     .max_waiting_bytes = bytes,
                     .outbox_policy = policy};
    Configure();
  }
  void WaitForExpired(int64_t count) {
    WaitFor([&](const auto& state) { return state.expired_count == count; });
    EXPECT_THAT(log_->Audit(), IsEmpty());
  }
  void AddOther() {
    SubscriptionRecord other = subscription_;
    other.uid = kSubscription + 1;
    other.id = "other";
    other.broker_uid = kOtherBroker;
    others_ = {other};
    Configure();
  }
};

TEST_F(OutboxTrimmerTest, EndsTheOldestThatWait) {
  UseQuota(3);
  Append({"a", "b", "c"});
  Append({"d", "e"});
  WaitForExpired(2);
  EXPECT_EQ(log_->GetOutbox(kTenant).events, 3);
  const DeliveryRow row = Delivery(1);
  EXPECT_EQ(row.state, DeliveryState::kExpired);
  EXPECT_EQ(row.ending, (Ending{EndReason::kOutboxFull}));
  EXPECT_EQ(row.end_time, clock_.Now());
  EXPECT_EQ(row.attempt_count, 0);
  EXPECT_EQ(StateOf(2), DeliveryState::kExpired);
  auto channel = Attach();
  Grant(1, 10);
  EXPECT_THAT(NextIds(*channel, 3), ElementsAre("c", "d", "e"));
}

TEST_F(OutboxTrimmerTest, EndsAsManyAsMakeRoomForTheBytes) {
  UseQuota(100, /*bytes=*/30);  // an event has 10
  Append({"a", "b", "c", "d", "e"});
  WaitForExpired(2);
  EXPECT_EQ(log_->GetOutbox(kTenant), (Outbox{3, 30}));
}

TEST_F(OutboxTrimmerTest, GoesOnOverManyChunks) {
  UseQuota(10);
  std::vector<std::string> ids;
  for (int i = 0; i < 1500; ++i) ids.push_back(std::to_string(i));
  Append(ids);
  WaitForExpired(1490);
  EXPECT_EQ(StateOf(1490), DeliveryState::kExpired);
  EXPECT_EQ(StateOf(1491), DeliveryState::kWaiting);
}

TEST_F(OutboxTrimmerTest, RefuseNewEndsNothing) {
  UseQuota(2, 0, OutboxPolicy::kRefuseNew);
  Append({"a", "b", "c"});
  WaitForCommits();
  EXPECT_EQ(Counts().expired_count, 0);
}

TEST_F(OutboxTrimmerTest, AQuotaThatIsLoweredCountsAtOnce) {
  Append({"a", "b", "c"});
  UseQuota(1);
  WaitForExpired(2);
  EXPECT_EQ(StateOf(3), DeliveryState::kWaiting);
}

TEST_F(OutboxTrimmerTest, WhatIsWithAWorkerIsNotEnded) {
  UseQuota(2);
  auto channel = Attach();
  Grant(1, 2);
  Append({"a", "b"});
  const int64_t a = channel->Next().token();
  const int64_t b = channel->Next().token();
  Append({"c", "d"});
  WaitForExpired(2);
  EXPECT_EQ(StateOf(3), DeliveryState::kExpired);
  EXPECT_EQ(StateOf(4), DeliveryState::kExpired);
  Answer({a, b}, Result::SUCCEEDED);
  WaitFor([](const auto& state) { return state.delivered_count == 2; });
  EXPECT_EQ(log_->GetOutbox(kTenant), (Outbox{0, 0}));
}

TEST_F(OutboxTrimmerTest, WhatIsRetriedIsOlderThanWhatWaits) {
  auto channel = Attach();
  Grant(1, 2);
  Append({"a", "b"});
  Answer({channel->Next().token(), channel->Next().token()}, Result::REJECTED,
         /*reason_code=*/0x97);
  WaitForCommits();
  Grant(2, 0);
  UseQuota(2);
  Append({"c"});
  WaitForExpired(1);
  EXPECT_EQ(StateOf(1), DeliveryState::kExpired);
  EXPECT_EQ(Delivery(1).attempt_count, 1);
  EXPECT_EQ(StateOf(2), DeliveryState::kRetrying);
  EXPECT_EQ(StateOf(3), DeliveryState::kWaiting);
}

TEST_F(OutboxTrimmerTest, TheSubscriptionThatIsFurthestBehindGivesUpFirst) {
  AddOther();
  auto channel = Attach(kOtherBroker);
  Grant(1, 2, kOtherBroker);
  ASSERT_TRUE(AppendAndWait(*log_, {MakeEvent("a", {kSubscription}),
                                    MakeEvent("b", {kSubscription + 1}),
                                    MakeEvent("c", {kSubscription + 1}),
                                    MakeEvent("d", {kSubscription + 1})})
                  .ok());
  EXPECT_THAT(NextIds(*channel, 2), ElementsAre("b", "c"));
  UseQuota(3);
  WaitForExpired(1);
  EXPECT_EQ(StateOf(1), DeliveryState::kExpired);
  EXPECT_EQ(Delivery(4, kSubscription + 1).state, DeliveryState::kWaiting);
}

TEST_F(OutboxTrimmerTest, GoesOnAfterARestart) {
  Append({"a", "b", "c"});
  Stop();
  tenant_.quota = {.max_waiting_events = 1,
                   .outbox_policy = OutboxPolicy::kDropOldest};
  Start();
  WaitForExpired(2);
  EXPECT_EQ(log_->GetOutbox(kTenant), (Outbox{1, 10}));
}

TEST_F(OutboxTrimmerTest, AFullDiskHoldsItUpOnly) {
  UseQuota(1);
  Append({"a"});
  WaitForCommits();
  log_->RefuseCommits(true);
  Append({"b"});
  EXPECT_TRUE(
      WaitUntil(kDeadline, [&] { return log_->refused_commits() > 0; }));
  EXPECT_EQ(Counts().expired_count, 0);
  log_->RefuseCommits(false);
  WaitForExpired(1);
}

TEST_F(OutboxTrimmerTest, WhatIsDeliveredAndNotYetOnDiskLeavesRoom) {
  UseQuota(2, /*bytes=*/20);
  auto channel = Attach();
  Grant(1, 2);
  Append({"a", "b"});
  const int64_t a = channel->Next().token();
  const int64_t b = channel->Next().token();
  WaitForCommits();
  Grant(2, 0);
  log_->RefuseCommits(true);
  Answer({a, b}, Result::SUCCEEDED);
  Append({"c", "d"});
  log_->RefuseCommits(false);
  WaitFor([](const auto& state) { return state.delivered_count == 2; });
  WaitForCommits();
  EXPECT_EQ(Counts().expired_count, 0);
  Append({"e"});
  WaitForExpired(1);
}

TEST_F(OutboxTrimmerTest, WhatAPersonAskedForGoesLast) {
  auto channel = Attach();
  Grant(1, 1);
  Append({"a"});
  Answer({channel->Next().token()}, Result::SUCCEEDED);
  WaitForCommits();
  Grant(2, 0);
  std::promise<absl::Status> answer;
  loop_->Post([&] {
    dispatcher_->SendAgain(kSubscription, 1, [&](absl::Status status) {
      answer.set_value(std::move(status));
    });
  });
  ASSERT_TRUE(answer.get_future().get().ok());
  Append({"b", "c"});
  UseQuota(1);
  WaitForExpired(2);
  EXPECT_EQ(StateOf(1), DeliveryState::kRetrying);
  UseQuota(1, /*bytes=*/5);
  WaitForExpired(3);
  EXPECT_EQ(StateOf(1), DeliveryState::kExpired);
}

TEST_F(OutboxTrimmerTest, ReadsNoMoreThanItEnds) {
  Append({"a", "b", "c", "d", "e"});
  UseQuota(4);
  WaitForExpired(1);
  EXPECT_EQ(log_->largest_read(), 1);
}

TEST_F(OutboxTrimmerTest, SaysWhatItDroppedWhileTheOutboxStaysFull) {
  UseQuota(1);
  auto channel = Attach();
  Grant(1, 2);
  Append({"a", "b"});
  EXPECT_THAT(NextIds(*channel, 2), ElementsAre("a", "b"));
  Append({"c"});
  WaitForExpired(1);  // over the quota all the same, by what is in flight
  ::testing::internal::CaptureStderr();
  clock_.Advance(absl::Minutes(1));
  Append({"d"});
  WaitForExpired(2);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("event=outbox_dropped tenant=acme deliveries=1"));
}

}  // namespace
}  // namespace mqttpush
