#include "workers/supervisor/restart_backoff.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

TEST(RestartBackoffTest, DoublesToHalfAMinute) {
  RestartBackoff backoff;
  absl::Duration expected = absl::Milliseconds(100);
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(backoff.Next(absl::ZeroDuration()), expected);
    expected *= 2;
  }
  EXPECT_EQ(backoff.Next(absl::ZeroDuration()), absl::Seconds(30));
  EXPECT_EQ(backoff.Next(absl::Seconds(59)), absl::Seconds(30));
}

TEST(RestartBackoffTest, StartsAgainAfterAMinuteOfLife) {
  RestartBackoff backoff;
  for (int i = 0; i < 5; ++i) backoff.Next(absl::ZeroDuration());
  EXPECT_EQ(backoff.Next(absl::Minutes(1)), absl::Milliseconds(100));
}

TEST(RestartBackoffTest, CountsEndsInARow) {
  RestartBackoff backoff;
  EXPECT_EQ(backoff.in_row(), 0);
  for (int i = 1; i <= 3; ++i) {
    backoff.Next(absl::Seconds(59));
    EXPECT_EQ(backoff.in_row(), i);
  }
  backoff.Next(absl::Minutes(1));
  EXPECT_EQ(backoff.in_row(), 1);
}

}  // namespace
}  // namespace mqttpush
