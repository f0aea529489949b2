#include "services/history/stats_request.h"

#include "absl/strings/match.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

constexpr absl::Time At(int64_t hours, int64_t minutes, int64_t seconds = 0) {
  return absl::FromUnixSeconds(hours * 3600 + minutes * 60 + seconds);
}
constexpr absl::Time kNow =
    At(480'000, 30, 15);  // 480,000 hours are 20,000 days
constexpr absl::Duration kDay = absl::Hours(24);

v1::GetDeliveryStatsRequest Request(const std::string& text) {
  v1::GetDeliveryStatsRequest request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request));
  return request;
}

struct Case {
  std::string name;
  std::string request;
  StatsRange range;
};

class StatsRangeTest : public ::testing::TestWithParam<Case> {};

TEST_P(StatsRangeTest, IsOfWholeBuckets) {
  const auto range = ParseStatsRange(Request(GetParam().request), kNow);
  ASSERT_TRUE(range.ok()) << range.status();
  EXPECT_EQ(range->start, GetParam().range.start);
  EXPECT_EQ(range->end, GetParam().range.end);
  EXPECT_EQ(range->bucket, GetParam().range.bucket);
}

INSTANTIATE_TEST_SUITE_P(
    Table, StatsRangeTest,
    ::testing::Values(
        Case{"TheLastDayByHour",
             "",
             {At(479'976, 0), At(480'001, 0), absl::Hours(1)}},
        Case{"ByMinute",
             "granularity: MINUTE start_time { seconds: 1728000059 }",
             {At(480'000, 0), At(480'000, 31), absl::Minutes(1)}},
        Case{"ByDay",
             "granularity: DAY",
             {At(479'976, 0), At(480'024, 0), kDay}},
        Case{"AWholeHourStaysOne",
             "granularity: HOUR start_time { seconds: 1728000000 } "
             "end_time { seconds: 1728003600 }",
             {At(480'000, 0), At(480'001, 0), absl::Hours(1)}},
        Case{"AnInstantIsInABucket",
             "granularity: HOUR start_time { seconds: 1728000001 } "
             "end_time { seconds: 1728000001 nanos: 1 }",
             {At(480'000, 0), At(480'001, 0), absl::Hours(1)}},
        Case{"TheLongestByMinute",
             "granularity: MINUTE start_time { seconds: 1728000000 } "
             "end_time { seconds: 1728060000 }",
             {At(480'000, 0), At(480'000, 1000), absl::Minutes(1)}},
        Case{"TheLongestByDay",
             "granularity: DAY start_time { seconds: 1728000000 } "
             "end_time { seconds: 1759622400 }",
             {At(480'000, 0), At(480'000, 0) + 366 * kDay, kDay}}),
    [](const auto& info) { return info.param.name; });

struct BadCase {
  std::string name;
  std::string request;
  std::string field;
};

class BadStatsRangeTest : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadStatsRangeTest, NamesTheField) {
  const auto range = ParseStatsRange(Request(GetParam().request), kNow);
  EXPECT_EQ(range.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(range.status().message(), GetParam().field))
      << range.status();
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadStatsRangeTest,
    ::testing::Values(
        BadCase{"EndBeforeStart",
                "start_time { seconds: 100 } end_time { seconds: 99 }",
                "end_time"},
        BadCase{"Empty",
                "start_time { seconds: 100 } end_time { seconds: 100 }",
                "end_time"},
        BadCase{"StartInTheFuture", "start_time { seconds: 1829000000 }",
                "end_time"},
        BadCase{"NoTime", "start_time { nanos: -1 }", "start_time"},
        BadCase{"TooManyMinutes",
                "granularity: MINUTE start_time { seconds: 1728000000 } "
                "end_time { seconds: 1728060001 }",
                "start_time"},
        BadCase{"TooManyHours",
                "start_time { seconds: 1728000000 } "
                "end_time { seconds: 1731600001 }",
                "start_time"},
        BadCase{"TooManyDays",
                "granularity: DAY start_time { seconds: 1728000000 } "
                "end_time { seconds: 1759622401 }",
                "start_time"},
        BadCase{"NoGranularity", "granularity: 7", "granularity"}),
    [](const auto& info) { return info.param.name; });

TEST(StatsRangeCutOffTest, LeavesTheBucketThatItIsIn) {
  const StatsRange all = {At(10, 0), At(20, 0), absl::Hours(1)};
  for (const auto& [since, start] :
       std::vector<std::pair<absl::Time, absl::Time>>{
           {absl::InfinitePast(), At(10, 0)},
           {At(10, 0), At(10, 0)},
           {At(12, 59), At(12, 0)},
           {At(30, 0), At(20, 0)}}) {
    StatsRange range = all;
    range.CutOff(since);
    EXPECT_EQ(range.start, start) << since;
    EXPECT_EQ(range.end, all.end);
  }
}

}  // namespace
}  // namespace mqttpush
