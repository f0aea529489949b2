#include "storage/sqlite/log/segment_group.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/segment_fixture.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

SegmentPtr OfNumber(int64_t number, bool sealed) {
  auto segment = std::make_shared<Segment>();
  segment->number = number;
  if (!sealed) segment->memory = std::make_shared<MemoryIndex>(1, 1);
  return segment;
}

// Up to `last`, the newest one; sealed but for it and `unsealed`.
Segments UpTo(int64_t first, int64_t last, int64_t unsealed = 0) {
  Segments segments;
  for (int64_t number = first; number <= last; ++number) {
    segments.push_back(OfNumber(number, number != last && number != unsealed));
  }
  return segments;
}

TEST(SegmentGroupTest, SixteenNeighboursAreAGroup) {
  EXPECT_FALSE(EndsGroup(14));
  EXPECT_TRUE(EndsGroup(15));
  EXPECT_FALSE(EndsGroup(16));
  EXPECT_TRUE(EndsGroup(31));
  const SegmentGroup group = GroupOf(UpTo(1, 40), 20);
  ASSERT_EQ(group.segments.size(), 16u);
  EXPECT_EQ(group.segments.front()->number, 16);
  EXPECT_EQ(group.segments.back()->number, 31);
  EXPECT_TRUE(group.complete);
}

TEST(SegmentGroupTest, IsCompleteWhenNoSegmentOfItIsOpen) {
  const struct {
    Segments segments;
    bool complete;
  } kCases[] = {{UpTo(16, 31), false},      // the newest is one of it
                {UpTo(16, 32), true},       //
                {UpTo(16, 32, 20), false},  // one is being sealed
                {UpTo(16, 33, 32), true},   // one of the next group is
                {UpTo(30, 32), true},       // the others were dropped
                {UpTo(40, 41), false}};     // all were
  for (const auto& c : kCases) {
    EXPECT_EQ(GroupOf(c.segments, 18).complete, c.complete)
        << c.segments.front()->number << " to " << c.segments.back()->number;
  }
}

class GroupFilterTest : public ::testing::Test {
 protected:
  // Of 300 events, more than an index block holds.
  SegmentPtr Make(int64_t number, const std::string& prefix) {
    SegmentFixture segment(temp_.File(absl::StrCat(number, ".db")), number);
    for (int i = 0; i < kEvents; ++i) {
      segment.AddEvent(MakeEvent(absl::StrCat(prefix, i), {7}));
    }
    return segment.Seal();
  }
  static int CountIn(const KeyFilter& filter, const std::string& prefix) {
    int count = 0;
    for (int i = 0; i < kEvents; ++i) {
      count += filter.MayContain(Dimension::kEventById,
                                 TextKey(1, absl::StrCat(prefix, i)));
    }
    return count;
  }
  static constexpr int kEvents = 300;
  TempDir temp_;
  SegmentReaders readers_;
};

TEST_F(GroupFilterTest, HoldsTheIdsOfAllItsSegments) {
  const auto filter =
      MakeGroupFilter({{Make(1, "a"), Make(2, "b")}, true}, readers_);
  ASSERT_TRUE(filter.ok()) << filter.status();
  EXPECT_EQ(CountIn(**filter, "a"), kEvents);
  EXPECT_EQ(CountIn(**filter, "b"), kEvents);
  EXPECT_LT(CountIn(**filter, "c"), kEvents / 20);
}

TEST_F(GroupFilterTest, LeavesOutWhatIsBeyondTheWindowOfDuplicates) {
  auto old = std::make_shared<Segment>(*Make(1, "a"));
  old->filter = nullptr;
  EXPECT_FALSE(InGroupFilter(*old));
  const auto filter = MakeGroupFilter({{old, Make(2, "b")}, true}, readers_);
  ASSERT_TRUE(filter.ok()) << filter.status();
  EXPECT_LT(CountIn(**filter, "a"), kEvents / 20);
  EXPECT_EQ(CountIn(**filter, "b"), kEvents);
}

}  // namespace
}  // namespace mqttpush
