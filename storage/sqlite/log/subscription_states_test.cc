#include "storage/sqlite/log/subscription_states.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

DeliveryException Exception(int64_t seq, DeliveryState state) {
  return {.event_seq = seq, .state = state};
}

AttemptRecord Attempt(int64_t seq, int number, bool succeeded,
                      ErrorClass error = ErrorClass::kNone) {
  return {.event_seq = seq,
          .subscription_uid = 7,
          .number = number,
          .succeeded = succeeded,
          .error_class = error};
}

// Subscription 7 of tenant 1 took events 11 to 20.
class SubscriptionStatesTest : public ::testing::Test {
 protected:
  SubscriptionStatesTest() { states_.AddAccepted({7, "sub-7"}, 1, 11, 10); }
  // As "12:R 15:P".
  std::vector<std::string> Exceptions() {
    std::vector<std::string> words;
    for (const auto& exception : states_.Recover(7, 0).exceptions) {
      words.push_back(absl::StrCat(exception.event_seq, ":",
                                   static_cast<int>(exception.state)));
    }
    return words;
  }
  std::vector<int64_t> Attempted() {
    std::vector<int64_t> seqs;
    for (const AttemptedEvent& event : states_.Recover(7, 0).attempted) {
      seqs.push_back(event.event_seq);
    }
    return seqs;
  }
  SubscriptionStates states_;
};

TEST_F(SubscriptionStatesTest, BeginsBeforeItsFirstEvent) {
  const SubscriptionState state = states_.Get(7);
  EXPECT_EQ(state.cursor, 10);
  EXPECT_EQ(state.sent_through, 10);
  EXPECT_EQ(state.accepted_count, 10);
  EXPECT_EQ(state.tenant_uid, 1);
  EXPECT_EQ(state.id, "sub-7");
}

TEST_F(SubscriptionStatesTest, MoreEventsLeaveTheCursorAlone) {
  states_.Apply({.subscription_uid = 7, .cursor = 12, .sent_through = 13});
  states_.AddAccepted({7, "sub-7"}, 1, 21, 2);
  EXPECT_EQ(states_.Get(7).cursor, 12);
  EXPECT_EQ(states_.Get(7).accepted_count, 12);
}

struct UpdateCase {
  std::string name;
  std::vector<DeliveryUpdate> updates;
  std::vector<std::string> exceptions;  // "event:state"
  std::vector<int64_t> attempted;
  int64_t retrying = 0;
};

class UpdateTest : public SubscriptionStatesTest,
                   public ::testing::WithParamInterface<UpdateCase> {};

TEST_P(UpdateTest, LeavesWhatIsUnderWay) {
  for (const DeliveryUpdate& update : GetParam().updates) {
    states_.Apply(update);
  }
  EXPECT_EQ(Exceptions(), GetParam().exceptions);
  EXPECT_EQ(Attempted(), GetParam().attempted);
  EXPECT_EQ(states_.Get(7).retrying_count, GetParam().retrying);
}

DeliveryUpdate Update(int64_t cursor, std::vector<AttemptRecord> attempts,
                      std::vector<DeliveryException> put = {},
                      std::vector<int64_t> erase = {}) {
  return {.subscription_uid = 7,
          .cursor = cursor,
          .sent_through = cursor,
          .attempts = std::move(attempts),
          .put_exceptions = std::move(put),
          .erase_exceptions = std::move(erase)};
}

constexpr DeliveryState kRetrying = DeliveryState::kRetrying;
constexpr DeliveryState kParked = DeliveryState::kParked;

INSTANTIATE_TEST_SUITE_P(
    Table, UpdateTest,
    ::testing::Values(
        UpdateCase{
            "DeliveredInOrder", {Update(11, {Attempt(11, 1, true)})}, {}, {}},
        UpdateCase{"DeliveredAheadOfTheCursor",
                   {Update(10, {Attempt(12, 1, true), Attempt(13, 1, true)})},
                   {},
                   {12, 13}},
        UpdateCase{"CursorPassesWhatWasAhead",
                   {Update(10, {Attempt(12, 1, true), Attempt(13, 1, true)}),
                    Update(12, {Attempt(11, 1, true)})},
                   {},
                   {13}},
        UpdateCase{
            "RetryingStaysBelowTheCursor",
            {Update(12, {Attempt(11, 1, false)}, {Exception(11, kRetrying)})},
            {"11:4"},
            {},
            1},
        UpdateCase{"EndedOneIsDroppedBelowTheCursor",
                   {Update(12, {}, {Exception(11, kParked)})},
                   {},
                   {}},
        UpdateCase{
            "EndedOneStaysAboveTheCursor",
            {Update(10, {Attempt(12, 1, false)}, {Exception(12, kParked)})},
            {"12:5"},
            {}},
        UpdateCase{"CursorPassesAnEndedOne",
                   {Update(10, {}, {Exception(12, kParked)}), Update(12, {})},
                   {},
                   {}},
        UpdateCase{"RetryingOneEnds",
                   {Update(12, {}, {Exception(11, kRetrying)}),
                    Update(12, {}, {Exception(11, kParked)})},
                   {},
                   {}},
        UpdateCase{"RetryingOneIsDelivered",
                   {Update(12, {}, {Exception(11, kRetrying)}),
                    Update(12, {Attempt(11, 2, true)}, {}, {11})},
                   {},
                   {}}),
    [](const auto& info) { return info.param.name; });

