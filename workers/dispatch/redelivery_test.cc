// What has ended is sent again, by dispatch with the real log; the test plays
// the worker. After every commit the counters of the subscription are compared
// with the state of each delivery, and at the end of each test by the audit.
#include "workers/dispatch/redelivery.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "workers/dispatch/dispatcher_test_base.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The broker does not take this payload, now or later.
constexpr int kPayloadInvalid = 0x99;
constexpr int kQuotaExceeded = 0x97;

class RedeliveryTest : public DispatcherTest {
 protected:
  void TearDown() override {
    if (log_ == nullptr) return;
    WaitForCommits();
    EXPECT_THAT(log_->Audit(), IsEmpty());
  }

  std::future<absl::Status> Request(int64_t event_seq,
                                    int64_t uid = kSubscription) {
    auto answer = std::make_shared<std::promise<absl::Status>>();
    loop_->Post([=, this] {
      dispatcher_->SendAgain(uid, event_seq, [answer](absl::Status status) {
        answer->set_value(std::move(status));
      });
    });
    return answer->get_future();
  }
  absl::StatusCode SendAgain(int64_t event_seq, int64_t uid = kSubscription) {
    return Request(event_seq, uid).get().code();
  }
  // Sends the next message and lets the broker say no.
  void Park(FakeChannel& channel) {
    Answer({channel.Next().token()}, Result::REJECTED, kPayloadInvalid);
    WaitForCommits();
  }
  void Deliver(FakeChannel& channel) {
    Answer({channel.Next().token()}, Result::SUCCEEDED);
    WaitForCommits();
  }
  // As "REJECTED manual", in order.
  std::vector<std::string> Story(int64_t event_seq) {
    std::vector<std::string> story;
    for (const AttemptRecord& attempt : Attempts(event_seq)) {
      story.push_back(absl::StrCat(attempt.number, " ",
                                   attempt.succeeded ? "ok" : "failed",
                                   attempt.manual ? " manual" : ""));
    }
    return story;
  }
};

TEST_F(RedeliveryTest, ParkedOneIsSentAgainAndDelivered) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"a"});
  Park(*channel);
  EXPECT_EQ(Counts().parked_count, 1);
  EXPECT_EQ(SendAgain(1), absl::StatusCode::kOk);
  EXPECT_EQ(Counts().parked_count, 0);
  EXPECT_EQ(Counts().retrying_count, 1);
  EXPECT_EQ(StateOf(1), DeliveryState::kRetrying);
  const Publish again = channel->Next();
  EXPECT_EQ(IdOf(again), "a");
  Answer({again.token()}, Result::SUCCEEDED);
  EXPECT_THAT(Story(1), ElementsAre("1 failed", "2 ok manual"));
  EXPECT_EQ(StateOf(1), DeliveryState::kDelivered);
  EXPECT_EQ(Counts().delivered_count, 1);
  EXPECT_EQ(Counts().cursor, 1);
}

TEST_F(RedeliveryTest, DeliveredOneCountsOnceAndLeavesTheCursor) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"a", "b", "c"});
  for (int i = 0; i < 3; ++i) Deliver(*channel);
  EXPECT_EQ(SendAgain(2), absl::StatusCode::kOk);
  EXPECT_EQ(Counts().delivered_count, 2);
  EXPECT_EQ(Counts().cursor, 3);
  EXPECT_THAT(log_->Audit(), IsEmpty());
  Deliver(*channel);
  EXPECT_THAT(Story(2), ElementsAre("1 ok", "2 ok manual"));
  EXPECT_EQ(Counts().delivered_count, 3);
  EXPECT_EQ(Counts().cursor, 3);
  EXPECT_EQ(StateOf(2), DeliveryState::kDelivered);
}

TEST_F(RedeliveryTest, DeliveredOneAheadOfTheCursorCountsOnce) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"a", "b"});
  const int64_t a = channel->Next().token();
  Deliver(*channel);
  EXPECT_EQ(Counts().cursor, 0);
  EXPECT_EQ(SendAgain(2), absl::StatusCode::kOk);
  EXPECT_THAT(log_->Audit(), IsEmpty());
  const int64_t again = channel->Next().token();
  Answer({again}, Result::REJECTED, kPayloadInvalid);
  WaitForCommits();
  EXPECT_EQ(StateOf(2), DeliveryState::kParked);
  EXPECT_THAT(log_->Audit(), IsEmpty());
  EXPECT_EQ(SendAgain(2), absl::StatusCode::kOk);
  Deliver(*channel);
  Answer({a}, Result::SUCCEEDED);
  EXPECT_THAT(Story(2), ElementsAre("1 ok", "2 failed manual", "3 ok manual"));
  EXPECT_EQ(Counts().delivered_count, 2);
  EXPECT_EQ(Counts().cursor, 2);
}

