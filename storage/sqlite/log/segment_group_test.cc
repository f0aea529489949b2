#include "storage/sqlite/log/segment_group.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/group_filter_file.h"
#include "storage/sqlite/log/segment_fixture.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

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
  EXPECT_EQ(GroupNumber(15), 0);
  EXPECT_EQ(GroupNumber(16), 1);
  EXPECT_EQ(GroupNumber(31), 1);
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

// Segments 1 to 47, of three groups.
class GroupsToCompleteTest : public GroupFilterTest {
 protected:
  GroupsToCompleteTest() {
    for (int64_t number = 1; number <= 47; ++number) {
      auto one = std::make_shared<Segment>(*OfNumber(number, number != 47));
      one->summary.accept_times_us = {number, number};
      one->filter = number < 16 ? nullptr : filter_;
      one->group_filter = one->filter;
      one->group_file = file_;
      segments_.push_back(std::move(one));
    }
  }
  Segment& Of(int64_t number) { return *segments_[number - 1]; }
  std::vector<int64_t> LastNumbers() {
    std::vector<int64_t> numbers;
    for (const SegmentGroup& group :
         GroupsToComplete({segments_.begin(), segments_.end()})) {
      EXPECT_TRUE(group.complete);
      numbers.push_back(group.segments.back()->number);
    }
    return numbers;
  }
  const std::shared_ptr<const KeyFilter> filter_ =
      std::make_shared<const KeyFilter>(1);
  const std::shared_ptr<const GroupFilterFile> file_ =
      *GroupFilterFile::Make(temp_.File("filter"), {{Make(1, "a")}, true});
  std::vector<std::shared_ptr<Segment>> segments_;
};

TEST_F(GroupsToCompleteTest, NoneThatHasWhatItShouldHave) {
  EXPECT_THAT(LastNumbers(), IsEmpty());
}

TEST_F(GroupsToCompleteTest, ThoseWithoutAFile) {
  Of(15).group_file = nullptr;
  Of(20).group_file = nullptr;
  Of(40).group_file = nullptr;  // of a group that is not complete
  EXPECT_THAT(LastNumbers(), ElementsAre(15, 31));
}

TEST_F(GroupsToCompleteTest, ThoseOfTheWindowWithoutAFilter) {
  Of(16).group_filter = nullptr;
  EXPECT_THAT(LastNumbers(), ElementsAre(31));
}

TEST_F(GroupsToCompleteTest, AlsoWhenTheirLastSegmentsAreGone) {
  Of(20).group_file = nullptr;
  segments_.erase(segments_.begin() + 29, segments_.begin() + 31);
  EXPECT_THAT(LastNumbers(), ElementsAre(29));
}

}  // namespace
}  // namespace mqttpush
