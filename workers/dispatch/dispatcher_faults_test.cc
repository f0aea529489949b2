// What dispatch does about brokers and messages that do not fit, and what it
// tells a worker that keeps a session.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "workers/dispatch/dispatcher_test_base.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr int64_t kOther = kSubscription + 1;

class DispatcherFaultsTest : public DispatcherTest {
 protected:
  void AddOther() {
    SubscriptionRecord other = subscription_;
    other.uid = kOther;
    other.id = "other";
    others_ = {other};
    Configure();
  }
  void AppendTo(int64_t uid, const std::string& event_id) {
    ASSERT_TRUE(AppendAndWait(*log_, {MakeEvent(event_id, {uid})}).ok());
  }
  // The next `count` messages go out under `epoch`, and the broker cuts.
  void CutAll(FakeChannel& channel, int64_t epoch, int count) {
    Grant(epoch, 10);
    std::vector<int64_t> tokens;
    for (int i = 0; i < count; ++i) {
      const Publish publish = channel.Next();
      EXPECT_FALSE(publish.alone());
      tokens.push_back(publish.token());
    }
    Cut(tokens);
  }
  // `id` goes out alone under `epoch`; its token.
  int64_t NextAlone(FakeChannel& channel, int64_t epoch,
                    const std::string& id) {
    Grant(epoch, 10);
    const Publish publish = channel.Next();
    EXPECT_EQ(IdOf(publish), id);
    EXPECT_TRUE(publish.alone());
    WaitForCommits();
    EXPECT_EQ(channel.waiting(), 0u);
    return publish.token();
  }
  void SetLimits(int maximum_qos, bool retain_available = true) {
    worker::v1::BrokerLimits limits;
    limits.set_maximum_qos(maximum_qos);
    limits.set_retain_available(retain_available);
    loop_->RunAndWait([&] { dispatcher_->OnLimits(kBroker, limits); });
  }
  void Report(const std::vector<std::pair<int64_t, int64_t>>& ended) {
    worker::v1::SessionReport report;
    for (const auto& [uid, seq] : ended) {
      report.add_ended()->set_subscription_uid(uid);
      report.mutable_ended(report.ended_size() - 1)->set_event_seq(seq);
    }
    loop_->RunAndWait([&] { dispatcher_->OnSessionReport(kBroker, report); });
    WaitForCommits();
  }
};

TEST_F(DispatcherFaultsTest, PoisonMessageIsSetAsideAndAtLastParked) {
  auto channel = Attach();
  Append({"poison", "b", "c"});
  CutAll(*channel, 1, 3);
  CutAll(*channel, 2, 3);
  for (int64_t epoch : {3, 4, 5}) {
    Cut({NextAlone(*channel, epoch, "poison")});
  }
  WaitForCommits();
  EXPECT_EQ(Delivery(1).state, DeliveryState::kRetrying);
  EXPECT_EQ(Delivery(1).last_attempt->error_class, ErrorClass::kLinkCut);
  // What is behind it flows, and not alone.
  Grant(6, 10);
  const Publish b = channel->Next();
  const Publish c = channel->Next();
  EXPECT_EQ(IdOf(b), "b");
  EXPECT_FALSE(b.alone());
  EXPECT_EQ(IdOf(c), "c");
  Answer({b.token(), c.token()}, Result::SUCCEEDED);
  // Its next try is on the schedule, alone; max_attempts is 2.
  clock_.Advance(absl::Seconds(7));
  Cut({NextAlone(*channel, 6, "poison")});
  WaitForCommits();
  EXPECT_EQ(Delivery(1).state, DeliveryState::kParked);
  std::vector<ErrorClass> classes;
  for (const auto& attempt : Attempts(1)) {
    classes.push_back(attempt.error_class);
  }
  EXPECT_THAT(classes, ElementsAre(ErrorClass::kLinkLost, ErrorClass::kLinkLost,
                                   ErrorClass::kLinkLost, ErrorClass::kLinkLost,
                                   ErrorClass::kLinkCut, ErrorClass::kLinkCut));
  EXPECT_EQ(Counts().delivered_count, 2);
}

