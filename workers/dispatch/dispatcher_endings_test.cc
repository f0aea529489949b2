// How deliveries end that are not sent: expired, disabled, deleted.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "workers/dispatch/dispatcher_test_base.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DispatcherEndingsTest : public DispatcherTest {
 protected:
  void UseQosZero() {
    subscription_.qos = Qos::kAtMostOnce;
    Configure();
  }
  void UseLifetime(absl::Duration lifetime) {
    subscription_.event_lifetime = lifetime;
    Configure();
  }
  void Disable(bool disabled) {
    subscription_.disabled = disabled;
    Configure();
  }
  void WaitForExpired(int64_t count) {
    WaitFor([&](const auto& state) { return state.expired_count == count; });
  }
  void WaitForDiscarded(int64_t count) {
    WaitFor([&](const auto& state) { return state.discarded_count == count; });
  }
};

TEST_F(DispatcherEndingsTest, QosZeroExpiresWithoutALink) {
  UseQosZero();
  board_.SetLink(kBroker, {.state = LinkState::kBackingOff});
  Append({"a", "b"});
  clock_.Advance(absl::Seconds(59));
  Append({"c"});
  clock_.Advance(absl::Seconds(1));
  Configure();
  WaitForExpired(2);
  const DeliveryRow row = Delivery(1);
  EXPECT_EQ(row.state, DeliveryState::kExpired);
  EXPECT_EQ(row.ending, (Ending{EndReason::kLifetimeOver, absl::Seconds(60),
                                WaitCause::kBackingOff}));
  EXPECT_EQ(row.end_time, clock_.Now());
  EXPECT_EQ(row.attempt_count, 0);
  EXPECT_EQ(StateOf(3), DeliveryState::kWaiting);
  auto channel = Attach();
  Grant(1, 10);
  EXPECT_EQ(IdOf(channel->Next()), "c");
}

// Its segment was damaged while it waited for its next try.
TEST_F(DispatcherEndingsTest, RetryOfALostEventEndsAndTheOthersGoOn) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"lost", "b"});
  const int64_t lost = channel->Next().token();
  const int64_t b = channel->Next().token();
  Answer({lost, b}, Result::REJECTED, /*reason_code=*/0x97);
  WaitForCommits();
  log_->LoseEvent(1);
  clock_.Advance(absl::Hours(1));
  Configure();  // looks at what is due
  EXPECT_EQ(IdOf(channel->Next()), "b");
  WaitForDiscarded(1);
  EXPECT_EQ(Delivery(1).ending.reason, EndReason::kEventLost);
}

TEST_F(DispatcherEndingsTest, DoubtAboutALostEventDoesNotKeepTheOthers) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"lost", "b"});
  Answer({channel->Next().token()}, Result::REJECTED, /*reason_code=*/0x97);
  channel->Next();
  WaitForCommits();
  clock_.Advance(absl::Hours(1));
  Configure();
  channel->Next();  // "lost" again
  WaitForCommits();
  Stop();
  Start(/*lost_event=*/1);
  WaitForDiscarded(1);
  channel = Attach();
  Grant(1, 10);
  EXPECT_EQ(IdOf(channel->Next()), "b");
}

// By a timer, which runs by the real clock.
TEST_F(DispatcherEndingsTest, NobodyNeedsToAskForTheExpiry) {
  UseLifetime(absl::Milliseconds(1));
  Append({"a"});
  loop_->RunAndWait([] {});
  clock_.Advance(absl::Seconds(1));
  WaitForExpired(1);
}

TEST_F(DispatcherEndingsTest, ExpiryIsCheckedWhenAnEventIsTaken) {
  UseQosZero();
  auto channel = Attach();
  Append({"a", "b"});
  loop_->RunAndWait([] {});
  clock_.Advance(absl::Seconds(61));
  Append({"c"});
  Grant(1, 10);
  EXPECT_EQ(IdOf(channel->Next()), "c");
  WaitForExpired(2);
}

TEST_F(DispatcherEndingsTest, ExpiredBacklogIsPassedWithLittleCredit) {
  UseQosZero();
  auto channel = Attach();
  Append({"a", "b", "c", "d"});
  loop_->RunAndWait([] {});
  clock_.Advance(absl::Seconds(61));
  Append({"e"});
  Grant(1, 1);
  EXPECT_EQ(IdOf(channel->Next()), "e");
}

