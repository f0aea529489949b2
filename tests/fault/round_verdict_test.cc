// Each way in which a round can fail is seen, and what is allowed is not.
#include "tests/fault/round_verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace mqttpush::fault {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint64_t kDigest = 7;

// A round of three events to one subscription in which all went well; the
// tests spoil it.
class RoundVerdictTest : public ::testing::Test {
 protected:
  explicit RoundVerdictTest(int qos = 1) {
    SubscriptionFacts subscription{
        .tenant = "v4", .id = absl::StrCat("q", qos), .qos = qos};
    subscription.before.set_accepted_count(100);
    subscription.before.set_delivered_count(100);
    subscription.after.set_accepted_count(103);
    subscription.after.set_delivered_count(103);
    facts_.subscriptions.push_back(subscription);
    for (int64_t number = 0; number < 3; ++number) AddEvent(number);
  }

  void AddEvent(int64_t number) {
    const std::string id = absl::StrCat("e", number);
    facts_.ledger.accepted.push_back({"v4", id, number, kDigest});
    Arrive(number);
    v1::Delivery delivery;
    delivery.set_name(absl::StrCat("tenants/v4/deliveries/", number));
    delivery.set_event_id(id);
    delivery.set_subscription(
        absl::StrCat("tenants/v4/subscriptions/", facts_.subscriptions[0].id));
    delivery.set_state(v1::Delivery::DELIVERED);
    history().deliveries.push_back(delivery);
    AddAttempt(number)->set_outcome(v1::Attempt::SUCCEEDED);
  }

  void Arrive(int64_t number) {
    facts_.ledger.arrivals.push_back(
        {.topic = Topic(), .number = number, .digest = kDigest});
  }
  std::string Topic() const {
    return absl::StrCat("v4/", facts_.subscriptions[0].id, "/a/location");
  }

  // Before those that are there.
  v1::Attempt* AddAttempt(int64_t number) {
    v1::Delivery& delivery = history().deliveries[number];
    delivery.set_attempt_count(delivery.attempt_count() + 1);
    auto& attempts = history().attempts[delivery.name()];
    attempts.insert(attempts.begin(), v1::Attempt());
    attempts.front().set_topic(Topic());
    attempts.front().set_outcome(v1::Attempt::FAILED);
    attempts.front().set_error_class(v1::Attempt::LINK_LOST);
    attempts.front().set_error_message("connection lost");
    return &attempts.front();
  }
  v1::Attempt& LastAttempt(int64_t number) {
    return history().attempts[history().deliveries[number].name()].back();
  }
  TenantHistory& history() { return facts_.history["v4"]; }
  RoundVerdict Verdict() const { return JudgeRound(facts_); }

  RoundFacts facts_;
};

class Qos0Test : public RoundVerdictTest {
 protected:
  Qos0Test() : RoundVerdictTest(0) {}
};
class Qos2Test : public RoundVerdictTest {
 protected:
  Qos2Test() : RoundVerdictTest(2) {}
};

TEST_F(RoundVerdictTest, AllWell) {
  const RoundVerdict verdict = Verdict();
  EXPECT_THAT(verdict.complaints, IsEmpty());
  EXPECT_EQ(verdict.counts.accepted, 3);
  EXPECT_EQ(verdict.counts.deliveries, 3);
  EXPECT_EQ(verdict.counts.arrivals, 3);
  EXPECT_EQ(verdict.counts.attempts, 3);
}

TEST_F(RoundVerdictTest, DeliveredAndNeverArrivedIsLost) {
  facts_.ledger.arrivals.erase(facts_.ledger.arrivals.begin() + 1);
  facts_.subscriptions[0].struck = true;  // excuses QoS 0 only
  EXPECT_EQ(Verdict().counts.lost, 1);
  EXPECT_THAT(Verdict().complaints,
              ElementsAre(HasSubstr("delivered, never arrived")));
}

