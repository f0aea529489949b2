#include "storage/sqlite/log/memory_index.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kAsset = 500;  // keys, as if hashed
constexpr int64_t kTopic = 600;

// Of a segment that begins with event 11 and attempt 101: events 11 to 13 of
// tenant 1, 14 of tenant 2; attempts 101 to 103 with start times that go back.
class MemoryIndexTest : public ::testing::Test {
 protected:
  MemoryIndexTest() : index_(11, 101) {
    index_.Add({.events = {Event(11, 1, {7}), Event(12, 1, {7, 17})}});
    index_.Add({.events = {Event(13, 1, {17}), Event(14, 2, {27})},
                .attempts = {Attempt(101, 12, 900, true),
                             Attempt(102, 11, 800, false)}});
    // The event of 103 is of an older segment, and lost.
    IndexedAttempt last = Attempt(103, 5, 850, true);
    last.event = std::nullopt;
    index_.Add({.attempts = {last},
                .exceptions = {{1, 12, 7}, {1, 5, 17}, {1, 12, 7}}});
  }
  static IndexedEvent Event(int64_t seq, int64_t tenant_uid,
                            std::vector<int64_t> uids) {
    return {.seq = seq,
            .tenant_uid = tenant_uid,
            .id_key = 1000 + seq,
            .facts = {.asset_key = kAsset + tenant_uid,
                      .type = seq == 13 ? ObjectType::kAsset
                                        : ObjectType::kLocation,
                      .accept_time_us = seq * 10,
                      .payload_bytes = seq * 100},
            .subscription_uids = std::move(uids)};
  }
  static IndexedAttempt Attempt(int64_t attempt_seq, int64_t event_seq,
                                int64_t start_time_us, bool succeeded) {
    return {.attempt_seq = attempt_seq,
            .tenant_uid = 1,
            .subscription_uid = 7,
            .event_seq = event_seq,
            .start_time_us = start_time_us,
            .succeeded = succeeded,
            .topic_key = kTopic,
            .event = EventFacts{.asset_key = kAsset + 1,
                                .type = ObjectType::kLocation}};
  }
  std::vector<int64_t> Rows(Dimension dimension, int64_t key,
                            Posting before = kLastPosting, size_t limit = 100) {
    auto postings = index_.Before(dimension, key, before, limit);
    EXPECT_TRUE(postings.ok()) << postings.status();
    std::vector<int64_t> rows;
    for (const Posting& posting : *postings) rows.push_back(posting.row);
    return rows;
  }

  MemoryIndex index_;
};

TEST_F(MemoryIndexTest, EventsAreFoundByEachOfTheirKeys) {
  EXPECT_THAT(Rows(Dimension::kEventById, 1012), ElementsAre(12));
  EXPECT_THAT(Rows(Dimension::kEventsOfTenant, 1), ElementsAre(13, 12, 11));
  EXPECT_THAT(Rows(Dimension::kEventsOfAsset, kAsset + 2), ElementsAre(14));
  EXPECT_THAT(Rows(Dimension::kEventsOfType, TypeKey(1, ObjectType::kLocation)),
              ElementsAre(12, 11));
  EXPECT_THAT(Rows(Dimension::kEventsOfSubscription, 17), ElementsAre(13, 12));
}

TEST_F(MemoryIndexTest, AttemptsOfATenantAreFoundInTheOrderOfTheirCommits) {
  EXPECT_THAT(index_.AttemptsOfTenantAfter(1, 0, 10),
              ElementsAre(101, 102, 103));
  EXPECT_THAT(index_.AttemptsOfTenantAfter(1, 101, 10), ElementsAre(102, 103));
  EXPECT_THAT(index_.AttemptsOfTenantAfter(1, 101, 1), ElementsAre(102));
  EXPECT_THAT(index_.AttemptsOfTenantAfter(1, 103, 10), IsEmpty());
  EXPECT_THAT(index_.AttemptsOfTenantAfter(2, 0, 10), IsEmpty());
}