// Over segments of a few rows each, so that it was parked in older ones.
TEST_F(RedeliveryTest, AgainAndAgain) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"a"});
  Park(*channel);
  for (int i = 0; i < 8; ++i) {
    ASSERT_EQ(SendAgain(1), absl::StatusCode::kOk);
    Park(*channel);
    EXPECT_EQ(Counts().parked_count, 1);
    EXPECT_THAT(log_->Audit(), IsEmpty());
  }
  ASSERT_EQ(SendAgain(1), absl::StatusCode::kOk);
  Deliver(*channel);
  for (int i = 0; i < 8; ++i) {
    ASSERT_EQ(SendAgain(1), absl::StatusCode::kOk);
    Deliver(*channel);
    EXPECT_EQ(Counts().delivered_count, 1);
    EXPECT_THAT(log_->Audit(), IsEmpty());
  }
  EXPECT_EQ(Attempts(1).size(), 18u);
}

TEST_F(RedeliveryTest, RequestSurvivesARestartBeforeTheAttempt) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"a", "b"});
  Deliver(*channel);
  Park(*channel);
  Grant(1, 0);  // the link is away
  EXPECT_EQ(SendAgain(1), absl::StatusCode::kOk);
  EXPECT_EQ(SendAgain(2), absl::StatusCode::kOk);
  for (int restart = 0; restart < 2; ++restart) {
    Stop();
    Start();
    EXPECT_EQ(Counts().retrying_count, 2);
    EXPECT_THAT(log_->Audit(), IsEmpty());
  }
  channel = Attach();
  Grant(1, 10);
  EXPECT_THAT(NextIds(*channel, 2), ElementsAre("a", "b"));
  Stop();
  Start();
  EXPECT_THAT(Story(1), ElementsAre("1 ok", "2 failed manual"));
  EXPECT_EQ(Attempts(1)[1].error_class, ErrorClass::kServiceLost);
  channel = Attach();
  Grant(1, 10);
  Deliver(*channel);
  Deliver(*channel);
  EXPECT_THAT(Story(1), ElementsAre("1 ok", "2 failed manual", "3 ok manual"));
  EXPECT_THAT(Story(2),
              ElementsAre("1 failed", "2 failed manual", "3 ok manual"));
  EXPECT_EQ(Counts().delivered_count, 2);
  EXPECT_EQ(Counts().parked_count, 0);
}

// docs/decisions/0008: by itself it is not. A person may.
TEST_F(RedeliveryTest, QosZeroIsSentAgainOnceForEachRequest) {
  subscription_.qos = Qos::kAtMostOnce;
  Configure();
  auto channel = Attach();
  Grant(1, 10);
  Append({"a"});
  Answer({channel->Next().token()}, Result::LINK_LOST);
  EXPECT_EQ(Attempts(1).size(), 1u);
  Grant(2, 10);
  clock_.Advance(absl::Hours(1));  // long after its lifetime
  EXPECT_EQ(SendAgain(1), absl::StatusCode::kOk);
  Answer({channel->Next().token()}, Result::LINK_LOST);
  WaitForCommits();
  EXPECT_EQ(StateOf(1), DeliveryState::kParked);
  Grant(3, 10);
  EXPECT_EQ(channel->waiting(), 0u);
  EXPECT_EQ(SendAgain(1), absl::StatusCode::kOk);
  Deliver(*channel);
  EXPECT_THAT(Story(1),
              ElementsAre("1 failed", "2 failed manual", "3 ok manual"));
}

TEST_F(RedeliveryTest, LifetimeCountsFromTheRequest) {
  subscription_.event_lifetime = absl::Minutes(10);
  Configure();
  auto channel = Attach();
  Grant(1, 10);
  Append({"a"});
  Deliver(*channel);
  Grant(1, 0);
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(SendAgain(1), absl::StatusCode::kOk);
  clock_.Advance(absl::Minutes(9));
  Configure();
  WaitForCommits();
  EXPECT_EQ(StateOf(1), DeliveryState::kRetrying);
  clock_.Advance(absl::Minutes(2));
  Configure();
  WaitFor([](const auto& counts) { return counts.expired_count == 1; });
  EXPECT_EQ(StateOf(1), DeliveryState::kExpired);
  EXPECT_EQ(Counts().delivered_count, 0);
}

