#include "services/history/retry_rules.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

TEST(RetryRulesTest, WhatHasEndedAndIsStillSubscribedToIsSentAgain) {
  const SubscriptionRecord enabled;
  SubscriptionRecord paused;
  paused.paused = true;
  SubscriptionRecord disabled;
  disabled.disabled = true;
  struct Case {
    DeliveryState state;
    const SubscriptionRecord* subscription;
    const char* message;  // "": it can be
  };
  const Case kCases[] = {
      {DeliveryState::kParked, &enabled, ""},
      {DeliveryState::kDelivered, &enabled, ""},
      {DeliveryState::kParked, &paused, ""},
      {DeliveryState::kWaiting, &enabled, "\"d\" is WAITING: only PARKED"},
      {DeliveryState::kInFlight, &enabled, "\"d\" is IN_FLIGHT: only PARKED"},
      {DeliveryState::kRetrying, &enabled, "\"d\" is RETRYING: only PARKED"},
      {DeliveryState::kExpired, &enabled, "\"d\" is EXPIRED: only PARKED"},
      {DeliveryState::kDiscarded, &enabled, "\"d\" is DISCARDED: only PARKED"},
      {DeliveryState::kDiscarded, nullptr, "\"d\" is DISCARDED: only PARKED"},
      {DeliveryState::kParked, nullptr, "has no subscription any more"},
      {DeliveryState::kDelivered, &disabled, "its subscription is disabled"},
  };
  for (const Case& c : kCases) {
    DeliveryRow row;
    row.state = c.state;
    const absl::Status status = CheckRetryable("d", row, c.subscription);
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message));
    EXPECT_EQ(status.code(), *c.message == '\0'
                                 ? absl::StatusCode::kOk
                                 : absl::StatusCode::kFailedPrecondition);
  }
}

}  // namespace
}  // namespace mqttpush
