#include "services/history/coverage.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

absl::Time At(int hour) { return absl::UnixEpoch() + absl::Hours(hour); }

// A log that begins at 10, of a service that started at 20.
CoverageFacts Restarted() {
  return {.log = {.begin = At(10), .from_the_first = true},
          .refused_start = At(20),
          .refused_complete_since = At(20)};
}

TEST(CoverageTest, FirstRunKnowsAll) {
  CoverageFacts facts = Restarted();
  facts.refused_start = facts.refused_complete_since = At(10);
  EXPECT_TRUE(CoverageOf(facts).complete);
  // But for what it has forgotten.
  facts.refused_complete_since = At(11);
  EXPECT_FALSE(CoverageOf(facts).complete);
  EXPECT_EQ(CoverageOf(facts).refused_since, At(11));
}

// What is over the quota is forgotten by itself.
TEST(CoverageTest, OneOverTheQuotaMayHaveBeenForgotten) {
  CoverageFacts facts = Restarted();
  facts.refused_start = facts.refused_complete_since = At(10);
  facts.over_quota_complete_since = At(10);
  EXPECT_TRUE(CoverageOf(facts).complete);
  facts.over_quota_complete_since = At(12);
  EXPECT_FALSE(CoverageOf(facts).complete);
  EXPECT_EQ(CoverageOf(facts).refused_since, absl::InfinitePast());
  EXPECT_EQ(CoverageOf(facts).over_quota_since, At(12));
  facts.start_time = At(12);
  EXPECT_TRUE(CoverageOf(facts).complete);
}

TEST(CoverageTest, RefusalsAreRememberedSinceTheStart) {
  CoverageFacts facts = Restarted();
  EXPECT_FALSE(CoverageOf(facts).complete);
  EXPECT_EQ(CoverageOf(facts).refused_since, At(20));
  EXPECT_EQ(CoverageOf(facts).log_since, absl::InfinitePast());
  facts.start_time = At(19);
  EXPECT_FALSE(CoverageOf(facts).complete);
  facts.start_time = At(20);
  EXPECT_TRUE(CoverageOf(facts).complete);
}

TEST(CoverageTest, LogGoesBackAsFarAsItIsKept) {
  CoverageFacts facts = Restarted();
  facts.start_time = At(30);
  facts.log.from_the_first = false;
  EXPECT_EQ(CoverageOf(facts).log_since, At(10));
  EXPECT_TRUE(CoverageOf(facts).complete);
  facts.retained_since = At(31);
  EXPECT_EQ(CoverageOf(facts).log_since, At(31));
  EXPECT_FALSE(CoverageOf(facts).complete);
}

TEST(CoverageTest, MissingFilesCountWhereTheyMatter) {
  CoverageFacts facts = Restarted();
  facts.log.gaps = {{.start = At(12), .end = At(13), .files = 1},
                    {.start = At(24), .end = At(25), .files = 2}};
  Coverage coverage = CoverageOf(facts);
  EXPECT_EQ(coverage.missing_files, 3);
  EXPECT_EQ(coverage.missing_start, At(12));
  EXPECT_EQ(coverage.missing_end, At(25));
  facts.start_time = At(22);
  facts.end_time = At(23);
  coverage = CoverageOf(facts);
  EXPECT_EQ(coverage.missing_files, 0);
  EXPECT_TRUE(coverage.complete);
  facts.end_time = At(25);
  EXPECT_FALSE(CoverageOf(facts).complete);
}

}  // namespace
}  // namespace mqttpush
