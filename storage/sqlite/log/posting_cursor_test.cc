#include "storage/sqlite/log/posting_cursor.h"

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/segment_fixture.h"
#include "storage/sqlite/log/segment_store.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Sealed segments of 10 events each, of tenant 1, and one in memory.
class PostingCursorTest : public ::testing::Test {
 protected:
  PostingCursorTest() { store_ = *SegmentStore::Open(temp_.File("log")); }
  std::unique_ptr<SegmentFixture> Begin() {
    ++number_;
    return std::make_unique<SegmentFixture>(store_->PathOf(number_), number_,
                                            next_event_seq_, next_attempt_seq_);
  }
  void AddEvents(SegmentFixture& segment, int count) {
    for (int i = 0; i < count; ++i) {
      NewEvent event = MakeEvent("e" + std::to_string(next_event_seq_), {7});
      event.asset_id = "asset-" + std::to_string(number_);
      next_event_seq_ = segment.AddEvent(event) + 1;
    }
  }
  // Of event 1, started at these seconds.
  void AddAttempts(SegmentFixture& segment, std::vector<int64_t> starts) {
    for (int64_t start : starts) {
      next_attempt_seq_ =
          1 + segment.AddAttempt(1,
                                 {.event_seq = 1,
                                  .subscription_uid = 7,
                                  .start_time = absl::FromUnixSeconds(start),
                                  .topic = "t"},
                                 "asset-1", ObjectType::kLocation);
    }
  }
  void AddSealed(std::vector<int64_t> starts = {}) {
    auto segment = Begin();
    AddEvents(*segment, 10);
    AddAttempts(*segment, std::move(starts));
    store_->list().Append(segment->Seal());
  }
  // What a look into it would trip over.
  void LoseFile(int64_t number) {
    std::filesystem::remove(store_->PathOf(number));
  }
  static std::vector<int64_t> Orders(
      ReadSession& session, PostingQuery query, int limit = 1000,
      Direction direction = Direction::kNewestFirst) {
    PostingCursor cursor(&session, query, direction);
    std::vector<int64_t> orders;
    for (int i = 0; i < limit; ++i) {
      auto found = cursor.Next();
      EXPECT_TRUE(found.ok()) << found.status();
      if (!found.ok() || !found->has_value()) return orders;
      orders.push_back((*found)->posting.order);
    }
    return orders;
  }
  std::vector<int64_t> Orders(PostingQuery query, int limit = 1000) {
    ReadSession session(store_.get());
    return Orders(session, query, limit);
  }

  std::vector<int64_t> OldestFirst(PostingQuery query, int limit = 1000) {
    ReadSession session(store_.get());
    return Orders(session, query, limit, Direction::kOldestFirst);
  }

  TempDir temp_;
  std::unique_ptr<SegmentStore> store_;
  int64_t number_ = 0;
  int64_t next_event_seq_ = 1;
  int64_t next_attempt_seq_ = 1;
};

TEST_F(PostingCursorTest, GoesFromTheNewestSegmentToTheOldest) {
  AddSealed();
  AddSealed();
  auto newest = Begin();
  AddEvents(*newest, 5);
  store_->list().Append(newest->segment());
  const auto orders =
      Orders({.dimension = Dimension::kEventsOfTenant, .key = 1});
  ASSERT_EQ(orders.size(), 25u);
  for (int i = 0; i < 25; ++i) EXPECT_EQ(orders[i], 25 - i);
}

