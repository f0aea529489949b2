// What retention keeps beyond its time, and what the history shows of it. A
// segment begins with every minute.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/retention_fixture.h"
#include "storage/sqlite/log/sqlite_history_reader.h"

namespace mqttpush {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Not;

class RetentionHoldTest : public RetentionFixture {
 protected:
  RetentionHoldTest() {
    options_.segment_age = absl::Minutes(1);
    Open();
  }
  void NextSegment() { clock_.Advance(options_.segment_age); }
  // Of those there are by now, what a day and an hour leave.
  std::vector<int64_t> Outlive() {
    const int64_t newest = SegmentsKept().back();
    NextSegment();
    Append(absl::StrCat("after", last_seq_), 6);
    Age(absl::Hours(25));
    std::vector<int64_t> kept = SegmentsKept();
    std::erase_if(kept, [&](int64_t number) { return number > newest; });
    return kept;
  }
  absl::StatusOr<DeliveryRow> Find(int64_t seq, int64_t uid) {
    return SqliteHistoryReader(log_.get()).GetDelivery(1, {seq, uid}, AsItIs);
  }
  std::vector<int64_t> SeqsListed(int64_t uid) {
    const auto page =
        SqliteHistoryReader(log_.get())
            .ListDeliveries({.tenant_uid = 1, .subscription_uid = uid}, {},
                            AsItIs, {}, 100);
    EXPECT_TRUE(page.ok()) << page.status();
    std::vector<int64_t> seqs;
    for (const DeliveryRow& row : page->rows) seqs.push_back(row.event.seq);
    return seqs;
  }
  static DeliveryState AsItIs(int64_t, int64_t, DeliveryState state) {
    return state;
  }
};

// The cursor of subscription 9 stays where its last event was, in a segment
// that others fill. What it takes later is of another segment.
TEST_F(RetentionHoldTest, AQuietSubscriptionHoldsNothing) {
  Deliver(Append("quiet", 9), 9);
  Deliver(Append("busy", 7), 7);
  NextSegment();
  Deliver(Append("more", 7), 7);
  EXPECT_THAT(Outlive(), IsEmpty());
}

TEST_F(RetentionHoldTest, WhatASubscriptionTakesLaterHoldsNoEarlierSegment) {
  Deliver(Append("quiet", 9), 9);
  Deliver(Append("busy", 7), 7);
  NextSegment();
  Append("later", 9);
  EXPECT_THAT(Outlive(), ElementsAre(2));
}

// Each segment has the attempt at the last event of the one before.
TEST_F(RetentionHoldTest, AWaitingEventHoldsItsOwnSegmentAlone) {
  const int64_t waits = Append("waits", 9);
  int64_t seq = Append("a", 7);
  for (const char* id : {"b", "c", "d"}) {
    NextSegment();
    Deliver(seq, 7);
    seq = Append(id, 7);
  }
  Deliver(seq, 7);
  EXPECT_THAT(Outlive(), ElementsAre(1));
  Deliver(waits, 9);
  EXPECT_THAT(Outlive(), Not(Contains(1)));
}

TEST_F(RetentionHoldTest, AttemptsAtAnEventThatIsRetryingStay) {
  const int64_t seq = Append("again and again", 7);
  Fail({.event_seq = seq, .attempt_count = 1}, 7);
  NextSegment();
  Deliver(Append("b", 7), 7);
  NextSegment();
  Fail({.event_seq = seq, .attempt_count = 2}, 7);
  NextSegment();
  Deliver(Append("c", 7), 7);
  EXPECT_THAT(Outlive(), ElementsAre(1, 3));
  Open();
  EXPECT_THAT(SegmentsKept(), Contains(3));
  DeliveryUpdate update = Attempted(seq, 7, true);
  update.erase_exceptions = {seq};
  update.newly_delivered = 1;
  Commit(update);
  EXPECT_THAT(Outlive(), Not(Contains(Le(3))));
  EXPECT_THAT(Differences(), IsEmpty());
}

// Its attempts are in another segment.
TEST_F(RetentionHoldTest, AnEventThatIsRetryingHoldsItsOwnSegment) {
  const int64_t seq = Append("refused later", 7);
  NextSegment();
  Fail({.event_seq = seq, .attempt_count = 1}, 7);
  NextSegment();
  Deliver(Append("b", 7), 7);
  EXPECT_THAT(Outlive(), ElementsAre(1, 2));
}

// The link was lost, so that it is no exception.
TEST_F(RetentionHoldTest, AttemptsAtAnEventThatWaitsAgainStay) {
  const int64_t seq = Append("lost again and again", 9);
  NextSegment();
  Deliver(Append("b", 7), 7);
  NextSegment();
  DeliveryUpdate update = Attempted(seq, 9, false);
  update.cursor = seq - 1;
  Commit(update);
  EXPECT_THAT(Outlive(), ElementsAre(1, 3));
  Open();
  EXPECT_THAT(SegmentsKept(), Contains(3));
}

TEST_F(RetentionHoldTest, WhatSomebodyHoldsStays) {
  const int64_t seq = Append("to be sent again", 7);
  Deliver(seq, 7);
  NextSegment();
  Deliver(Append("b", 7), 7);
  auto hold = log_->HoldEvent(seq);
  ASSERT_TRUE(hold.ok()) << hold.status();
  EXPECT_THAT(Outlive(), ElementsAre(1));
  EXPECT_TRUE(log_->ReadEvent(seq).ok());
  *hold = nullptr;
  EXPECT_THAT(Outlive(), Not(Contains(1)));
  EXPECT_THAT(Differences(), IsEmpty());
}

// Their subscription was deleted.
TEST_F(RetentionHoldTest, WhatWasDiscardedHoldsNothing) {
  const int64_t seq = Append("nobody wants it", 9);
  Commit({.subscription_uid = 9,
          .cursor = seq,
          .sent_through = seq,
          .put_exceptions = {{.event_seq = seq,
                              .state = DeliveryState::kDiscarded,
                              .ending = {EndReason::kSubscriptionDeleted}}},
          .newly_discarded = 1});
  NextSegment();
  EXPECT_THAT(Outlive(), IsEmpty());
}

// The row that says PARKED is dropped, and the cursor alone would say
// DELIVERED.
TEST_F(RetentionHoldTest, WhatEndedBesideAWaitingEventIsNotShownAnyMore) {
  const int64_t waits = Append("waits", 9);
  const int64_t parked = Append("parked", 7);
  NextSegment();
  Fail({.event_seq = parked, .state = DeliveryState::kParked}, 7);
  EXPECT_EQ(Find(parked, 7)->state, DeliveryState::kParked);
  EXPECT_FALSE(Find(waits, 9)->others_dropped);
  EXPECT_THAT(Outlive(), ElementsAre(1));
  for (int opened = 0; opened < 2; ++opened) {
    EXPECT_TRUE(absl::IsNotFound(Find(parked, 7).status()));
    EXPECT_THAT(SeqsListed(7), IsEmpty());
    EXPECT_EQ(Find(waits, 9)->state, DeliveryState::kWaiting);
    EXPECT_TRUE(Find(waits, 9)->others_dropped);
    EXPECT_THAT(SeqsListed(9), ElementsAre(waits));
    EXPECT_THAT(Differences(), IsEmpty());
    Open();
  }
}

}  // namespace
}  // namespace mqttpush