TEST_F(DispatcherEndingsTest, QosOneNeverExpiresByDefault) {
  Append({"a"});
  clock_.Advance(absl::Hours(24 * 1000));
  Configure();
  auto channel = Attach();
  Grant(1, 10);
  EXPECT_EQ(IdOf(channel->Next()), "a");
  EXPECT_EQ(Counts().expired_count, 0);
}

TEST_F(DispatcherEndingsTest, WhatIsInFlightDoesNotExpire) {
  UseLifetime(absl::Seconds(10));
  auto channel = Attach();
  Grant(1, 1);
  Append({"a", "b"});
  const int64_t a = channel->Next().token();
  clock_.Advance(absl::Seconds(11));
  Configure();
  WaitForExpired(1);
  EXPECT_EQ(StateOf(2), DeliveryState::kExpired);
  Answer({a}, Result::SUCCEEDED);
  WaitForCommits();
  EXPECT_EQ(StateOf(1), DeliveryState::kDelivered);
}

TEST_F(DispatcherEndingsTest, LostInFlightExpiresAfterItsLoss) {
  UseLifetime(absl::Seconds(10));
  auto channel = Attach();
  Grant(1, 1);
  Append({"a"});
  const int64_t a = channel->Next().token();
  clock_.Advance(absl::Seconds(11));
  Answer({a}, Result::LINK_LOST);
  WaitForExpired(1);
  EXPECT_EQ(Delivery(1).attempt_count, 1);
}

TEST_F(DispatcherEndingsTest, RetryingDeliveryExpires) {
  UseLifetime(absl::Seconds(10));
  auto channel = Attach();
  Grant(1, 1);
  Append({"a"});
  Answer({channel->Next().token()}, Result::REJECTED, /*reason_code=*/0x97);
  Grant(1, 0);
  clock_.Advance(absl::Seconds(11));
  Configure();
  WaitForExpired(1);
  EXPECT_EQ(Counts().retrying_count, 0);
  EXPECT_EQ(Delivery(1).attempt_count, 1);
}

TEST_F(DispatcherEndingsTest, PauseHoldsQosZeroAndTheWaitStartsAfterIt) {
  UseQosZero();
  subscription_.paused = true;
  Configure();
  Append({"a"});
  clock_.Advance(absl::Hours(1));
  Configure();
  subscription_.paused = false;
  Configure();
  clock_.Advance(absl::Seconds(59));
  Configure();
  WaitForCommits();
  EXPECT_EQ(StateOf(1), DeliveryState::kWaiting);
  clock_.Advance(absl::Seconds(1));
  Configure();
  WaitForExpired(1);
}

TEST_F(DispatcherEndingsTest, RestartAfterAResumeDoesNotEndWhatWaited) {
  UseQosZero();
  subscription_.paused = true;
  Configure();
  Append({"a"});
  clock_.Advance(absl::Hours(1));
  subscription_.paused = false;
  subscription_.update_time = clock_.Now();
  Configure();
  Stop();
  Start();
  auto channel = Attach();
  Grant(1, 1);
  EXPECT_EQ(IdOf(channel->Next()), "a");
}

TEST_F(DispatcherEndingsTest, LifetimeOfItsOwnRunsOutInAPause) {
  tenant_.paused = true;
  UseLifetime(absl::Seconds(10));
  Append({"a"});
  clock_.Advance(absl::Seconds(10));
  Configure();
  WaitForExpired(1);
}

TEST_F(DispatcherEndingsTest, DisabledDiscardsWhatWaitsAndWhatComes) {
  auto channel = Attach();
  Grant(1, 2);
  Append({"a", "b", "c"});
  const int64_t a = channel->Next().token();
  const int64_t b = channel->Next().token();
  Answer({b}, Result::REJECTED, /*reason_code=*/0x97);
  const int64_t c = channel->Next().token();
  Disable(true);
  WaitForDiscarded(1);  // b, which was retrying
  Append({"d"});
  WaitForDiscarded(2);
  EXPECT_EQ(Delivery(4).ending.reason, EndReason::kSubscriptionDisabled);
  Answer({a}, Result::SUCCEEDED);  // in flight finishes
  Answer({c}, Result::LINK_LOST);  // or is discarded
  WaitForDiscarded(3);
  EXPECT_EQ(StateOf(1), DeliveryState::kDelivered);
  EXPECT_EQ(Delivery(3).attempt_count, 1);
  Disable(false);
  Append({"e"});
  Grant(2, 10);
  EXPECT_EQ(IdOf(channel->Next()), "e");
}

