#include "services/history/replay_walk.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

TEST(ReplayWalkTest, WhatHadEndedWhenItWasRequestedAndCanBeSentBelongs) {
  const absl::Time created = absl::FromUnixSeconds(100);
  const SubscriptionRecord enabled;
  SubscriptionRecord paused;
  paused.paused = true;
  SubscriptionRecord disabled;
  disabled.disabled = true;
  struct Case {
    absl::Time ended;
    const SubscriptionRecord* subscription;
    bool belongs;
  };
  const Case kCases[] = {
      {absl::FromUnixSeconds(99), &enabled, true},
      {created, &enabled, true},
      {created + absl::Microseconds(1), &enabled, false},
      {absl::InfinitePast(), &enabled, true},  // the log does not know when
      {absl::FromUnixSeconds(99), &paused, true},
      {absl::FromUnixSeconds(99), &disabled, false},
      {absl::FromUnixSeconds(99), nullptr, false},
  };
  for (const Case& c : kCases) {
    DeliveryRow row;
    row.state = DeliveryState::kParked;
    row.end_time = c.ended;
    EXPECT_EQ(BelongsToReplay(row, created, c.subscription), c.belongs)
        << c.ended;
  }
}

// Of what was delivered the last attempt says when.
TEST(ReplayWalkTest, WhatWasDeliveredEndedWithItsLastAttempt) {
  const SubscriptionRecord subscription;
  DeliveryRow row;
  row.state = DeliveryState::kDelivered;
  row.last_attempt.emplace();
  row.last_attempt->start_time = absl::FromUnixSeconds(99);
  row.last_attempt->duration = absl::Seconds(2);
  EXPECT_FALSE(BelongsToReplay(row, absl::FromUnixSeconds(100), &subscription));
  EXPECT_TRUE(BelongsToReplay(row, absl::FromUnixSeconds(101), &subscription));
}

}  // namespace
}  // namespace mqttpush