TEST_F(DispatcherFaultsTest, MessageThatOnlyOthersAreAnsweredPastIsSetAside) {
  auto channel = Attach();
  Append({"mute", "b", "c"});
  Grant(1, 10);
  const int64_t mute = channel->Next().token();
  Answer({channel->Next().token(), channel->Next().token()}, Result::SUCCEEDED);
  Cut({mute}, Result::ACK_TIMEOUT);
  Grant(2, 10);
  Cut({channel->Next().token()}, Result::ACK_TIMEOUT);
  for (int64_t epoch : {3, 4, 5}) {
    Cut({NextAlone(*channel, epoch, "mute")}, Result::ACK_TIMEOUT);
  }
  WaitForCommits();
  EXPECT_EQ(Delivery(1).state, DeliveryState::kRetrying);
  EXPECT_EQ(Delivery(1).last_attempt->error_class, ErrorClass::kAckTimeout);
  Append({"d"});
  Grant(6, 10);
  EXPECT_EQ(IdOf(channel->Next()), "d");
}

TEST_F(DispatcherFaultsTest, BrokerThatAnswersNobodySuspectsNobody) {
  auto channel = Attach();
  Append({"a", "b"});
  for (int64_t epoch = 1; epoch <= 6; ++epoch) {
    Grant(epoch, 10);
    const Publish a = channel->Next();
    const Publish b = channel->Next();
    EXPECT_FALSE(a.alone());
    Answer({a.token()}, Result::ACK_TIMEOUT);
    Answer({b.token()}, Result::LINK_LOST);
  }
  EXPECT_EQ(StateOf(1), DeliveryState::kWaiting);
}

// What ends without the broker is no answer of it.
TEST_F(DispatcherFaultsTest, MessagesThatWeGiveUpMakeNobodySuspect) {
  auto channel = Attach();
  Append({"a", "b", "c"});
  Grant(1, 10);
  const int64_t a = channel->Next().token();
  const int64_t b = channel->Next().token();
  const int64_t c = channel->Next().token();
  Answer({b}, Result::CLIENT_ERROR);
  Answer({a}, Result::ACK_TIMEOUT);
  Answer({c}, Result::LINK_LOST);
  for (int64_t epoch = 2; epoch <= 6; ++epoch) {
    Grant(epoch, 10);
    const Publish next = channel->Next();
    EXPECT_EQ(IdOf(next), "a");
    EXPECT_FALSE(next.alone());
    Answer({next.token()}, Result::ACK_TIMEOUT);
    Answer({channel->Next().token()}, Result::LINK_LOST);
  }
  EXPECT_EQ(StateOf(1), DeliveryState::kWaiting);
}

// The worker never says a word about the first: dispatch waits by itself.
TEST_F(DispatcherFaultsTest, UnansweredMessageBoundsWhatIsSentPastIt) {
  constexpr size_t kBytes = 256 << 10;
  constexpr int kFull = SubscriptionQueue::kMaxSpanBytes / kBytes;
  constexpr int kAll = kFull + 20;
  for (int i = 0; i < kAll; ++i) {
    NewEvent event = MakeEvent(std::to_string(i), {kSubscription});
    event.payload.assign(kBytes, 'x');
    ASSERT_TRUE(AppendAndWait(*log_, {event}).ok());
  }
  auto channel = Attach();
  Grant(1, 100);
  const int64_t mute = channel->Next().token();
  for (int i = 1; i < kFull; ++i) {
    Answer({channel->Next().token()}, Result::SUCCEEDED);
  }
  WaitForCommits();
  loop_->RunAndWait([] {});
  WaitForCommits();
  EXPECT_EQ(channel->waiting(), 0u);
  EXPECT_EQ(Counts().delivered_count, kFull - 1);
  Answer({mute}, Result::SUCCEEDED);
  for (int i = kFull; i < kAll; ++i) {
    Answer({channel->Next().token()}, Result::SUCCEEDED);
  }
  WaitForCommits();
  EXPECT_EQ(Counts().delivered_count, kAll);
}

TEST_F(DispatcherFaultsTest, MessageLostTwiceByChanceKeepsItsPlace) {
  auto channel = Attach();
  Append({"a", "b"});
  CutAll(*channel, 1, 2);
  CutAll(*channel, 2, 2);
  Answer({NextAlone(*channel, 3, "a")}, Result::SUCCEEDED);
  const Publish b = channel->Next();
  EXPECT_EQ(IdOf(b), "b");
  EXPECT_FALSE(b.alone());
}

