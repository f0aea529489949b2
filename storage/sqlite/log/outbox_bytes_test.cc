#include "storage/sqlite/log/outbox_bytes.h"

#include <ostream>

#include "gtest/gtest.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {

void PrintTo(const Outbox& outbox, std::ostream* out) {
  *out << outbox.events << " events, " << outbox.bytes << " bytes";
}

namespace {

// Events 1, 2, 3, ... have payloads of 1, 10, 100, ... bytes, so that a sum
// tells which are in it. In one segment, and in segments of a few rows.
class OutboxTest : public ::testing::TestWithParam<int64_t> {
 protected:
  OutboxTest() { Open(); }
  void Open() {
    log_.reset();
    auto log = SqliteEventLog::Open(
        temp_.File("log"), {.segment_rows = GetParam()}, Clock::Real());
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
  }
  void Append(int count, const std::vector<int64_t>& uids) {
    for (int i = 0; i < count; ++i) {
      NewEvent event = MakeEvent(std::to_string(events_++), uids);
      event.payload.assign(next_bytes_, 'x');
      next_bytes_ *= 10;
      ASSERT_TRUE(AppendAndWait(*log_, {event}).ok());
    }
  }
  static DeliveryUpdate Update(int64_t cursor) {
    return {.subscription_uid = 7, .cursor = cursor, .sent_through = cursor};
  }
  static AttemptRecord Attempt(int64_t seq, bool succeeded) {
    return {.event_seq = seq, .subscription_uid = 7, .succeeded = succeeded};
  }
  void Commit(const DeliveryUpdate& update) {
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  }
  void Deliver(int64_t seq, int64_t cursor) {
    DeliveryUpdate update = Update(cursor);
    update.attempts = {Attempt(seq, true)};
    update.newly_delivered = 1;
    Commit(update);
  }
  void Put(const DeliveryException& exception, int64_t cursor) {
    DeliveryUpdate update = Update(cursor);
    update.put_exceptions = {exception};
    update.newly_parked = exception.state == DeliveryState::kParked;
    update.newly_expired = exception.state == DeliveryState::kExpired;
    Commit(update);
  }
  // It is the same after a restart.
  void Expect(const Outbox& expected) {
    EXPECT_EQ(log_->GetOutbox(1), expected);
    log_->WaitUntilSealed();
    Open();
    EXPECT_EQ(log_->GetOutbox(1), expected) << "after a restart";
  }

  TempDir temp_;
  int events_ = 0;
  size_t next_bytes_ = 1;
  std::unique_ptr<SqliteEventLog> log_;
};

INSTANTIATE_TEST_SUITE_P(SegmentRows, OutboxTest,
                         ::testing::Values(1, 3, 400'000));

TEST_P(OutboxTest, IsEmptyAtFirst) { Expect({0, 0}); }

TEST_P(OutboxTest, CountsAnEventOnceForEachSubscription) {
  Append(2, {7});
  Expect({2, 11});
  Append(1, {7, 8});
  Expect({4, 211});
}

TEST_P(OutboxTest, ADuplicateIsNotInIt) {
  Append(1, {7});
  ASSERT_TRUE(AppendAndWait(*log_, {MakeEvent("0", {7})}).ok());
  Expect({1, 1});
}

TEST_P(OutboxTest, WhatEndsLeavesIt) {
  Append(5, {7});
  Deliver(1, 1);
  Expect({4, 11110});
  Put({.event_seq = 2, .state = DeliveryState::kParked}, 2);
  Expect({3, 11100});
  Put({.event_seq = 3,
       .state = DeliveryState::kExpired,
       .ending = {EndReason::kOutboxFull}},
      3);
  Expect({2, 11000});
}

TEST_P(OutboxTest, WhatEndsAheadOfTheCursorLeavesIt) {
  Append(5, {7});
  Deliver(3, 0);
  Expect({4, 11011});
  Put({.event_seq = 5, .state = DeliveryState::kParked}, 0);
  Expect({3, 1011});
}

TEST_P(OutboxTest, WhatIsRetriedStays) {
  Append(4, {7});
  DeliveryUpdate refused = Update(2);
  refused.attempts = {Attempt(1, true), Attempt(2, false)};
  refused.newly_delivered = 1;
  refused.put_exceptions = {{.event_seq = 2}};
  Commit(refused);
  Expect({3, 1110});
  Put({.event_seq = 4}, 2);  // above the cursor
  Expect({3, 1110});
}

TEST_P(OutboxTest, WhatIsSentAgainComesBack) {
  Append(3, {7});
  Deliver(1, 1);
  Put({.event_seq = 2, .state = DeliveryState::kParked}, 2);
  Expect({1, 100});
  DeliveryUpdate again = Update(2);
  again.put_exceptions = {{.event_seq = 1}, {.event_seq = 2}};
  again.reopened = {{1, DeliveryState::kDelivered},
                    {2, DeliveryState::kParked}};
  again.newly_delivered = -1;
  again.newly_parked = -1;
  Commit(again);
  Expect({3, 111});
}

TEST_P(OutboxTest, TenantsHaveTheirOwn) {
  Append(1, {7});
  NewEvent other = MakeEvent("other", {9});
  other.tenant_uid = 2;
  ASSERT_TRUE(AppendAndWait(*log_, {other}).ok());
  Expect({1, 1});
  EXPECT_EQ(log_->GetOutbox(2).events, 1);
}

}  // namespace
}  // namespace mqttpush
