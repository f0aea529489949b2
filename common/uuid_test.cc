#include "common/uuid.h"

#include <algorithm>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::MatchesRegex;
using ::testing::StartsWith;

// The generator is the process's: tests use times after those of the tests
// above them.
TEST(UuidTest, CarriesTheTimeVersionAndVariant) {
  // The example of RFC 9562, A.6: 2022-02-22 14:22:22.00 -05:00.
  const std::string uuid = NewUuidV7(absl::FromUnixMillis(0x017F22E279B0));
  EXPECT_THAT(uuid, StartsWith("017f22e2-79b0-7"));
  EXPECT_THAT(uuid, MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]"
                                 "[0-9a-f]{3}-[0-9a-f]{12}"));
}

TEST(UuidTest, IncreasesWithinOneMillisecondAndWhenTheClockGoesBack) {
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  std::string last = NewUuidV7(now);
  for (int i = 0; i < 100'000; ++i) {
    std::string next = NewUuidV7(now - absl::Milliseconds(i % 3));
    ASSERT_LT(last, next);
    last = std::move(next);
  }
  EXPECT_LT(last, NewUuidV7(now + absl::Milliseconds(1)));
}

TEST(UuidTest, ThreadsNeverGetTheSameAndEachSeesThemIncrease) {
  const absl::Time now = absl::FromUnixSeconds(1'900'000'000);
  std::vector<std::vector<std::string>> made(4);
  std::vector<std::thread> threads;
  for (auto& mine : made) {
    threads.emplace_back([&mine, now] {
      for (int i = 0; i < 10'000; ++i) mine.push_back(NewUuidV7(now));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& mine : made) {
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), 40'000u);
}

// Runs last: the generator does not go back from the end of time.
TEST(UuidTest, TimesOutOfRangeAreClamped) {
  EXPECT_EQ(NewUuidV7(absl::InfinitePast()).size(), 36u);
  EXPECT_THAT(NewUuidV7(absl::InfiniteFuture()), StartsWith("ffffffff-ffff-7"));
}

}  // namespace
}  // namespace mqttpush
