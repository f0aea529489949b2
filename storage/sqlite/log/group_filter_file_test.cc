#include "storage/sqlite/log/group_filter_file.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/segment_fixture.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

namespace fs = std::filesystem;

constexpr int kEvents = 300;

// Of two segments, each with events of its own.
class GroupFilterFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    group_ = {{Make(1, "a"), Make(2, "b")}, true};
    auto made = GroupFilterFile::Make(path_, group_);
    ASSERT_TRUE(made.ok()) << made.status();
    file_ = *made;
  }
  SegmentPtr Make(int64_t number, const std::string& prefix) {
    SegmentFixture segment(temp_.File(absl::StrCat(number, ".db")), number,
                           number * 1000, number * 1000);
    for (int i = 0; i < kEvents; ++i) {
      NewEvent event = MakeEvent(absl::StrCat(prefix, i), {7});
      event.asset_id = absl::StrCat("asset-", prefix, i);
      const int64_t seq = segment.AddEvent(event);
      segment.AddAttempt(1,
                         {.event_seq = seq,
                          .subscription_uid = 7,
                          .topic = absl::StrCat("topic-", prefix, i)},
                         event.asset_id, event.object_type);
    }
    return segment.Seal();
  }
  static int CountIn(const GroupFilterFile& file, Dimension dimension,
                     const std::string& prefix) {
    int count = 0;
    for (int i = 0; i < kEvents; ++i) {
      count += file.MayContain(
          KeyFilter::HashOf(dimension, TextKey(1, absl::StrCat(prefix, i))));
    }
    return count;
  }
  int CountIn(Dimension dimension, const std::string& prefix) const {
    return CountIn(*file_, dimension, prefix);
  }
  void Overwrite(int64_t at, size_t size) {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    file << std::string(size, '\0');
  }

  TempDir temp_;
  const std::string path_ = temp_.File("0.filter");
  SegmentGroup group_;
  std::shared_ptr<const GroupFilterFile> file_;
};

TEST_F(GroupFilterFileTest, HoldsTheKeysOfAllItsSegments) {
  for (const char* segment : {"a", "b"}) {
    const std::string asset = absl::StrCat("asset-", segment);
    EXPECT_EQ(CountIn(Dimension::kEventById, segment), kEvents);
    EXPECT_EQ(CountIn(Dimension::kEventsOfAsset, asset), kEvents);
    EXPECT_EQ(CountIn(Dimension::kAttemptsOfAsset, asset), kEvents);
    EXPECT_EQ(
        CountIn(Dimension::kAttemptsOfTopic, absl::StrCat("topic-", segment)),
        kEvents);
  }
  EXPECT_TRUE(
      file_->MayContain(KeyFilter::HashOf(Dimension::kEventsOfTenant, 1)));
}

TEST_F(GroupFilterFileTest, DeniesOthers) {
  EXPECT_LT(CountIn(Dimension::kEventById, "c"), kEvents / 20);
  EXPECT_LT(CountIn(Dimension::kEventsOfAsset, "asset-c"), kEvents / 20);
  // What is a key of one dimension is none of another.
  EXPECT_LT(CountIn(Dimension::kEventById, "asset-a"), kEvents / 20);
}

TEST_F(GroupFilterFileTest, SaysTheSameWhenItIsOpenedAgain) {
  const auto again = GroupFilterFile::Open(path_);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(CountIn(**again, Dimension::kEventById, "b"), kEvents);
  EXPECT_LT(CountIn(**again, Dimension::kEventById, "c"), kEvents / 20);
  for (const SegmentPtr& segment : group_.segments) {
    EXPECT_TRUE((*again)->Covers(*segment));
  }
  EXPECT_FALSE(fs::exists(path_ + ".new"));
}

// One of the same number may hold something else after a restore by hand.
TEST_F(GroupFilterFileTest, CoversWhatItWasMadeOf) {
  Segment other = *group_.segments.front();
  EXPECT_TRUE(file_->Covers(other));
  other.summary.last_event_seq += 1;
  EXPECT_FALSE(file_->Covers(other));
  other = *group_.segments.front();
  other.number = 3;
  EXPECT_FALSE(file_->Covers(other));
}

TEST_F(GroupFilterFileTest, DeniesNothingWhenItCannotBeRead) {
  const int64_t kHead = 17 * sizeof(uint64_t);
  Overwrite(kHead, fs::file_size(path_) - kHead);
  EXPECT_EQ(CountIn(Dimension::kEventById, "c"), kEvents);
  fs::remove(path_);
  EXPECT_EQ(CountIn(Dimension::kEventById, "c"), kEvents);
}

TEST_F(GroupFilterFileTest, IsNotOpenedWhenItIsNone) {
  Overwrite(0, 3 * sizeof(uint64_t));
  EXPECT_TRUE(absl::IsDataLoss(GroupFilterFile::Open(path_).status()));
  fs::resize_file(path_, 100);
  EXPECT_TRUE(absl::IsDataLoss(GroupFilterFile::Open(path_).status()));
  fs::remove(path_);
  EXPECT_TRUE(absl::IsNotFound(GroupFilterFile::Open(path_).status()));
}

TEST_F(GroupFilterFileTest, IsNotMadeOfADamagedSegment) {
  fs::resize_file(group_.segments.back()->path, 4096);
  const std::string other = temp_.File("1.filter");
  EXPECT_FALSE(GroupFilterFile::Make(other, group_).ok());
  EXPECT_FALSE(fs::exists(other));
}

}  // namespace
}  // namespace mqttpush