TEST_F(RedeliveryTest, KeepsTheOrderOfTheOthers) {
  auto channel = Attach();
  Grant(1, 2);
  Append({"a", "b", "c", "d", "e"});
  const Publish a = channel->Next();
  const Publish b = channel->Next();
  Answer({a.token()}, Result::REJECTED, kPayloadInvalid);
  const Publish c = channel->Next();
  EXPECT_EQ(SendAgain(1), absl::StatusCode::kOk);
  std::vector<std::string> ids;
  std::vector<int64_t> sent = {b.token(), c.token()};
  while (ids.size() < 3) {
    Answer({sent.front()}, Result::SUCCEEDED);
    sent.erase(sent.begin());
    const Publish next = channel->Next();
    ids.push_back(IdOf(next));
    sent.push_back(next.token());
  }
  EXPECT_THAT(ids, ElementsAre("a", "d", "e"));
}

TEST_F(RedeliveryTest, WhatIsRefusedAgainIsParkedAgainOrRetried) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"a", "b"});
  Answer({channel->Next().token()}, Result::SUCCEEDED);
  // Two attempts are all it gets.
  Answer({channel->Next().token()}, Result::REJECTED, kQuotaExceeded);
  WaitForCommits();
  clock_.Advance(absl::Minutes(1));
  Grant(1, 10);
  Answer({channel->Next().token()}, Result::REJECTED, kQuotaExceeded);
  WaitForCommits();
  EXPECT_EQ(StateOf(2), DeliveryState::kParked);
  EXPECT_EQ(SendAgain(2), absl::StatusCode::kOk);
  Answer({channel->Next().token()}, Result::REJECTED, kQuotaExceeded);
  WaitForCommits();
  EXPECT_EQ(StateOf(2), DeliveryState::kParked);
  EXPECT_EQ(Delivery(2).rejection_count, 3);
  // One that was not refused before is tried on, and says on whose word.
  EXPECT_EQ(SendAgain(1), absl::StatusCode::kOk);
  Answer({channel->Next().token()}, Result::REJECTED, kQuotaExceeded);
  WaitForCommits();
  EXPECT_EQ(StateOf(1), DeliveryState::kRetrying);
  clock_.Advance(absl::Minutes(1));
  Grant(1, 10);
  Deliver(*channel);
  EXPECT_THAT(Story(1), ElementsAre("1 ok", "2 failed manual", "3 ok manual"));
}

TEST_F(RedeliveryTest, RefusesWhatHasNotEnded) {
  auto channel = Attach();
  Grant(1, 1);
  Append({"a", "b"});
  const int64_t a = channel->Next().token();
  EXPECT_EQ(SendAgain(1), absl::StatusCode::kAborted);  // in flight
  EXPECT_EQ(SendAgain(2), absl::StatusCode::kAborted);  // waiting
  Answer({a}, Result::REJECTED, kQuotaExceeded);
  EXPECT_EQ(SendAgain(1), absl::StatusCode::kAborted);  // retrying
  EXPECT_EQ(SendAgain(99), absl::StatusCode::kAborted);
  // Not read from the log yet.
  EXPECT_EQ(SendAgain(1, /*uid=*/99), absl::StatusCode::kUnavailable);
}

TEST_F(RedeliveryTest, RefusesWhatExpiredOrWasDiscarded) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"a"});
  Deliver(*channel);
  Grant(1, 0);
  subscription_.event_lifetime = absl::Minutes(1);
  Configure();
  Append({"b"});
  clock_.Advance(absl::Minutes(2));
  Configure();
  WaitFor([](const auto& counts) { return counts.expired_count == 1; });
  EXPECT_EQ(SendAgain(2), absl::StatusCode::kAborted);
  subscription_.disabled = true;
  Configure();
  EXPECT_EQ(SendAgain(1), absl::StatusCode::kAborted);
  deleted_ = true;
  Configure();
  EXPECT_EQ(SendAgain(1), absl::StatusCode::kAborted);
}

// Also when the service was restarted in between.
TEST_F(RedeliveryTest, WhatWasAskedForIsDiscardedWithItsSubscription) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"a", "b"});
  Deliver(*channel);
  Park(*channel);
  Grant(1, 0);
  EXPECT_EQ(SendAgain(1), absl::StatusCode::kOk);
  EXPECT_EQ(SendAgain(2), absl::StatusCode::kOk);
  Stop();
  deleted_ = true;
  Start();
  WaitFor([](const auto& counts) { return counts.discarded_count == 2; });
  EXPECT_EQ(StateOf(1), DeliveryState::kDiscarded);
  EXPECT_EQ(Counts().delivered_count, 0);
  EXPECT_EQ(Counts().parked_count, 0);
}