TEST_F(MemoryIndexTest, AttemptsAreListedByStartTimeNewestFirst) {
  EXPECT_THAT(Rows(Dimension::kAttemptsOfTenant, 1),
              ElementsAre(101, 103, 102));
  EXPECT_THAT(Rows(Dimension::kAttemptsOfSubscription, 7),
              ElementsAre(101, 103, 102));
  EXPECT_THAT(Rows(Dimension::kAttemptsOfTopic, kTopic),
              ElementsAre(101, 103, 102));
  EXPECT_THAT(Rows(Dimension::kFailedAttemptsOfTenant, 1), ElementsAre(102));
}

TEST_F(MemoryIndexTest, AttemptOfALostEventHasNoAssetAndNoType) {
  EXPECT_THAT(Rows(Dimension::kAttemptsOfAsset, kAsset + 1),
              ElementsAre(101, 102));
  EXPECT_THAT(
      Rows(Dimension::kAttemptsOfType, TypeKey(1, ObjectType::kLocation)),
      ElementsAre(101, 102));
}

TEST_F(MemoryIndexTest, SuccessesAndTopicsAreListedByTheSeqOfTheEvent) {
  EXPECT_THAT(Rows(Dimension::kSuccessesOfTenant, 1), ElementsAre(101, 103));
  EXPECT_THAT(Rows(Dimension::kDeliveriesOfTopic, kTopic),
              ElementsAre(101, 102, 103));
}

TEST_F(MemoryIndexTest, AttemptsOfADeliveryComeInTheOrderOfTheirCommit) {
  index_.Add({.attempts = {Attempt(104, 12, 1, true)}});
  EXPECT_THAT(Rows(Dimension::kAttemptsOfDelivery, DeliveryKeyOf(12, 7)),
              ElementsAre(104, 101));
  EXPECT_THAT(Rows(Dimension::kAttemptsOfDelivery, DeliveryKeyOf(12, 17)),
              IsEmpty());
}

TEST_F(MemoryIndexTest, AnExceptionPutTwiceIsOne) {
  EXPECT_THAT(
      *index_.Before(Dimension::kExceptionsOfTenant, 1, kLastPosting, 100),
      ElementsAre(Posting{12, 7}, Posting{5, 17}));
}

TEST_F(MemoryIndexTest, PositionsAndLimitsHold) {
  EXPECT_THAT(Rows(Dimension::kEventsOfTenant, 1, {13, 13}),
              ElementsAre(12, 11));
  EXPECT_THAT(Rows(Dimension::kEventsOfTenant, 1, kLastPosting, 1),
              ElementsAre(13));
  EXPECT_THAT(Rows(Dimension::kEventById, 1012, {12, 12}), IsEmpty());
  EXPECT_THAT(Rows(Dimension::kExceptionsOfTenant, 1, {12, 7}),
              ElementsAre(17));
  EXPECT_THAT(*index_.After(Dimension::kAttemptsOfTenant, 1, {800, 102}, 1),
              ElementsAre(Posting{850, 103}));
}

TEST_F(MemoryIndexTest, KeysWithoutRowsHaveNothing) {
  EXPECT_THAT(Rows(Dimension::kEventById, 1), IsEmpty());
  EXPECT_THAT(Rows(Dimension::kEventsOfTenant, 3), IsEmpty());
  EXPECT_THAT(Rows(Dimension::kExceptionsOfTenant, 3), IsEmpty());
  MemoryIndex empty(1, 1);
  EXPECT_THAT(*empty.After(Dimension::kEventById, 1, kFirstPosting, 9),
              IsEmpty());
}

TEST_F(MemoryIndexTest, KnowsAssetAndTypeOfItsOwnEventsOnly) {
  EXPECT_EQ(index_.FindEvent(13),
            (EventFacts{kAsset + 1, ObjectType::kAsset, 130, 1300}));
  EXPECT_EQ(index_.FindEvent(14),
            (EventFacts{kAsset + 2, ObjectType::kLocation, 140, 1400}));
  EXPECT_FALSE(index_.FindEvent(10).has_value());
  EXPECT_FALSE(index_.FindEvent(15).has_value());
}

