// Dispatch with the real log; the test plays the worker.
#include "workers/dispatch/dispatcher.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "workers/dispatch/dispatcher_test_base.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(DispatcherTest, SendsInOrderWithinTheCredit) {
  auto channel = Attach();
  Append({"a", "b", "c"});
  Grant(1, 2);
  Publish first = channel->Next();
  Publish second = channel->Next();
  EXPECT_EQ(IdOf(first), "a");
  EXPECT_EQ(first.topic(), "gt/location");
  EXPECT_EQ(first.qos(), 1);
  EXPECT_EQ(IdOf(second), "b");
  EXPECT_EQ(channel->waiting(), 0u);
  EXPECT_THAT(board_.ListInFlight(kSubscription), ElementsAre(1, 2));
  EXPECT_EQ(board_.GetInFlightSince(kSubscription, 2), clock_.Now());
  EXPECT_EQ(board_.GetInFlightSince(kSubscription, 3), absl::InfinitePast());
  Answer({first.token()}, Result::SUCCEEDED);
  EXPECT_EQ(IdOf(channel->Next()), "c");
}

TEST_F(DispatcherTest, RecordsTheAttemptWithTheNewState) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"a"});
  Answer({channel->Next().token()}, Result::SUCCEEDED);
  auto attempts = Attempts(1);
  ASSERT_EQ(attempts.size(), 1u);
  EXPECT_TRUE(attempts[0].succeeded);
  EXPECT_EQ(attempts[0].topic, "gt/location");
  EXPECT_EQ(attempts[0].subscription_revision, 1);
  EXPECT_EQ(log_->GetSubscriptionState(kSubscription)->delivered_count, 1);
  EXPECT_THAT(board_.ListInFlight(kSubscription), IsEmpty());
}

TEST_F(DispatcherTest, LostLinkSendsAgainInOrderBeforeLaterEvents) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"a", "b", "c"});
  std::vector<int64_t> tokens = {channel->Next().token(),
                                 channel->Next().token(),
                                 channel->Next().token()};
  Answer({tokens[1]}, Result::SUCCEEDED);
  Answer({tokens[0]}, Result::LINK_LOST);
  Answer({tokens[2]}, Result::NOT_SENT);
  Grant(1, 0);
  Append({"d"});
  Grant(2, 10);
  EXPECT_THAT(NextIds(*channel, 3), ElementsAre("a", "c", "d"));
  EXPECT_EQ(Attempts(1).size(), 1u);
  EXPECT_EQ(Attempts(1)[0].error_class, ErrorClass::kLinkLost);
  EXPECT_THAT(Attempts(3), IsEmpty());
}

TEST_F(DispatcherTest, FillsTheRestOfTheCreditInOneGo) {
  auto channel = Attach();
  Grant(1, 8);
  Append({"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"});
  std::vector<int64_t> tokens;
  for (int i = 0; i < 8; ++i) tokens.push_back(channel->Next().token());
  Answer({tokens[0]}, Result::SUCCEEDED);
  WaitForCommits();
  EXPECT_EQ(channel->waiting(), 0u);
  Answer({tokens[1]}, Result::SUCCEEDED);
  EXPECT_THAT(NextIds(*channel, 2), ElementsAre("i", "j"));
  for (int i = 2; i < 8; ++i) Answer({tokens[i]}, Result::SUCCEEDED);
  EXPECT_THAT(NextIds(*channel, 1), ElementsAre("k"));
}

TEST_F(DispatcherTest, NewEpochWaitsForTheLastAnswerOfTheOldOne) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"a", "b"});
  const int64_t a = channel->Next().token();
  const int64_t b = channel->Next().token();
  Answer({a}, Result::LINK_LOST);
  Grant(2, 10);
  EXPECT_EQ(channel->waiting(), 0u);
  Answer({b}, Result::NOT_SENT);
  EXPECT_THAT(NextIds(*channel, 2), ElementsAre("a", "b"));
}

TEST_F(DispatcherTest, WorkerThatDiesLeavesAnAttemptAndLosesNothing) {
  board_.SetLink(kBroker, {.broker_address = "192.0.2.7:1883"});
  auto channel = Attach();
  Grant(4, 10);
  Append({"a", "b"});
  NextIds(*channel, 2);
  loop_->RunAndWait(
      [&] { dispatcher_->OnDetached(kBroker, "signal 9 (Killed)"); });
  auto attempts = Attempts(1);
  ASSERT_EQ(attempts.size(), 1u);
  EXPECT_EQ(attempts[0].error_class, ErrorClass::kWorkerLost);
  EXPECT_THAT(attempts[0].error_message, HasSubstr("signal 9"));
  EXPECT_EQ(attempts[0].topic, "gt/location");
  EXPECT_EQ(attempts[0].broker_address, "192.0.2.7:1883");
  EXPECT_EQ(attempts[0].connection, 4);
  auto next_worker = Attach();
  Grant(1, 10);
  EXPECT_THAT(NextIds(*next_worker, 2), ElementsAre("a", "b"));
}