TEST_F(DispatcherFaultsTest, MessageThatIsAloneWaitsForThoseOfOthers) {
  AddOther();
  auto channel = Attach();
  AppendTo(kSubscription, "a");
  CutAll(*channel, 1, 1);
  CutAll(*channel, 2, 1);
  AppendTo(kOther, "x");
  WaitForCommits();
  Grant(3, 1);  // room for one; which is first does not matter
  std::vector<std::string> order;
  for (int i = 0; i < 2; ++i) {
    const Publish publish = channel->Next();
    order.push_back(IdOf(publish));
    EXPECT_EQ(publish.alone(), IdOf(publish) == "a");
    Grant(3, 10);
    WaitForCommits();
    if (i == 0) {
      EXPECT_EQ(channel->waiting(), 0u);
      AppendTo(kOther, "y");
      WaitForCommits();
      EXPECT_EQ(channel->waiting(), 0u);
    }
    Answer({publish.token()}, Result::SUCCEEDED);
  }
  EXPECT_THAT(order, ::testing::Contains("a"));
  EXPECT_EQ(NextIds(*channel, 1).size(), 1u);
}

TEST_F(DispatcherFaultsTest, QosZeroIsNoPoison) {
  subscription_.qos = Qos::kAtMostOnce;
  Configure();
  auto channel = Attach();
  Append({"a"});
  CutAll(*channel, 1, 1);
  WaitForCommits();
  EXPECT_EQ(StateOf(1), DeliveryState::kParked);
  EXPECT_EQ(Attempts(1)[0].error_class, ErrorClass::kLinkLost);
}

TEST_F(DispatcherFaultsTest, WhatTheBrokerDoesNotOfferIsHeldAndSaid) {
  subscription_.qos = Qos::kExactlyOnce;
  AddOther();
  others_[0].qos = Qos::kAtLeastOnce;
  Configure();
  auto channel = Attach();
  SetLimits(1);
  Append({"a"});
  AppendTo(kOther, "x");
  Grant(1, 10);
  EXPECT_EQ(IdOf(channel->Next()), "x");
  WaitForCommits();
  EXPECT_EQ(channel->waiting(), 0u);
  EXPECT_THAT(board_.GetIncompatibility(kSubscription),
              HasSubstr("QoS 2 is asked for"));
  EXPECT_EQ(board_.GetIncompatibility(kOther), "");
  EXPECT_EQ(StateOf(1), DeliveryState::kWaiting);
  subscription_.qos = Qos::kAtLeastOnce;
  ++subscription_.revision;
  Configure();
  EXPECT_EQ(IdOf(channel->Next()), "a");
  EXPECT_EQ(board_.GetIncompatibility(kSubscription), "");
}

TEST_F(DispatcherFaultsTest, OtherLimitsReleaseWhatWasHeld) {
  subscription_.retain = true;
  Configure();
  auto channel = Attach();
  SetLimits(2, /*retain_available=*/false);
  Append({"a"});
  Grant(1, 10);
  WaitForCommits();
  EXPECT_EQ(channel->waiting(), 0u);
  EXPECT_THAT(board_.GetIncompatibility(kSubscription), HasSubstr("retain"));
  SetLimits(2);
  EXPECT_EQ(IdOf(channel->Next()), "a");
  EXPECT_EQ(board_.GetIncompatibility(kSubscription), "");
}

TEST_F(DispatcherFaultsTest, DeletedSubscriptionIsNotIncompatibleAnyMore) {
  subscription_.qos = Qos::kExactlyOnce;
  Configure();
  SetLimits(1);
  EXPECT_NE(board_.GetIncompatibility(kSubscription), "");
  deleted_ = true;
  Configure();
  EXPECT_EQ(board_.GetIncompatibility(kSubscription), "");
}

TEST_F(DispatcherFaultsTest, MessagesSayWhatTheyDeliver) {
  subscription_.revision = 5;
  Configure();
  auto channel = Attach();
  Grant(1, 10);
  Append({"a"});
  const Publish publish = channel->Next();
  EXPECT_EQ(publish.delivery().subscription_uid(), kSubscription);
  EXPECT_EQ(publish.delivery().event_seq(), 1);
  EXPECT_EQ(publish.subscription_revision(), 5);
  EXPECT_FALSE(publish.alone());
}

TEST_F(DispatcherFaultsTest, SessionForgetsWhatIsOnDisk) {
  subscription_.qos = Qos::kExactlyOnce;
  Configure();
  auto channel = Attach();
  Grant(1, 10);
  Append({"a", "b", "c", "d"});
  std::vector<int64_t> tokens;
  for (int i = 0; i < 4; ++i) tokens.push_back(channel->Next().token());
  Answer({tokens[0]}, Result::SUCCEEDED);
  EXPECT_EQ(Attempts(1).size(), 1u);
  EXPECT_THAT(channel->forgotten(), ElementsAre(Pair(kSubscription, 1)));
  Answer({tokens[1]}, Result::REJECTED, /*reason_code=*/0x97);
  Answer({tokens[2]}, Result::LINK_LOST);  // the session still has it
  Answer({tokens[3]}, Result::NOT_SENT);
  WaitForCommits();
  EXPECT_THAT(channel->forgotten(),
              ElementsAre(Pair(kSubscription, 1), Pair(kSubscription, 2)));
}