TEST_F(MemoryIndexTest, SummaryTellsWhatIsInTheSegment) {
  const SegmentSummary summary = index_.Summary();
  EXPECT_EQ(summary.last_event_seq, 14);
  EXPECT_EQ(summary.last_attempt_seq, 103);
  EXPECT_EQ(summary.accept_times_us.first, 110);
  EXPECT_EQ(summary.accept_times_us.last, 140);
  EXPECT_EQ(summary.start_times_us.first, 800);
  EXPECT_EQ(summary.start_times_us.last, 900);
  EXPECT_EQ(summary.attempted_seqs.first, 5);
  EXPECT_EQ(summary.attempted_seqs.last, 12);
  EXPECT_EQ(summary.exception_seqs.first, 5);
  EXPECT_EQ(summary.exception_seqs.last, 12);
  EXPECT_EQ(index_.row_count(), 9);  // a delivery was put twice
}

TEST_F(MemoryIndexTest, TalliesTellThePartOfASubscription) {
  EXPECT_EQ(index_.TallyOf(7).events, 2);
  EXPECT_EQ(index_.TallyOf(7).successes, 2);
  EXPECT_EQ(index_.TallyOf(7).attempted_seqs.first, 5);
  EXPECT_EQ(index_.TallyOf(17).events, 2);
  EXPECT_TRUE(index_.TallyOf(17).attempted_seqs.empty());
  EXPECT_EQ(index_.TallyOf(99).events, 0);
  EXPECT_TRUE(index_.SummaryWithoutTallies().tallies.empty());
}

TEST(EmptyMemoryIndexTest, EndsBeforeItsBeginning) {
  const SegmentSummary summary = MemoryIndex(11, 101).Summary();
  EXPECT_EQ(summary.last_event_seq, 10);
  EXPECT_EQ(summary.last_attempt_seq, 100);
  EXPECT_TRUE(summary.accept_times_us.empty());
}

// Of one key, and begun ever earlier, so that a read sorts all of them.
class LargeMemoryIndexTest : public MemoryIndexTest {
 protected:
  static constexpr int kRows = 4 * MemoryIndex::kPostingsAtOnce;
  LargeMemoryIndexTest() {
    IndexedRows rows;
    for (int i = 0; i < kRows; ++i) {
      rows.events.push_back(Event(1 + i, 1, {7}));
      rows.attempts.push_back(Attempt(1 + i, 1 + i, kRows - i, true));
      rows.exceptions.push_back({1, 1 + i, 7});
    }
    large_.Add(rows);
  }
  MemoryIndex large_{1, 1};
};

TEST_F(LargeMemoryIndexTest, LetsOthersReadWhileItIsBeingSealed) {
  for (Dimension dimension :
       {Dimension::kEventById, Dimension::kEventsOfTenant,
        Dimension::kAttemptsOfTenant, Dimension::kExceptionsOfTenant}) {
    int times = 0;
    const auto sorted = large_.Sorted(dimension, [&] {
      ++times;
      EXPECT_TRUE(large_.FindEvent(1).has_value());
    });
    EXPECT_EQ(times, 4) << static_cast<int>(dimension);
    EXPECT_EQ(sorted.size(), kRows);
  }
}

TEST_F(LargeMemoryIndexTest, HasEachRowOnceThoughAReadSortsThemMeanwhile) {
  const auto sorted = large_.Sorted(Dimension::kAttemptsOfTenant, [&] {
    EXPECT_TRUE(
        large_.Before(Dimension::kAttemptsOfTenant, 1, kLastPosting, 1).ok());
  });
  ASSERT_EQ(sorted.size(), kRows);
  for (int i = 0; i < kRows; ++i) {
    EXPECT_EQ(sorted[i], (KeyedPosting{1, {1 + i, kRows - i}}));
  }
}

}  // namespace
}  // namespace mqttpush
