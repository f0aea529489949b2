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

TEST(TokenBucketTest, GivesBackWhatWasTaken) {
  TokenBucket bucket;
  bucket.Take(3, {10, 5}, kStart);
  bucket.Take(2, {10, 5}, kStart);
  bucket.Take(-2, {10, 5}, kStart);
  EXPECT_EQ(bucket.Available({10, 5}, kStart), 2);
}

// So many are taken at one rate; then another one holds.
struct Change {
  const char* name;
  IngestRate before;
  int64_t take;
  IngestRate after;
  int64_t at_once;       // available then
  int64_t after_second;  // and a second later
};

class TokenBucketChangeTest : public ::testing::TestWithParam<Change> {};

TEST_P(TokenBucketChangeTest, KeepsWhatIsThere) {
  const Change& change = GetParam();
  TokenBucket bucket;
  bucket.Take(change.take, change.before, kStart);
  EXPECT_EQ(bucket.Available(change.after, kStart), change.at_once);
  bucket.Take(0, change.after, kStart);
  EXPECT_EQ(bucket.Available(change.after, kStart), change.at_once);
  EXPECT_EQ(bucket.Available(change.after, kStart + absl::Seconds(1)),
            change.after_second);
}

INSTANTIATE_TEST_SUITE_P(
    All, TokenBucketChangeTest,
    ::testing::Values(
        Change{"Raised", {1, 1000}, 1000, {100, 1000}, 0, 100},
        Change{"Lowered", {100, 1000}, 1000, {1, 1000}, 0, 1},
        Change{"LoweredWithSomeLeft", {100, 1000}, 400, {1, 1000}, 600, 601},
        Change{"RaisedWithADebt", {1, 10}, 110, {100, 10}, 0, 0},
        Change{"BurstRaised", {10, 10}, 4, {10, 200}, 6, 16},
        Change{"BurstLowered", {10, 1000}, 900, {10, 5}, 5, 5},
        Change{"BurstLoweredOfAnEmptyOne", {10, 1000}, 1000, {10, 5}, 0, 5},
        Change{"Full", {10, 10}, 0, {10, 200}, 200, 200}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace mqttpush
