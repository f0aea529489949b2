#include "workers/dispatch/attempt_evidence.h"

#include "common/limits.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using worker::v1::Result;

AttemptRecord Asked() {
  AttemptRecord attempt;
  attempt.topic = "asked";
  attempt.qos = attempt.requested_qos = Qos::kAtLeastOnce;
  attempt.subscription_revision = 5;
  return attempt;
}

TEST(AttemptEvidenceTest, TakesAllThatTheWorkerSays) {
  Result result;
  result.set_outcome(Result::REJECTED);
  result.set_start_time_us(1000000);
  result.set_duration_us(2500);
  result.set_packet_id(9);
  result.set_reason_code(0x97);
  result.set_error_message("error");
  result.set_broker_address("192.0.2.7:1883");
  result.set_session_present(true);
  result.set_reason_string("quota of 5");
  result.set_duplicate_flag(true);
  result.set_connection(4);
  result.set_pubrec_time_us(1001000);
  result.set_ack_time_us(1002000);
  result.set_warning("may arrive twice");
  AttemptRecord attempt = Asked();
  AddEvidence(result, attempt);
  EXPECT_FALSE(attempt.succeeded);
  EXPECT_EQ(attempt.error_class, ErrorClass::kRejected);
  EXPECT_EQ(attempt.start_time, absl::FromUnixSeconds(1));
  EXPECT_EQ(attempt.duration, absl::Microseconds(2500));
  EXPECT_EQ(attempt.packet_id, 9);
  EXPECT_EQ(attempt.reason_code, 0x97);
  EXPECT_EQ(attempt.error_message, "error");
  EXPECT_EQ(attempt.broker_address, "192.0.2.7:1883");
  EXPECT_TRUE(attempt.session_present);
  EXPECT_EQ(attempt.reason_string, "quota of 5");
  EXPECT_TRUE(attempt.duplicate_flag);
  EXPECT_EQ(attempt.connection, 4);
  EXPECT_EQ(attempt.pubrec_time, absl::FromUnixMicros(1001000));
  EXPECT_EQ(attempt.ack_time, absl::FromUnixMicros(1002000));
  EXPECT_EQ(attempt.warning, "may arrive twice");
  EXPECT_EQ(attempt.topic, "asked");
  EXPECT_EQ(attempt.qos, Qos::kAtLeastOnce);
  EXPECT_EQ(attempt.subscription_revision, 5);
}

TEST(AttemptEvidenceTest, WhatWentOutBeforeAChangeIsWhatWasSent) {
  Result result;
  result.set_outcome(Result::SUCCEEDED);
  result.mutable_sent_as()->set_topic("before");
  result.mutable_sent_as()->set_qos(2);
  result.mutable_sent_as()->set_subscription_revision(4);
  AttemptRecord attempt = Asked();
  AddEvidence(result, attempt);
  EXPECT_TRUE(attempt.succeeded);
  EXPECT_EQ(attempt.topic, "before");
  EXPECT_EQ(attempt.qos, Qos::kExactlyOnce);
  EXPECT_EQ(attempt.requested_qos, Qos::kAtLeastOnce);
  EXPECT_EQ(attempt.subscription_revision, 4);
}

TEST(AttemptEvidenceTest, WhatDidNotComeHasNoTime) {
  AttemptRecord attempt = Asked();
  AddEvidence(Result(), attempt);
  EXPECT_EQ(attempt.pubrec_time, absl::InfinitePast());
  EXPECT_EQ(attempt.ack_time, absl::InfinitePast());
}

TEST(AttemptEvidenceTest, TextsOfOthersAreCut) {
  Result result;
  const std::string long_text(limits::kMaxErrorMessageBytes + 1, 'x');
  result.set_error_message(long_text);
  result.set_reason_string(long_text);
  result.set_warning(long_text);
  AttemptRecord attempt = Asked();
  AddEvidence(result, attempt);
  EXPECT_EQ(attempt.error_message.size(), limits::kMaxErrorMessageBytes);
  EXPECT_EQ(attempt.reason_string.size(), limits::kMaxErrorMessageBytes);
  EXPECT_EQ(attempt.warning.size(), limits::kMaxErrorMessageBytes);
}

TEST(AttemptEvidenceTest, OutcomesHaveTheirErrorClass) {
  const std::pair<Result::Outcome, ErrorClass> kTable[] = {
      {Result::SUCCEEDED, ErrorClass::kNone},
      {Result::REJECTED, ErrorClass::kRejected},
      {Result::LINK_LOST, ErrorClass::kLinkLost},
      {Result::ACK_TIMEOUT, ErrorClass::kAckTimeout},
      {Result::CLIENT_ERROR, ErrorClass::kClientError}};
  for (const auto& [outcome, error_class] : kTable) {
    Result result;
    result.set_outcome(outcome);
    AttemptRecord attempt = Asked();
    AddEvidence(result, attempt);
    EXPECT_EQ(attempt.error_class, error_class) << outcome;
    EXPECT_EQ(attempt.succeeded, outcome == Result::SUCCEEDED);
  }
}

}  // namespace
}  // namespace mqttpush