TEST_F(DispatcherFaultsTest, WithoutASessionThereIsNothingToForget) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"a"});
  Answer({channel->Next().token()}, Result::SUCCEEDED);
  WaitForCommits();
  EXPECT_THAT(channel->forgotten(), IsEmpty());
}

TEST_F(DispatcherFaultsTest, SessionReportIsAnsweredByWhatIsOver) {
  subscription_.qos = Qos::kExactlyOnce;
  Configure();
  auto channel = Attach();
  Grant(1, 4);
  Append({"delivered", "parked", "retrying", "in doubt", "waiting"});
  std::vector<int64_t> tokens;
  for (int i = 0; i < 4; ++i) tokens.push_back(channel->Next().token());
  Grant(1, 0);
  Answer({tokens[0]}, Result::SUCCEEDED);
  Answer({tokens[1]}, Result::REJECTED, /*reason_code=*/0x90);
  Answer({tokens[2]}, Result::REJECTED, /*reason_code=*/0x97);
  WaitForCommits();
  Stop();
  Start();
  auto next = Attach();
  Report({{kSubscription, 1},
          {kSubscription, 2},
          {kSubscription, 3},
          {kSubscription, 4},
          {kSubscription, 5},
          {99, 1}});
  EXPECT_THAT(
      next->forgotten(),
      UnorderedElementsAre(Pair(kSubscription, 1), Pair(kSubscription, 2),
                           Pair(kSubscription, 3),  // its refusal is recorded
                           Pair(99, 1)));
  Grant(1, 10);  // the others are sent again, to be told how they ended
  EXPECT_THAT(NextIds(*next, 2), ElementsAre("in doubt", "waiting"));
}

TEST_F(DispatcherFaultsTest, PayloadsWithAWorkerAreBounded) {
  constexpr size_t kBytes = 256 << 10;
  std::vector<NewEvent> events;
  for (int i = 0; i < 40; ++i) {
    events.push_back(MakeEvent(std::to_string(i), {kSubscription}));
    events.back().payload = "{\"x\":\"" + std::string(kBytes, 'x') + "\"}";
  }
  ASSERT_TRUE(AppendAndWait(*log_, events).ok());
  auto channel = Attach();
  Grant(1, 100);
  std::vector<int64_t> tokens;
  size_t outstanding = 0;
  while (tokens.size() < 16) {
    const Publish publish = channel->Next();
    outstanding += publish.payload().size();
    tokens.push_back(publish.token());
  }
  WaitForCommits();
  loop_->RunAndWait([] {});
  WaitForCommits();
  EXPECT_LE(outstanding + channel->waiting() * kBytes, 21 * kBytes);
  EXPECT_LT(channel->waiting(), 6u);
  Answer(tokens, Result::SUCCEEDED);
  for (int i = 16; i < 40; ++i) {
    const int64_t token = channel->Next().token();
    ASSERT_NE(token, 0);
    Answer({token}, Result::SUCCEEDED);
  }
  WaitForCommits();
  EXPECT_EQ(Counts().delivered_count, 40);
}

TEST_F(DispatcherFaultsTest, ChangeOfTheSubscriptionRetriesAtOnce) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"a"});
  Answer({channel->Next().token()}, Result::REJECTED, /*reason_code=*/0x87);
  WaitForCommits();
  EXPECT_EQ(channel->waiting(), 0u);
  subscription_.topic = "allowed";
  ++subscription_.revision;
  Configure();
  EXPECT_EQ(channel->Next().topic(), "allowed");
}

TEST_F(DispatcherFaultsTest, ChangeOfTheBrokerRetriesAtOnce) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"a"});
  Answer({channel->Next().token()}, Result::REJECTED, /*reason_code=*/0x87);
  WaitForCommits();
  ++brokers_[0].revision;
  Configure();
  EXPECT_EQ(IdOf(channel->Next()), "a");
}

TEST_F(DispatcherFaultsTest, RetryIsNotLostToAClockThatWasSetBack) {
  auto channel = Attach();
  Grant(1, 10);
  Append({"a"});
  Answer({channel->Next().token()}, Result::REJECTED, /*reason_code=*/0x97);
  clock_.Advance(-absl::Hours(24));
  Grant(1, 9);
  EXPECT_EQ(IdOf(channel->Next()), "a");
}

}  // namespace
}  // namespace mqttpush
