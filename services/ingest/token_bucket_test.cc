#include "services/ingest/token_bucket.h"

#include <string>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

constexpr absl::Duration kStart = absl::Hours(1000);

// At `at`, so many are available; then so many are taken, and then it takes
// `wait` until one is available.
struct Step {
  absl::Duration at;
  int64_t available;
  int64_t take;
  absl::Duration wait;
};

struct Case {
  const char* name;
  IngestRate rate;
  std::vector<Step> steps;
};

class TokenBucketTest : public ::testing::TestWithParam<Case> {};

TEST_P(TokenBucketTest, Goes) {
  const IngestRate& rate = GetParam().rate;
  TokenBucket bucket;
  for (const Step& step : GetParam().steps) {
    const absl::Duration now = kStart + step.at;
    EXPECT_EQ(bucket.Available(rate, now), step.available) << step.at;
    bucket.Take(step.take, rate, now);
    EXPECT_EQ(bucket.WaitFor(1, rate, now), step.wait) << step.at;
  }
}

constexpr absl::Duration kNone = absl::ZeroDuration();

INSTANTIATE_TEST_SUITE_P(
    All, TokenBucketTest,
    ::testing::Values(
        Case{"IsFullAtFirst", {10, 5}, {{kNone, 5, 0, kNone}}},
        Case{"GivesTheBurstAtOnce",
             {10, 5},
             {{kNone, 5, 3, kNone}, {kNone, 2, 2, absl::Milliseconds(100)}}},
        Case{"FillsAtTheRate",
             {10, 5},
             {{kNone, 5, 5, absl::Milliseconds(100)},
              {absl::Milliseconds(99), 0, 0, absl::Milliseconds(1)},
              {absl::Milliseconds(100), 1, 1, absl::Milliseconds(100)},
              {absl::Milliseconds(400), 3, 0, kNone}}},
        Case{"HoldsNoMoreThanTheBurst",
             {10, 5},
             {{kNone, 5, 5, absl::Milliseconds(100)},
              {absl::Hours(24), 5, 0, kNone}}},
        Case{"PaysADebtFirst",
             {10, 5},
             {{kNone, 5, 8, absl::Milliseconds(400)},
              {absl::Milliseconds(300), 0, 0, absl::Milliseconds(100)},
              {absl::Milliseconds(400), 1, 0, kNone}}},
        Case{"TakesOneAndOne",
             {1, 1},
             {{kNone, 1, 1, absl::Seconds(1)},
              {absl::Milliseconds(500), 0, 0, absl::Milliseconds(500)},
              {absl::Seconds(1), 1, 1, absl::Seconds(1)}}},
        Case{"IsNotStoppedByAClockThatStandsStill",
             {1'000'000, 2},
             {{kNone, 2, 1, kNone},
              {kNone, 1, 1, absl::Microseconds(1)},
              {kNone, 0, 0, absl::Microseconds(1)}}}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(TokenBucketTest, WaitsForAsManyAsAreWanted) {
  TokenBucket bucket;
  const IngestRate rate = {10, 5};
  bucket.Take(5, rate, kStart);
  EXPECT_EQ(bucket.WaitFor(5, rate, kStart), absl::Milliseconds(500));
}

TEST(TokenBucketTest, TheRateMayChange) {
  TokenBucket bucket;
  bucket.Take(10, {10, 10}, kStart);  // full in a second
  EXPECT_EQ(bucket.Available({100, 200}, kStart), 100);
  EXPECT_EQ(bucket.Available({1, 1}, kStart), 0);
  EXPECT_EQ(bucket.Available({1, 1}, kStart + absl::Seconds(1)), 1);
}

}  // namespace
}  // namespace mqttpush