TEST_F(SubscriptionStatesTest, CountersAddUp) {
  DeliveryUpdate update = Update(11, {});
  update.newly_delivered = 1;
  update.newly_parked = 2;
  update.newly_expired = 3;
  update.newly_discarded = 4;
  EXPECT_TRUE(HasUndelivered(states_.Get(7)));
  EXPECT_EQ(states_.ListUndelivered().size(), 1u);
  states_.Apply(update);
  const SubscriptionState state = states_.Get(7);
  EXPECT_EQ(state.delivered_count, 1);
  EXPECT_EQ(state.parked_count, 2);
  EXPECT_EQ(state.expired_count, 3);
  EXPECT_EQ(state.discarded_count, 4);
  EXPECT_FALSE(HasUndelivered(state));
  EXPECT_THAT(states_.ListUndelivered(), IsEmpty());
}

TEST_F(SubscriptionStatesTest, UpdateOfAnUnknownSubscriptionDoesNothing) {
  states_.Apply({.subscription_uid = 99, .cursor = 12, .sent_through = 12});
  EXPECT_EQ(states_.Get(99).cursor, 0);
  EXPECT_EQ(states_.Recover(99, 20).state.cursor, 20);
}

TEST_F(SubscriptionStatesTest, AnsweredIsThatOfTheLastAttempt) {
  const DeliveryException retrying = Exception(11, kRetrying);
  states_.Apply(Update(12,
                       {Attempt(11, 1, false, ErrorClass::kLinkLost),
                        Attempt(11, 2, false, ErrorClass::kRejected)},
                       {retrying}));
  EXPECT_TRUE(states_.Recover(7, 0).exceptions[0].answered);
  states_.Apply(Update(12, {}, {retrying}));
  EXPECT_TRUE(states_.Recover(7, 0).exceptions[0].answered);
  states_.Apply(
      Update(12, {Attempt(11, 3, false, ErrorClass::kLinkLost)}, {retrying}));
  EXPECT_FALSE(states_.Recover(7, 0).exceptions[0].answered);
}

TEST_F(SubscriptionStatesTest, AttemptsOfAnEventCountTogether) {
  states_.Apply(Update(10, {Attempt(12, 1, false), Attempt(12, 2, true)}));
  const auto attempted = states_.Recover(7, 0).attempted;
  ASSERT_EQ(attempted.size(), 1u);
  EXPECT_EQ(attempted[0].attempt_count, 2);
  EXPECT_TRUE(attempted[0].delivered);
}

TEST_F(SubscriptionStatesTest, WhatASegmentSaysIsTakenAsItWasWritten) {
  SubscriptionStates opened;
  opened.Put(states_.Get(7));
  opened.PutException(7, Exception(12, kRetrying));
  opened.PutException(7, Exception(13, kParked));
  opened.PutException(7, Exception(5, kParked));  // below the cursor
  opened.PutException(7, Exception(14, DeliveryState::kDelivered));
  opened.PutAttempted(7, {15, 1, true});
  opened.PutAttempted(7, {12, 1, false}, true);
  opened.PutAttempted(7, {9, 1, true});  // below the cursor
  const SubscriptionRecovery recovery = opened.Recover(7, 0);
  ASSERT_EQ(recovery.exceptions.size(), 2u);
  EXPECT_TRUE(recovery.exceptions[0].answered);
  ASSERT_EQ(recovery.attempted.size(), 1u);
  EXPECT_EQ(recovery.attempted[0].event_seq, 15);
  EXPECT_EQ(recovery.state.retrying_count, 1);
}

TEST_F(SubscriptionStatesTest, AllIncludesTheAttemptsOfExceptions) {
  states_.Apply(
      Update(10, {Attempt(12, 1, false)}, {Exception(12, kRetrying)}));
  EXPECT_THAT(Attempted(), IsEmpty());
  ASSERT_EQ(states_.All().size(), 1u);
  EXPECT_EQ(states_.All()[0].attempted.size(), 1u);
}

TEST_F(SubscriptionStatesTest, AnOutboxIsEmptyOnlyAtTheEndOfACommit) {
  states_.AddOutboxBytes(1, 100);
  states_.Apply({.subscription_uid = 7,
                 .cursor = 20,
                 .sent_through = 20,
                 .newly_delivered = 10});
  states_.Apply({.subscription_uid = 7,
                 .cursor = 20,
                 .sent_through = 20,
                 .newly_delivered = -2});  // a person wants them again
  states_.AddOutboxBytes(1, -80);
  EXPECT_EQ(states_.OutboxOf(1), (Outbox{2, 20}));
}

TEST_F(SubscriptionStatesTest, AnEmptyOutboxHasNoBytes) {
  states_.AddOutboxBytes(1, 100);
  states_.Apply({.subscription_uid = 7,
                 .cursor = 20,
                 .sent_through = 20,
                 .newly_delivered = 10});
  states_.AddOutboxBytes(1, -90);  // one of them was lost
  EXPECT_EQ(states_.OutboxOf(1), (Outbox{0, 0}));
}

TEST_F(SubscriptionStatesTest, TenantsHaveTheirOwn) {
  states_.AddAccepted({8, "sub-8"}, 2, 1, 1);
  states_.AddAccepted({6, "sub-6"}, 1, 1, 1);
  ASSERT_EQ(states_.OfTenant(1).size(), 2u);
  EXPECT_EQ(states_.OfTenant(1)[0].uid, 6);
  EXPECT_EQ(states_.OfTenant(2)[0].id, "sub-8");
  EXPECT_THAT(states_.OfTenant(3), IsEmpty());
}

}  // namespace
}  // namespace mqttpush
