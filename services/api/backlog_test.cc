#include "services/api/backlog.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/support/fake_delivery_status.h"
#include "tests/support/fake_event_log.h"

namespace mqttpush {
namespace {

constexpr int64_t kUid = 5;

SubscriptionRecord Record() {
  SubscriptionRecord record;
  record.uid = kUid;
  record.tenant_uid = 1;
  return record;
}

// Event `seq` was accepted at second `seq`.
FakeEventLog::Subscription WithEvents(int64_t cursor, int64_t last) {
  FakeEventLog::Subscription subscription;
  subscription.recovery.state.cursor = cursor;
  subscription.recovery.state.accepted_count = last;
  subscription.recovery.state.delivered_count = cursor;
  for (int64_t seq = 1; seq <= last; ++seq) {
    EventRecord event;
    event.seq = seq;
    event.accept_time = absl::FromUnixSeconds(seq);
    subscription.events.push_back(event);
  }
  return subscription;
}

v1::Backlog Compute(FakeEventLog::Subscription subscription,
                    std::vector<int64_t> in_flight) {
  FakeEventLog log;
  log.Set(kUid, std::move(subscription));
  FakeDeliveryStatus status;
  status.SetInFlight(kUid, std::move(in_flight));
  auto backlog = ComputeBacklog(Record(), status, &log);
  EXPECT_TRUE(backlog.ok()) << backlog.status();
  return backlog.value_or(v1::Backlog());
}

TEST(BacklogTest, NothingOpen) {
  const v1::Backlog backlog = Compute(WithEvents(7, 7), {});
  EXPECT_EQ(backlog.accepted_count(), 7);
  EXPECT_EQ(backlog.delivered_count(), 7);
  EXPECT_EQ(backlog.waiting_count(), 0);
  EXPECT_FALSE(backlog.has_oldest_waiting_time());
}

TEST(BacklogTest, WaitingIsTheRestAfterTheOthers) {
  FakeEventLog::Subscription subscription = WithEvents(2, 20);
  subscription.recovery.state.parked_count = 1;
  subscription.recovery.state.delivered_count = 2;
  subscription.recovery.attempted = {{6, 1, true}, {7, 1, false}};
  ++subscription.recovery.state.delivered_count;  // 6, ahead of the cursor
  DeliveryException parked;
  parked.event_seq = 3;
  parked.state = DeliveryState::kParked;
  DeliveryException retrying;
  retrying.event_seq = 4;
  subscription.recovery.exceptions = {parked, retrying};

  const v1::Backlog backlog = Compute(std::move(subscription), {5});
  EXPECT_EQ(backlog.parked_count(), 1);
  EXPECT_EQ(backlog.retrying_count(), 1);
  EXPECT_EQ(backlog.in_flight_count(), 1);
  EXPECT_EQ(backlog.waiting_count(), 20 - 3 - 1 - 1 - 1);
  EXPECT_EQ(backlog.oldest_waiting_time().seconds(), 7);
  EXPECT_EQ(backlog.accepted_count(),
            backlog.delivered_count() + backlog.parked_count() +
                backlog.retrying_count() + backlog.in_flight_count() +
                backlog.waiting_count());
}

TEST(BacklogTest, ExpiredAndDiscardedDoNotWait) {
  FakeEventLog::Subscription subscription = WithEvents(3, 9);
  subscription.recovery.state.expired_count = 2;
  subscription.recovery.state.discarded_count = 1;
  const v1::Backlog backlog = Compute(std::move(subscription), {});
  EXPECT_EQ(backlog.expired_count(), 2);
  EXPECT_EQ(backlog.discarded_count(), 1);
  EXPECT_EQ(backlog.waiting_count(), 9 - 3 - 2 - 1);
}

TEST(BacklogTest, ARetryInFlightIsCountedOnce) {
  FakeEventLog::Subscription subscription = WithEvents(0, 1);
  DeliveryException retrying;
  retrying.event_seq = 1;
  subscription.recovery.exceptions = {retrying};
  const v1::Backlog backlog = Compute(std::move(subscription), {1});
  EXPECT_EQ(backlog.in_flight_count(), 1);
  EXPECT_EQ(backlog.retrying_count(), 0);
  EXPECT_EQ(backlog.waiting_count(), 0);
}

TEST(BacklogTest, FindsTheOldestBehindAFullWindow) {
  std::vector<int64_t> in_flight;
  for (int64_t seq = 11; seq <= 260; ++seq) in_flight.push_back(seq);
  const v1::Backlog backlog = Compute(WithEvents(10, 300), in_flight);
  EXPECT_EQ(backlog.in_flight_count(), 250);
  EXPECT_EQ(backlog.waiting_count(), 40);
  EXPECT_EQ(backlog.oldest_waiting_time().seconds(), 261);
}

// The log and the workers are asked one after the other.
TEST(BacklogTest, NeverNegative) {
  const v1::Backlog backlog = Compute(WithEvents(5, 6), {3, 4, 5, 6});
  EXPECT_EQ(backlog.in_flight_count(), 1);
  EXPECT_EQ(backlog.waiting_count(), 0);
}

TEST(BacklogTest, SaysWhenTheLogCannotBeRead) {
  FakeEventLog log;
  log.SetError(absl::InternalError("disk I/O error"));
  const auto backlog = ComputeBacklog(Record(), FakeDeliveryStatus(), &log);
  EXPECT_EQ(backlog.status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace mqttpush