TEST_F(PostingCursorTest, SessionKeepsFewSegmentsOpen) {
  const size_t kSegments = ReadSession::kMostOpen + 5;
  for (size_t i = 0; i < kSegments; ++i) AddSealed();
  ReadSession session(store_.get());
  const auto orders = Orders(
      session, {.dimension = Dimension::kEventsOfTenant, .key = 1}, 100'000);
  EXPECT_EQ(orders.size(), 10 * kSegments);
  EXPECT_EQ(session.open_count(), ReadSession::kMostOpen);
  EXPECT_TRUE(session.FindEvent(next_event_seq_ - 1)->has_value());
}

TEST_F(PostingCursorTest, MergesAttemptsWhoseTimesOverlapOverSegments) {
  AddSealed({10, 40, 20});
  AddSealed({30, 50, 15});
  std::vector<int64_t> orders =
      Orders({.dimension = Dimension::kAttemptsOfTenant, .key = 1});
  for (int64_t& order : orders) order /= 1'000'000;
  EXPECT_THAT(orders, ElementsAre(50, 40, 30, 20, 15, 10));
}

TEST_F(PostingCursorTest, ReadsMoreThanOneRefillOfASegment) {
  auto segment = Begin();
  AddEvents(*segment, 1000);
  store_->list().Append(segment->Seal());
  EXPECT_EQ(Orders({.dimension = Dimension::kEventsOfTenant, .key = 1}).size(),
            1000u);
}

TEST_F(PostingCursorTest, BoundsHold) {
  AddSealed();
  AddSealed();
  EXPECT_THAT(Orders({.dimension = Dimension::kEventsOfTenant,
                      .key = 1,
                      .before = {13, 13},
                      .oldest_order = 9}),
              ElementsAre(12, 11, 10, 9));
  EXPECT_THAT(Orders({.dimension = Dimension::kEventsOfTenant, .key = 2}),
              IsEmpty());
}

TEST_F(PostingCursorTest, SegmentsOutsideTheRangeAreNotOpened) {
  for (int i = 0; i < 3; ++i) AddSealed();
  LoseFile(1);
  LoseFile(3);
  EXPECT_EQ(Orders({.dimension = Dimension::kEventsOfTenant,
                    .key = 1,
                    .before = {20, kLastPosting.row},
                    .oldest_order = 11})
                .size(),
            10u);
}

TEST_F(PostingCursorTest, SegmentsWithoutTheKeyAreNotOpened) {
  for (int i = 0; i < 3; ++i) AddSealed();
  LoseFile(1);
  LoseFile(3);
  EXPECT_EQ(Orders({.dimension = Dimension::kEventsOfAsset,
                    .key = TextKey(1, "asset-2")})
                .size(),
            10u);
}

TEST_F(PostingCursorTest, OlderSegmentsAreNotOpenedBeforeTheirTurn) {
  for (int i = 0; i < 3; ++i) AddSealed();
  LoseFile(1);
  LoseFile(2);
  EXPECT_EQ(
      Orders({.dimension = Dimension::kEventsOfTenant, .key = 1}, 10).size(),
      10u);
}

TEST_F(PostingCursorTest, WhatIsAddedMeanwhileDoesNotBreakTheOrder) {
  AddSealed({10, 90});
  auto newest = Begin();
  AddAttempts(*newest, {50});
  store_->list().Append(newest->segment());
  ReadSession session(store_.get());
  PostingCursor cursor(&session,
                       {.dimension = Dimension::kAttemptsOfTenant, .key = 1});
  EXPECT_EQ((**cursor.Next()).posting.order, 90'000'000);
  AddAttempts(*newest, {95, 40});
  EXPECT_EQ((**cursor.Next()).posting.order, 50'000'000);
  EXPECT_EQ((**cursor.Next()).posting.order, 40'000'000);
  EXPECT_EQ((**cursor.Next()).posting.order, 10'000'000);
  EXPECT_FALSE((*cursor.Next()).has_value());
}

TEST_F(PostingCursorTest, GoesTheOtherWayToo) {
  AddSealed({10, 40, 20});
  AddSealed({30, 50, 15});
  auto newest = Begin();
  AddEvents(*newest, 100);
  store_->list().Append(newest->segment());
  const auto events =
      OldestFirst({.dimension = Dimension::kEventsOfTenant, .key = 1});
  ASSERT_EQ(events.size(), 120u);
  for (int i = 0; i < 120; ++i) EXPECT_EQ(events[i], i + 1);
  std::vector<int64_t> attempts =
      OldestFirst({.dimension = Dimension::kAttemptsOfTenant, .key = 1});
  for (int64_t& order : attempts) order /= 1'000'000;
  EXPECT_THAT(attempts, ElementsAre(10, 15, 20, 30, 40, 50));
}

TEST_F(PostingCursorTest, BoundsHoldTheOtherWay) {
  AddSealed();
  AddSealed();
  EXPECT_THAT(OldestFirst({.dimension = Dimension::kEventsOfTenant,
                           .key = 1,
                           .before = {13, 13},
                           .oldest_order = 9}),
              ElementsAre(9, 10, 11, 12));
}

TEST_F(PostingCursorTest, NewerSegmentsAreNotOpenedBeforeTheirTurn) {
  for (int i = 0; i < 3; ++i) AddSealed();
  LoseFile(2);
  LoseFile(3);
  EXPECT_EQ(OldestFirst({.dimension = Dimension::kEventsOfTenant, .key = 1}, 10)
                .size(),
            10u);
}

}  // namespace
}  // namespace mqttpush
