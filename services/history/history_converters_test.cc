#include "services/history/history_converters.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

DeliveryRow Row(DeliveryState state) {
  DeliveryRow row;
  row.event.seq = 7;
  row.event.accept_time = absl::FromUnixSeconds(10);
  row.subscription_uid = 3;
  row.subscription_id = "sub";
  row.state = state;
  return row;
}

TEST(HistoryConvertersTest, SaysWhenAndWhyADeliveryEnded) {
  for (DeliveryState state : {DeliveryState::kParked, DeliveryState::kExpired,
                              DeliveryState::kDiscarded}) {
    DeliveryRow row = Row(state);
    row.end_time = absl::FromUnixSeconds(99);
    const v1::Delivery delivery = ToProto(row, "acme", "why");
    EXPECT_EQ(static_cast<int>(delivery.state()), static_cast<int>(state));
    EXPECT_EQ(delivery.complete_time().seconds(), 99);
    EXPECT_EQ(delivery.state_reason(), "why");
  }
}

TEST(HistoryConvertersTest, WhatGoesOnHasNoEnd) {
  for (DeliveryState state : {DeliveryState::kWaiting, DeliveryState::kInFlight,
                              DeliveryState::kRetrying}) {
    DeliveryRow row = Row(state);
    row.last_attempt = AttemptRecord();
    EXPECT_FALSE(ToProto(row, "acme", "").has_complete_time());
  }
}

// The log does not say so yet: only the configuration does.
TEST(HistoryConvertersTest, DiscardedByADeletionOfThisMoment) {
  EXPECT_FALSE(
      ToProto(Row(DeliveryState::kDiscarded), "acme", "").has_complete_time());
}

// What was DELIVERED ended with its attempt; so did what was parked before
// ends were written down.
TEST(HistoryConvertersTest, EndsWithItsLastAttempt) {
  for (DeliveryState state :
       {DeliveryState::kDelivered, DeliveryState::kParked}) {
    DeliveryRow row = Row(state);
    row.last_attempt = AttemptRecord();
    row.last_attempt->start_time = absl::FromUnixSeconds(20);
    row.last_attempt->duration = absl::Seconds(2);
    EXPECT_EQ(ToProto(row, "acme", "").complete_time().seconds(), 22);
  }
}

TEST(HistoryConvertersTest, AnAttemptShowsAllItsEvidence) {
  AttemptRow row;
  row.subscription_id = "sub";
  row.object_id = "7";
  row.asset_id = "asset-1";
  row.owner_id = "owner-1";
  row.payload_bytes = 43;
  AttemptRecord& record = row.attempt;
  record.topic = "t";
  record.qos = Qos::kExactlyOnce;
  record.requested_qos = Qos::kAtLeastOnce;
  record.error_class = ErrorClass::kRejected;
  record.reason_code = 0x97;
  record.reason_string = "plan exhausted";
  record.warning = "it may arrive twice";
  record.packet_id = 5;
  record.duplicate_flag = true;
  record.manual = true;
  record.session_present = true;
  record.broker_address = "192.0.2.7:8883";
  record.connection = 4;
  record.pubrec_time = absl::FromUnixSeconds(30);
  record.ack_time = absl::FromUnixSeconds(31);
  record.subscription_revision = 8;
  record.broker_revision = 9;
  record.recording = {.ticks = 12'345'678'901,
                      .ended_delivery = true,
                      .next_attempt_time = absl::FromUnixSeconds(40)};
  const v1::Attempt attempt = ToProto(row, "acme");
  EXPECT_EQ(attempt.qos(), v1::EXACTLY_ONCE);
  EXPECT_EQ(attempt.requested_qos(), v1::AT_LEAST_ONCE);
  EXPECT_EQ(attempt.reason_code(), 0x97);
  EXPECT_EQ(attempt.reason(), "0x97 quota exceeded");
  EXPECT_EQ(attempt.reason_string(), "plan exhausted");
  EXPECT_EQ(attempt.warning(), "it may arrive twice");
  EXPECT_NE(attempt.hint(), "");
  EXPECT_EQ(attempt.packet_id(), 5);
  EXPECT_TRUE(attempt.duplicate_flag());
  EXPECT_EQ(attempt.trigger(), v1::Attempt::MANUAL);
  EXPECT_TRUE(attempt.session_present());
  EXPECT_EQ(attempt.broker_address(), "192.0.2.7:8883");
  EXPECT_EQ(attempt.connection(), 4);
  EXPECT_EQ(attempt.pubrec_time().seconds(), 30);
  EXPECT_EQ(attempt.ack_time().seconds(), 31);
  EXPECT_EQ(attempt.subscription_revision(), 8);
  EXPECT_EQ(attempt.broker_revision(), 9);
  EXPECT_EQ(attempt.record_time().seconds(), 1234);
  EXPECT_EQ(attempt.record_time().nanos(), 567'890'100);
  EXPECT_TRUE(attempt.ended_delivery());
  EXPECT_EQ(attempt.next_attempt_time().seconds(), 40);
  EXPECT_EQ(attempt.object_id(), "7");
  EXPECT_EQ(attempt.asset_id(), "asset-1");
  EXPECT_EQ(attempt.owner_id(), "owner-1");
  EXPECT_EQ(attempt.payload_bytes(), 43);
}

TEST(HistoryConvertersTest, WhatIsNotKnownIsAbsent) {
  AttemptRow row;
  row.attempt.succeeded = true;
  const v1::Attempt attempt = ToProto(row, "acme");
  EXPECT_FALSE(attempt.has_pubrec_time());
  EXPECT_FALSE(attempt.has_ack_time());
  EXPECT_FALSE(attempt.has_next_attempt_time());
  EXPECT_EQ(attempt.reason(), "");
  EXPECT_EQ(attempt.hint(), "");
}

// The numbers of the two enums are the same.
TEST(HistoryConvertersTest, ALinkCutIsShownAsSuch) {
  AttemptRow row;
  row.attempt.error_class = ErrorClass::kLinkCut;
  EXPECT_EQ(ToProto(row, "acme").error_class(), v1::Attempt::LINK_CUT);
}

}  // namespace
}  // namespace mqttpush
