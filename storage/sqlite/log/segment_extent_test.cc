#include "storage/sqlite/log/segment_extent.h"

#include <memory>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

absl::Time At(int hour) { return absl::UnixEpoch() + absl::Hours(hour); }

// A sealed one, made at `hour`, that took events from then to half past.
std::shared_ptr<Segment> Made(int64_t number, int hour) {
  auto segment = std::make_shared<Segment>();
  segment->number = number;
  segment->create_time = At(hour);
  segment->summary.accept_times_us.Include(absl::ToUnixMicros(At(hour)));
  segment->summary.accept_times_us.Include(
      absl::ToUnixMicros(At(hour) + absl::Minutes(30)));
  return segment;
}

TEST(SegmentExtentTest, FirstOneSaysThatNothingCameBefore) {
  const LogExtent extent = ExtentOf({Made(1, 5), Made(2, 6)});
  EXPECT_EQ(extent.begin, At(5));
  EXPECT_TRUE(extent.from_the_first);
  EXPECT_TRUE(extent.gaps.empty());
}

TEST(SegmentExtentTest, ImportedEventsAreOlderThanTheirSegment) {
  auto imported = Made(1, 5);
  imported->create_time = At(50);
  EXPECT_EQ(ExtentOf({imported}).begin, At(5));
}

TEST(SegmentExtentTest, MissingFilesAreGaps) {
  const LogExtent extent =
      ExtentOf({Made(3, 5), Made(6, 8), Made(7, 9), Made(9, 12)});
  EXPECT_EQ(extent.begin, At(5));
  EXPECT_FALSE(extent.from_the_first);
  ASSERT_EQ(extent.gaps.size(), 2);
  EXPECT_EQ(extent.gaps[0].start, At(5) + absl::Minutes(30));
  EXPECT_EQ(extent.gaps[0].end, At(8));
  EXPECT_EQ(extent.gaps[0].files, 2);
  EXPECT_EQ(extent.gaps[1].start, At(9) + absl::Minutes(30));
  EXPECT_EQ(extent.gaps[1].end, At(12));
  EXPECT_EQ(extent.gaps[1].files, 1);
}

// Retention has dropped the second: the first tells only what is undelivered.
TEST(SegmentExtentTest, OneThatOutlivedNewerOnesDoesNotCount) {
  auto kept = Made(1, 5);
  kept->outlived_newer = true;
  const LogExtent extent = ExtentOf({kept, Made(3, 7)});
  EXPECT_EQ(extent.begin, At(7));
  EXPECT_FALSE(extent.from_the_first);
  EXPECT_TRUE(extent.gaps.empty());
}

}  // namespace
}  // namespace mqttpush