TEST_F(DispatcherEndingsTest, DisabledDiscardsAlsoInAPause) {
  subscription_.paused = true;
  Append({"a"});
  Disable(true);
  WaitForDiscarded(1);
}

TEST_F(DispatcherEndingsTest, LargeBacklogIsDiscardedInChunks) {
  std::vector<std::string> ids;
  for (int i = 0; i < 1700; ++i) ids.push_back(std::to_string(i));
  Append(ids);
  Disable(true);
  WaitForDiscarded(1700);
  EXPECT_LE(log_->largest_update(), 500u);
  EXPECT_GE(log_->commits(), 4);
  EXPECT_EQ(Counts().cursor, 1700);
}

TEST_F(DispatcherEndingsTest, ChunksGoOnAfterARestart) {
  std::vector<std::string> ids;
  for (int i = 0; i < 1700; ++i) ids.push_back(std::to_string(i));
  Append(ids);
  deleted_ = true;
  Configure();
  WaitFor([](const auto& state) { return state.discarded_count > 0; });
  Stop();
  Start();
  WaitForDiscarded(1700);
  EXPECT_EQ(Delivery(1700).ending.reason, EndReason::kSubscriptionDeleted);
  EXPECT_THAT(*log_->ListUndelivered(), IsEmpty());
}

TEST_F(DispatcherEndingsTest, DeletedDiscardsWhatIsNotWithTheWorker) {
  auto channel = Attach();
  Grant(1, 2);
  Append({"a", "b", "c"});
  const int64_t a = channel->Next().token();
  const int64_t b = channel->Next().token();
  deleted_ = true;
  Configure();
  WaitForDiscarded(1);
  Answer({a}, Result::SUCCEEDED);
  Answer({b}, Result::LINK_LOST);
  WaitForDiscarded(2);
  EXPECT_EQ(StateOf(1), DeliveryState::kDelivered);
  EXPECT_EQ(Delivery(2).ending.reason, EndReason::kSubscriptionDeleted);
  EXPECT_EQ(channel->waiting(), 0u);
}

TEST_F(DispatcherEndingsTest, EventRoutedBeforeTheDeletionIsDiscarded) {
  deleted_ = true;
  Configure();
  Append({"late"});
  WaitForDiscarded(1);
  Append({"later"});
  WaitForDiscarded(2);
}

TEST_F(DispatcherEndingsTest, LateEventFindsWhatIsNotOnDiskYet) {
  auto channel = Attach();
  Grant(1, 2);
  Append({"a"});
  const int64_t a = channel->Next().token();
  deleted_ = true;
  Configure();
  WaitForCommits();
  log_->RefuseCommits(true);
  Answer({a}, Result::SUCCEEDED);
  for (int round = 0; round < 5; ++round) loop_->RunAndWait([] {});
  Append({"late"});
  loop_->RunAndWait([] {});
  log_->RefuseCommits(false);
  WaitForDiscarded(1);
  EXPECT_EQ(StateOf(1), DeliveryState::kDelivered);
  EXPECT_EQ(Attempts(1).size(), 1u);
}

// Its events were accepted before dispatch heard of it.
TEST_F(DispatcherEndingsTest, SubscriptionToComeIsNotTakenForDeleted) {
  SubscriptionRecord newer = subscription_;
  newer.uid = kSubscription + 1;
  newer.id = "newer";
  ASSERT_TRUE(AppendAndWait(*log_, {MakeEvent("a", {kSubscription + 1})}).ok());
  loop_->RunAndWait([] {});
  others_ = {newer};
  Configure();
  auto channel = Attach();
  Grant(1, 1);
  Append({"b"});
  // The cursor of a subscription begins before its first event.
  EXPECT_THAT(NextIds(*channel, 1), ElementsAre("a"));
}

}  // namespace
}  // namespace mqttpush