TEST_F(RoundVerdictTest, AcceptedAndNotInTheHistoryIsLost) {
  history().deliveries.erase(history().deliveries.begin());
  EXPECT_EQ(Verdict().counts.lost, 1);
}

TEST_F(RoundVerdictTest, EveryOtherEndAtQos1IsLost) {
  for (const auto state :
       {v1::Delivery::WAITING, v1::Delivery::IN_FLIGHT, v1::Delivery::RETRYING,
        v1::Delivery::PARKED, v1::Delivery::EXPIRED, v1::Delivery::DISCARDED}) {
    history().deliveries[0].set_state(state);
    LastAttempt(0).set_outcome(v1::Attempt::FAILED);
    EXPECT_EQ(Verdict().counts.lost, 1) << state;
  }
}

TEST_F(RoundVerdictTest, ReorderedFirstDeliveries) {
  std::swap(facts_.ledger.arrivals[0], facts_.ledger.arrivals[1]);
  EXPECT_EQ(Verdict().counts.reordered, 1);
}

TEST_F(RoundVerdictTest, ARepetitionMayComeLate) {
  AddAttempt(0);
  Arrive(0);
  EXPECT_THAT(Verdict().complaints, IsEmpty());
  EXPECT_EQ(Verdict().counts.duplicates[1], 1);
  EXPECT_EQ(Verdict().counts.failed_attempts, 1);
}

TEST_F(RoundVerdictTest, TopicsAndBrokersAreOrderedByThemselves) {
  facts_.ledger.arrivals[0].broker = 1;
  std::swap(facts_.ledger.arrivals[0], facts_.ledger.arrivals[1]);
  EXPECT_THAT(Verdict().complaints, IsEmpty());
}

TEST_F(RoundVerdictTest, ArrivedMoreOftenThanAttempted) {
  Arrive(0);
  EXPECT_EQ(Verdict().counts.missing_attempts, 1);
}

TEST_F(RoundVerdictTest, AttemptsAreCounted) {
  history().deliveries[0].set_attempt_count(2);
  EXPECT_EQ(Verdict().counts.missing_attempts, 1);
}

TEST_F(RoundVerdictTest, AFailureHasAReason) {
  AddAttempt(0)->clear_error_message();
  EXPECT_EQ(Verdict().counts.unexplained, 1);
}

TEST_F(RoundVerdictTest, ArrivedAndNeverAccepted) {
  Arrive(77);
  EXPECT_EQ(Verdict().counts.unexplained, 1);
}

TEST_F(RoundVerdictTest, ArrivedWithOtherBytes) {
  facts_.ledger.arrivals[0].digest = 8;
  EXPECT_EQ(Verdict().counts.unexplained, 1);
}

TEST_F(RoundVerdictTest, ArrivedAtATopicThatNoAttemptNames) {
  facts_.ledger.arrivals[0].topic = "v4/q1/b/location";
  EXPECT_EQ(Verdict().counts.unexplained, 1);
}

TEST_F(RoundVerdictTest, ALostServiceDoesNotKnowTheTopicOfBefore) {
  facts_.ledger.arrivals[0].topic = "v4/q1/b/location";
  facts_.subscriptions[0].topic_changed = true;
  v1::Attempt* lost = AddAttempt(0);
  EXPECT_EQ(Verdict().counts.unexplained, 1) << "it does not say so";
  lost->set_error_message("the service ended (topic and QoS are those of now)");
  EXPECT_THAT(Verdict().complaints, IsEmpty());
  EXPECT_EQ(Verdict().counts.earlier_topics, 1);
  facts_.subscriptions[0].topic_changed = false;
  EXPECT_EQ(Verdict().counts.unexplained, 1) << "there was one topic only";
}

TEST_F(RoundVerdictTest, InTheHistoryAndNeverAccepted) {
  facts_.ledger.accepted.pop_back();
  facts_.ledger.arrivals.pop_back();
  EXPECT_EQ(Verdict().counts.unexplained, 1);
}