TEST_F(DispatcherTest, CrashLeavesAnAttemptForWhatMayHaveBeenSent) {
  auto channel = Attach();
  Grant(1, 2);
  Append({"a", "b", "c"});
  const int64_t a = channel->Next().token();
  channel->Next();
  Answer({a}, Result::SUCCEEDED);
  channel->Next();
  WaitForCommits();
  Stop();
  Start();
  EXPECT_EQ(Attempts(1).size(), 1u);  // its success
  for (int64_t seq : {2, 3}) {
    auto attempts = Attempts(seq);
    ASSERT_EQ(attempts.size(), 1u) << seq;
    EXPECT_EQ(attempts[0].error_class, ErrorClass::kServiceLost);
  }
  auto next = Attach();
  Grant(1, 10);
  EXPECT_THAT(NextIds(*next, 2), ElementsAre("b", "c"));
}

TEST_F(DispatcherTest, EventsThatWereNeverSentHaveNoAttemptAfterACrash) {
  Append({"a"});
  Stop();
  Start();
  EXPECT_THAT(Attempts(1), IsEmpty());
  auto channel = Attach();
  Grant(1, 10);
  EXPECT_EQ(IdOf(channel->Next()), "a");
}

TEST_F(DispatcherTest, PermanentRefusalParksAndTheRestFlows) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"a", "b"});
  const int64_t a = channel->Next().token();
  Answer({a}, Result::REJECTED, /*reason_code=*/0x90);
  Answer({channel->Next().token()}, Result::SUCCEEDED);
  WaitForCommits();
  auto state = log_->GetSubscriptionState(kSubscription);
  EXPECT_EQ(state->parked_count, 1);
  EXPECT_EQ(state->delivered_count, 1);
  EXPECT_EQ(state->cursor, 2);
  EXPECT_EQ(Attempts(1)[0].reason_code, 0x90);
}

TEST_F(DispatcherTest, PassingRefusalRetriesOverARestart) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"a"});
  Answer({channel->Next().token()}, Result::REJECTED, /*reason_code=*/0x97);
  WaitForCommits();
  EXPECT_EQ(log_->GetSubscriptionState(kSubscription)->retrying_count, 1);
  Stop();
  Start();
  auto recovery = log_->Recover(kSubscription);
  ASSERT_EQ(recovery->exceptions.size(), 1u);
  EXPECT_EQ(recovery->exceptions[0].attempt_count, 1);
  EXPECT_GT(recovery->exceptions[0].next_attempt_time, absl::UnixEpoch());
}

TEST_F(DispatcherTest, TopicThatCannotBeSentParksWithAnAttempt) {
  subscription_.topic = "gt/{assetId}";
  Configure();
  auto channel = Attach();
  Grant(1, 10);
  NewEvent bad = MakeEvent("bad", {kSubscription});
  bad.asset_id = "a/#";
  ASSERT_TRUE(
      AppendAndWait(*log_, {bad, MakeEvent("good", {kSubscription})}).ok());
  EXPECT_EQ(IdOf(channel->Next()), "good");
  auto attempts = Attempts(1);
  ASSERT_EQ(attempts.size(), 1u);
  EXPECT_EQ(attempts[0].error_class, ErrorClass::kTopicInvalid);
  EXPECT_EQ(log_->GetSubscriptionState(kSubscription)->parked_count, 1);
}

TEST_F(DispatcherTest, PausedSubscriptionHoldsAndResumesInOrder) {
  subscription_.paused = true;
  Configure();
  auto channel = Attach();
  Grant(1, 10);
  Append({"a", "b"});
  loop_->RunAndWait([] {});
  EXPECT_EQ(channel->waiting(), 0u);
  subscription_.paused = false;
  Configure();
  EXPECT_THAT(NextIds(*channel, 2), ElementsAre("a", "b"));
}

TEST_F(DispatcherTest, QueuedEventsGoByTheNewRevision) {
  auto channel = Attach();
  Grant(1, 1);
  Append({"a", "b"});
  Publish a = channel->Next();
  subscription_.topic = "new";
  subscription_.revision = 2;
  Configure();
  Answer({a.token()}, Result::SUCCEEDED);
  Publish b = channel->Next();
  EXPECT_EQ(b.topic(), "new");
  Answer({b.token()}, Result::SUCCEEDED);
  EXPECT_EQ(Attempts(1)[0].topic, "gt/location");
  EXPECT_EQ(Attempts(1)[0].subscription_revision, 1);
  EXPECT_EQ(Attempts(2)[0].subscription_revision, 2);
}

TEST_F(DispatcherTest, MovesToAnotherBrokerOnceTheOldOneHasAnswered) {
  auto old_channel = Attach();
  auto new_channel = Attach(kOtherBroker);
  Grant(1, 1);
  Grant(1, 10, kOtherBroker);
  Append({"a", "b"});
  const int64_t a = old_channel->Next().token();
  subscription_.broker_uid = kOtherBroker;
  Configure();
  loop_->RunAndWait([] {});
  EXPECT_EQ(new_channel->waiting(), 0u);
  Answer({a}, Result::LINK_LOST);
  EXPECT_THAT(NextIds(*new_channel, 2), ElementsAre("a", "b"));
  EXPECT_EQ(old_channel->waiting(), 0u);
}

