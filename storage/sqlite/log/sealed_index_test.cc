#include "storage/sqlite/log/sealed_index.h"

#include <random>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/posting_block.h"
#include "storage/sqlite/log/segment_fixture.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

// A sealed segment of random rows, of which many share a key.
class SealedIndexTest : public ::testing::TestWithParam<int> {
 protected:
  SealedIndexTest()
      : random_(GetParam()), fixture_(temp_.File("1.db"), 1, 1000, 5000) {
    for (int i = 0; i < 3000; ++i) {
      AddEvent();
      while (random_() % 3 != 0) AddAttempt();
      if (random_() % 4 == 0) AddException();
    }
    sealed_ = fixture_.Seal();
    reader_ = *Reader::Open(sealed_->path, Database::Mode::kImmutable);
  }
  int64_t Below(int64_t bound) {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(bound));
  }
  void AddEvent() {
    // Ids repeat: what is beyond the duplicate window is accepted again.
    NewEvent event = MakeEvent(absl::StrCat("e", Below(2000)), {7 + Below(3)});
    event.tenant_uid = 1 + Below(2);
    event.asset_id = absl::StrCat("asset-", Below(4));
    event.object_type = static_cast<ObjectType>(1 + Below(6));
    last_seq_ = fixture_.AddEvent(event);
  }
  void AddAttempt() {
    AttemptRecord attempt;
    attempt.event_seq = last_seq_ - Below(50);
    attempt.subscription_uid = 7 + Below(3);
    attempt.start_time = absl::FromUnixMicros(last_seq_ * 10 - Below(100));
    attempt.topic = absl::StrCat("topic-", Below(3));
    attempt.succeeded = Below(2) == 0;
    fixture_.AddAttempt(1 + Below(2), attempt, absl::StrCat("asset-", Below(4)),
                        static_cast<ObjectType>(1 + Below(6)));
  }
  void AddException() {
    fixture_.AddException(
        1 + Below(2), 7 + Below(3),
        {.event_seq = last_seq_ - Below(500), .state = DeliveryState::kParked});
  }
  // A posting of the key, one beside it, or an end.
  Posting SomePosition(const std::vector<Posting>& postings) {
    if (postings.empty() || Below(8) == 0) {
      return Below(2) == 0 ? kFirstPosting : kLastPosting;
    }
    Posting at = postings[Below(static_cast<int64_t>(postings.size()))];
    at.order += Below(3) - 1;
    at.row += Below(3) - 1;
    return at;
  }
  void ExpectSameAnswers(Dimension dimension, int64_t key) {
    MemoryIndex& memory = fixture_.memory();
    SealedIndex index(reader_.get());
    const auto all = *memory.After(dimension, key, kFirstPosting, SIZE_MAX);
    EXPECT_EQ(*index.After(dimension, key, kFirstPosting, SIZE_MAX), all);
    for (size_t limit :
         {size_t{1}, size_t{2}, kMostPostingsPerBlock - 1,
          kMostPostingsPerBlock, kMostPostingsPerBlock + 1, SIZE_MAX}) {
      const Posting at = SomePosition(all);
      EXPECT_EQ(*index.Before(dimension, key, at, limit),
                *memory.Before(dimension, key, at, limit));
      EXPECT_EQ(*index.After(dimension, key, at, limit),
                *memory.After(dimension, key, at, limit));
    }
  }

  TempDir temp_;
  std::mt19937_64 random_;
  SegmentFixture fixture_;
  int64_t last_seq_ = 0;
  SegmentPtr sealed_;
  std::unique_ptr<Reader> reader_;
};

INSTANTIATE_TEST_SUITE_P(Seeds, SealedIndexTest, ::testing::Values(1, 2, 3));

TEST_P(SealedIndexTest, AnswersAsTheMemoryIndexThatItCameOf) {
  for (Dimension dimension : kAllDimensions) {
    SCOPED_TRACE(static_cast<int>(dimension));
    std::set<int64_t> keys = {0, -1, TextKey(1, "absent")};
    for (const KeyedPosting& posting : fixture_.memory().Sorted(dimension)) {
      keys.insert(posting.key);
    }
    ASSERT_GT(keys.size(), 4u);
    for (int64_t key : keys) ExpectSameAnswers(dimension, key);
  }
}

TEST_P(SealedIndexTest, KeysOfManyRowsTakeSeveralBlocks) {
  EXPECT_GT(fixture_.memory()
                .Before(Dimension::kEventsOfTenant, 1, kLastPosting, SIZE_MAX)
                ->size(),
            4 * kMostPostingsPerBlock);
}

TEST_P(SealedIndexTest, FilterHoldsEveryKey) {
  for (Dimension dimension : kAllDimensions) {
    for (const KeyedPosting& posting : fixture_.memory().Sorted(dimension)) {
      ASSERT_TRUE(sealed_->MayContain(dimension, posting.key));
    }
  }
  EXPECT_FALSE(sealed_->MayContain(Dimension::kEventsOfTenant, 77));
}

TEST_P(SealedIndexTest, ChecksumIsThatOfWhatIsInTheFile) {
  auto db = Database::Open(sealed_->path, Database::Mode::kImmutable);
  EXPECT_EQ(*IndexChecksum(*db),
            *db->QueryInt64("SELECT index_checksum FROM seal"));
}

// A first try may have written the seal, and then failed to empty the WAL.
TEST_P(SealedIndexTest, WhatIsSealedCanBeSealedAgain) {
  auto db = Database::Open(sealed_->path, Database::Mode::kReadWrite);
  auto again = SealSegment(*fixture_.segment(), *std::move(db));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)->summary.last_event_seq, last_seq_);
}

}  // namespace
}  // namespace mqttpush