TEST_F(RoundVerdictTest, TheSumMustBeRight) {
  facts_.subscriptions[0].after.set_delivered_count(102);
  EXPECT_EQ(Verdict().counts.not_conserved, 1);
}

TEST_F(RoundVerdictTest, TheServiceMustCountWhatTheLedgerCounts) {
  facts_.subscriptions[0].after.set_accepted_count(104);
  facts_.subscriptions[0].after.set_delivered_count(104);
  EXPECT_EQ(Verdict().counts.not_conserved, 1);
}

TEST_F(Qos0Test, MayBeUnseenWhereAFaultStruck) {
  facts_.ledger.arrivals.pop_back();
  EXPECT_EQ(Verdict().counts.unexplained, 1);
  facts_.subscriptions[0].struck = true;
  EXPECT_THAT(Verdict().complaints, IsEmpty());
  EXPECT_EQ(Verdict().counts.unseen, 1);
}

TEST_F(Qos0Test, IsMissingAtTheEndOfItsConnectionOnly) {
  facts_.subscriptions[0].struck = true;
  facts_.ledger.arrivals.erase(facts_.ledger.arrivals.begin() + 1);
  for (int64_t number : {0, 1, 2}) LastAttempt(number).set_connection(1);
  EXPECT_EQ(Verdict().counts.unexplained, 1);
  EXPECT_THAT(Verdict().complaints,
              ElementsAre(HasSubstr("a later one of connection 1 did")));
  LastAttempt(2).set_connection(2);
  EXPECT_THAT(Verdict().complaints, IsEmpty());
  EXPECT_EQ(Verdict().counts.unseen, 1);
  LastAttempt(2).set_connection(1);  // of another worker
  facts_.subscriptions[0].restarted = true;
  EXPECT_THAT(Verdict().complaints, IsEmpty());
}

TEST_F(Qos0Test, IsNeverDoubled) {
  AddAttempt(0);
  Arrive(0);
  EXPECT_EQ(Verdict().counts.duplicates[0], 1);
  EXPECT_FALSE(Verdict().complaints.empty());
}

TEST_F(Qos2Test, IsNotDoubled) {
  AddAttempt(0);
  Arrive(0);
  EXPECT_EQ(Verdict().counts.duplicates[2], 1);
  EXPECT_FALSE(Verdict().complaints.empty());
}

TEST_F(Qos2Test, MayBeDoubledWhereASessionWasLostAndTheHistoryWarns) {
  AddAttempt(0);
  Arrive(0);
  facts_.subscriptions[0].session_lost = true;
  EXPECT_EQ(Verdict().counts.duplicates[2], 1) << "without a warning";
  LastAttempt(0).set_warning("the broker had lost the session");
  EXPECT_THAT(Verdict().complaints, IsEmpty());
  EXPECT_EQ(Verdict().counts.excused_duplicates, 1);
  facts_.subscriptions[0].session_lost = false;
  EXPECT_EQ(Verdict().counts.duplicates[2], 1) << "a warning without a cause";
}

TEST_F(Qos2Test, MayBeDoubledAfterAnUnansweredConnectThatTheHistoryNames) {
  AddAttempt(0);
  Arrive(0);
  facts_.subscriptions[0].unanswered = true;
  LastAttempt(0).set_warning("the broker had lost its session");
  EXPECT_EQ(Verdict().counts.duplicates[2], 1) << "another warning";
  LastAttempt(0).set_warning(
      "a connection ended before the broker said whether it still had the "
      "session");
  EXPECT_THAT(Verdict().complaints, IsEmpty());
  EXPECT_EQ(Verdict().counts.unanswered_duplicates, 1);
  facts_.subscriptions[0].unanswered = false;
  EXPECT_EQ(Verdict().counts.duplicates[2], 1) << "a warning without a cause";
}

}  // namespace
}  // namespace mqttpush::fault