TEST_F(DispatcherTest, DeletedSubscriptionStillCountsWhatIsWithTheWorker) {
  auto channel = Attach();
  Grant(1, 1);
  Append({"a", "b"});
  const int64_t a = channel->Next().token();
  deleted_ = true;
  Configure();
  Answer({a}, Result::SUCCEEDED);
  EXPECT_EQ(Attempts(1).size(), 1u);
  EXPECT_EQ(channel->waiting(), 0u);
}

TEST_F(DispatcherTest, DeletedSubscriptionLeavesNoDoubtAfterACrash) {
  auto channel = Attach();
  Grant(1, 1);
  Append({"a", "b"});
  channel->Next();
  Stop();
  deleted_ = true;
  Start();
  auto attempts = Attempts(1);
  ASSERT_EQ(attempts.size(), 1u);
  EXPECT_EQ(attempts[0].error_class, ErrorClass::kServiceLost);
  EXPECT_THAT(Attempts(2), IsEmpty());
  // b was not sent, a may have been.
  EXPECT_EQ(StateOf(1), DeliveryState::kDiscarded);
  EXPECT_EQ(StateOf(2), DeliveryState::kDiscarded);
  EXPECT_THAT(*log_->ListUndelivered(), IsEmpty());
}

TEST_F(DispatcherTest, LostLinksDoNotUseUpTheAttemptsOfARefusal) {
  auto channel = Attach();
  Append({"a"});
  for (int64_t epoch = 1; epoch <= 5; ++epoch) {  // max_attempts is 2
    Grant(epoch, 10);
    Answer({channel->Next().token()}, Result::LINK_LOST);
  }
  Grant(6, 10);
  Answer({channel->Next().token()}, Result::REJECTED, /*reason_code=*/0x97);
  WaitForCommits();
  auto recovery = log_->Recover(kSubscription);
  ASSERT_EQ(recovery->exceptions.size(), 1u);
  EXPECT_EQ(recovery->exceptions[0].state, DeliveryState::kRetrying);
  EXPECT_EQ(recovery->exceptions[0].attempt_count, 6);
  EXPECT_EQ(recovery->exceptions[0].rejection_count, 1);
  EXPECT_LT(
      recovery->exceptions[0].next_attempt_time,
      clock_.Now() + absl::Seconds(7));  // the first delay of the schedule
}

TEST_F(DispatcherTest, QosZeroIsNeverSentTwice) {
  subscription_.qos = Qos::kAtMostOnce;
  Configure();
  auto channel = Attach();
  Grant(1, 2);
  Append({"a", "b", "c"});
  Answer({channel->Next().token()}, Result::LINK_LOST);
  Answer({channel->Next().token()}, Result::NOT_SENT);
  Grant(2, 10);
  EXPECT_THAT(NextIds(*channel, 2), ElementsAre("b", "c"));
  loop_->RunAndWait([&] { dispatcher_->OnDetached(kBroker, "gone"); });
  WaitForCommits();
  EXPECT_EQ(log_->GetSubscriptionState(kSubscription)->parked_count, 3);
  EXPECT_EQ(Attempts(1)[0].error_class, ErrorClass::kLinkLost);
  EXPECT_EQ(Attempts(2)[0].error_class, ErrorClass::kWorkerLost);
}

TEST_F(DispatcherTest, DrainingWorkerGetsNothingAndCausesNoAttempt) {
  auto channel = Attach();
  Append({"a"});
  WaitForCommits();
  loop_->RunAndWait([&] {
    worker::v1::Credit credit;
    credit.set_epoch(1);
    credit.set_limit(10);
    dispatcher_->OnCredit(kBroker, credit);  // chosen, not yet on disk
    dispatcher_->OnDraining(kBroker);
  });
  WaitForCommits();
  loop_->RunAndWait([&] { dispatcher_->OnDetached(kBroker, "exit code 0"); });
  EXPECT_EQ(channel->waiting(), 0u);
  EXPECT_THAT(Attempts(1), IsEmpty());
  auto next = Attach();
  Grant(1, 10);
  EXPECT_EQ(IdOf(next->Next()), "a");
}

TEST_F(DispatcherTest, StoppedDispatchTakesResultsButSendsNothing) {
  auto channel = Attach();
  Grant(1, 1);
  Append({"a", "b"});
  const int64_t a = channel->Next().token();
  loop_->RunAndWait([&] { dispatcher_->StopSending(); });
  Answer({a}, Result::SUCCEEDED);
  EXPECT_EQ(Attempts(1).size(), 1u);
  EXPECT_EQ(channel->waiting(), 0u);
}

}  // namespace
}  // namespace mqttpush
