#include "workers/worker/backoff.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;

// A backoff that always draws `draw`.
Backoff Fixed(double draw) {
  return Backoff([draw] { return draw; });
}

std::vector<absl::Duration> Draw(Backoff& backoff, int count) {
  std::vector<absl::Duration> delays;
  for (int i = 0; i < count; ++i) delays.push_back(backoff.NextDelay());
  return delays;
}

TEST(BackoffTest, DoublesUpToTheMaximum) {
  Backoff backoff = Fixed(0.5);
  EXPECT_THAT(
      Draw(backoff, 9),
      ElementsAre(absl::Seconds(0.5), absl::Seconds(1), absl::Seconds(2),
                  absl::Seconds(4), absl::Seconds(8), absl::Seconds(16),
                  absl::Seconds(32), absl::Seconds(60), absl::Seconds(60)));
}

TEST(BackoffTest, JitterReachesDownToZero) {
  Backoff backoff = Fixed(0);
  EXPECT_THAT(Draw(backoff, 2),
              ElementsAre(absl::ZeroDuration(), absl::ZeroDuration()));
}

TEST(BackoffTest, SlowLaneGoesFromMinutesToAnHour) {
  Backoff backoff = Fixed(0);
  std::vector<absl::Duration> delays;
  for (int i = 0; i < 6; ++i) delays.push_back(backoff.NextSlowDelay());
  EXPECT_THAT(delays, ElementsAre(absl::Minutes(2.5), absl::Minutes(5),
                                  absl::Minutes(10), absl::Minutes(20),
                                  absl::Minutes(30), absl::Minutes(30)));
}

TEST(BackoffTest, OnlyAStableConnectionThatAcknowledgedResets) {
  struct Case {
    absl::Duration stable;
    bool acknowledged;
    absl::Duration next;
  };
  const Case kCases[] = {
      {absl::Seconds(30), true, absl::Seconds(0.5)},
      {absl::Seconds(29), true, absl::Seconds(4)},
      {absl::Hours(1), false, absl::Seconds(4)},
      {absl::ZeroDuration(), false, absl::Seconds(4)},
  };
  for (const Case& c : kCases) {
    Backoff backoff = Fixed(0.5);
    Draw(backoff, 3);
    backoff.OnConnectionEnded(c.stable, c.acknowledged);
    EXPECT_EQ(backoff.NextDelay(), c.next) << c.stable;
  }
}

TEST(BackoffTest, NewLimitsStartAtTheBaseAndEqualOnesDoNot) {
  Backoff backoff = Fixed(0.5);
  Draw(backoff, 3);
  backoff.SetLimits(absl::Seconds(1), absl::Seconds(120));
  EXPECT_EQ(backoff.NextDelay(), absl::Seconds(4));
  backoff.SetLimits(absl::Milliseconds(10), absl::Milliseconds(15));
  EXPECT_THAT(Draw(backoff, 3),
              ElementsAre(absl::Milliseconds(5), absl::Milliseconds(7.5),
                          absl::Milliseconds(7.5)));
}

TEST(BackoffTest, ResetStartsBothLanesAgain) {
  Backoff backoff = Fixed(0);
  Draw(backoff, 5);
  backoff.NextSlowDelay();
  backoff.Reset();
  EXPECT_EQ(backoff.NextSlowDelay(), absl::Minutes(2.5));
}

}  // namespace
}  // namespace mqttpush