TEST_F(RedeliveryTest, OfTwoRequestsAtOnceOneIsServed) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"a"});
  Deliver(*channel);
  std::vector<std::future<absl::Status>> answers;
  for (int i = 0; i < 3; ++i) answers.push_back(Request(1));
  int ok = 0;
  for (auto& answer : answers) ok += answer.get().ok();
  EXPECT_EQ(ok, 1);
  Deliver(*channel);
  EXPECT_EQ(channel->waiting(), 0u);
}

// Its segment has nothing else in it that would keep it.
TEST_F(RedeliveryTest, RetentionThatComesMeanwhileDoesNotDropTheEvent) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"a", "b", "c"});
  for (int i = 0; i < 3; ++i) Deliver(*channel);
  // After the delivery was found, before the request is on disk. Retention is
  // looked after between commits.
  log_->BeforeReopening([this] {
    ASSERT_TRUE(AppendAndWait(*log_, {MakeEvent("next segment", {8})}).ok());
    log_->WaitUntilSealed();
    clock_.Advance(LogOptions().retention + absl::Hours(1));
    for (const char* id : {"x", "y"}) {
      ASSERT_TRUE(AppendAndWait(*log_, {MakeEvent(id, {8})}).ok());
    }
  });
  EXPECT_EQ(SendAgain(1), absl::StatusCode::kOk);
  Deliver(*channel);
  EXPECT_EQ(StateOf(1), DeliveryState::kDelivered);
  EXPECT_THAT(Story(1), ElementsAre("1 ok", "2 ok manual"));
}

// An event of another subscription, below the cursor of this one.
TEST_F(RedeliveryTest, AnEventThatItDidNotTakeIsNotFound) {
  auto channel = Attach();
  Grant(1, 10);
  ASSERT_TRUE(AppendAndWait(*log_, {MakeEvent("x", {8})}).ok());
  Append({"a"});
  Deliver(*channel);
  EXPECT_EQ(SendAgain(1), absl::StatusCode::kNotFound);
}

TEST_F(RedeliveryTest, WhatCutTheConnectionIsSentAlone) {
  auto channel = Attach();
  Append({"a"});
  // Twice among others, then three times alone, on its schedule once refused.
  for (int epoch = 1; StateOf(1) != DeliveryState::kParked; ++epoch) {
    ASSERT_LT(epoch, 20);
    Grant(epoch, 10);
    Cut({channel->Next().token()});
    WaitForCommits();
    clock_.Advance(absl::Minutes(1));
  }
  Append({"b", "c"});
  Grant(50, 10);
  const Publish b = channel->Next();
  const Publish c = channel->Next();
  EXPECT_EQ(SendAgain(1), absl::StatusCode::kOk);
  EXPECT_EQ(channel->waiting(), 0u);  // those in flight end first
  Append({"d"});
  Answer({b.token(), c.token()}, Result::SUCCEEDED);
  const Publish a = channel->Next();
  EXPECT_EQ(IdOf(a), "a");
  EXPECT_TRUE(a.alone());
  Answer({a.token()}, Result::SUCCEEDED);
  EXPECT_EQ(IdOf(channel->Next()), "d");
}

// Or it would take the second PUBLISH for a repetition of the first.
TEST_F(RedeliveryTest, SessionForgetsHowItEndedBeforeItIsSentAgain) {
  subscription_.qos = Qos::kExactlyOnce;
  Configure();
  auto channel = Attach();
  Grant(1, 10);
  Append({"a", "b"});
  Deliver(*channel);
  Park(*channel);
  Grant(1, 0);
  EXPECT_EQ(SendAgain(1), absl::StatusCode::kOk);
  EXPECT_EQ(SendAgain(2), absl::StatusCode::kOk);
  Stop();
  Start();
  channel = Attach();
  worker::v1::SessionReport report;
  for (int64_t seq : {1, 2}) {
    report.add_ended()->set_subscription_uid(kSubscription);
    report.mutable_ended(static_cast<int>(seq) - 1)->set_event_seq(seq);
  }
  loop_->RunAndWait([&] { dispatcher_->OnSessionReport(kBroker, report); });
  WaitForCommits();
  EXPECT_THAT(channel->forgotten(), ElementsAre(std::pair(kSubscription, 1),
                                                std::pair(kSubscription, 2)));
}

TEST_F(RedeliveryTest, WhoStopsLeavesNobodyWaiting) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"a"});
  Deliver(*channel);
  log_->RefuseCommits(true);
  std::future<absl::Status> before = Request(1);
  loop_->RunAndWait([&] { dispatcher_->StopSendingAgain(); });
  EXPECT_EQ(before.get().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(SendAgain(1), absl::StatusCode::kUnavailable);
  log_->RefuseCommits(false);
}

}  // namespace
}  // namespace mqttpush
