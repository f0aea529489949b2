#include "workers/dispatch/retry_policy.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

constexpr int kQuotaExceeded = 0x97;

TEST(RetryPolicyTest, DelaysGrowAndStayAtAnHour) {
  const std::pair<int, absl::Duration> kTable[] = {
      {1, absl::Seconds(5)},  {2, absl::Seconds(30)}, {3, absl::Minutes(2)},
      {4, absl::Minutes(10)}, {5, absl::Minutes(30)}, {6, absl::Hours(1)},
      {29, absl::Hours(1)}};
  for (const auto& [attempts, delay] : kTable) {
    SCOPED_TRACE(attempts);
    EXPECT_EQ(RetryDelay(kQuotaExceeded, attempts, 30, 0.5), delay);
  }
}

TEST(RetryPolicyTest, JitterIsTwentyPercentEitherWay) {
  EXPECT_EQ(RetryDelay(kQuotaExceeded, 1, 30, 0.0), absl::Seconds(4));
  EXPECT_LT(*RetryDelay(kQuotaExceeded, 1, 30, 0.999), absl::Seconds(6));
  EXPECT_LE(*RetryDelay(kQuotaExceeded, 29, 30, 0.999999), kLongestRetryDelay);
  EXPECT_GT(*RetryDelay(kQuotaExceeded, 1, 30, 0.999), absl::Seconds(5.9));
}

TEST(RetryPolicyTest, ParksWhenTheAttemptsAreUsedUp) {
  EXPECT_TRUE(RetryDelay(kQuotaExceeded, 2, 3, 0.5).has_value());
  EXPECT_FALSE(RetryDelay(kQuotaExceeded, 3, 3, 0.5).has_value());
}

TEST(RetryPolicyTest, ParksWhatCannotHeal) {
  for (int reason : {0x90, 0x95, 0x99, 0x9A, 0x9B}) {
    EXPECT_FALSE(RetryDelay(reason, 1, 30, 0.5).has_value()) << reason;
  }
  for (int reason : {0x80, 0x83, 0x87, 0x91, 0x97}) {
    EXPECT_TRUE(RetryDelay(reason, 1, 30, 0.5).has_value()) << reason;
  }
}

}  // namespace
}  // namespace mqttpush
