#include "services/flowcore/result_requests.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/flowcore/delivery_result.h"
#include "services/flowcore/time_uuid.h"
#include "storage/attempt_journal.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// 2026-11-22T08:00:00Z
constexpr int64_t kHour = 498'704;
constexpr int64_t kStart = kHour * kTicksPerHour;

std::string At(const char* name, int64_t ticks) {
  return absl::StrCat("&", name, "=", TimeUuid(ticks));
}
EventsRequest Events(const std::string& rest) {
  auto request = ParseEvents(HttpQuery(
      absl::StrCat("eventTypeId=created.0&timeBucket=20261122080000", rest)));
  EXPECT_TRUE(request.ok()) << request.status();
  return request.value_or(EventsRequest());
}
TimeBucketsRequest Buckets(const std::string& rest) {
  auto request = ParseTimeBuckets(HttpQuery("eventTypeId=a" + rest));
  EXPECT_TRUE(request.ok()) << request.status();
  return request.value_or(TimeBucketsRequest());
}

TEST(ParseEventsTest, IsAnHourUnlessMoreIsSaid) {
  EXPECT_EQ(TimeBucket(kHour), "20261122080000");
  const EventsRequest request = Events("&eventTypeId=b");
  EXPECT_THAT(request.event_types, ElementsAre("created.0", "b"));
  EXPECT_EQ(request.hour, kHour);
  EXPECT_EQ(request.first_tick, kStart);
  EXPECT_EQ(request.last_tick, kStart + kTicksPerHour - 1);
  EXPECT_EQ(request.page_size, 10'000);
  EXPECT_FALSE(request.newest_first);
  EXPECT_EQ(request.cursor, std::nullopt);
}

TEST(ParseEventsTest, IdsAreBounds) {
  EXPECT_EQ(Events(At("afterEventId", kStart + 5)).first_tick, kStart + 6);
  EXPECT_EQ(Events(At("fromEventId", kStart + 5)).first_tick, kStart + 5);
  EXPECT_EQ(Events(At("toEventId", kStart + 5)).last_tick, kStart + 5);
  EXPECT_EQ(Events(At("toEventId", kStart + 2 * kTicksPerHour)).last_tick,
            kStart + kTicksPerHour - 1);
  EXPECT_EQ(Events(At("fromEventId", 5)).first_tick, kStart);
  EXPECT_EQ(Events(At("afterEventId", 5)).first_tick, 6)
      << "who says where they are gets all that comes after it";
}

TEST(ParseEventsTest, TakesTheRest) {
  const EventsRequest request =
      Events("&pageSize=7&cursor=12&order=asc&includeSensitiveData=true" +
             At("afterEventId", kStart));
  EXPECT_EQ(request.page_size, 7);
  EXPECT_EQ(request.cursor, 12);
  EXPECT_TRUE(Events("&order=desc").newest_first);
  EXPECT_EQ(Events("&cursor=&afterEventId=&pageSize=").page_size, 10'000);
}

TEST(ParseTimeBucketsTest, TakesARangeAndACursor) {
  TimeBucketsRequest request = Buckets("");
  EXPECT_EQ(request.first_hour, 0);
  EXPECT_EQ(TimeBucket(request.last_hour), "99991231230000");
  request = Buckets(
      "&fromTimeBucket=20261122080000&toTimeBucket=20261122110000&pageSize=2");
  EXPECT_EQ(request.first_hour, kHour);
  EXPECT_EQ(request.last_hour, kHour + 3);
  EXPECT_EQ(request.page_size, 2);
  EXPECT_EQ(Buckets("&cursor=498705").first_hour, kHour + 1);
  EXPECT_EQ(Buckets("&cursor=498705&order=desc").last_hour, kHour + 1);
}

struct WrongCase {
  const char* query;
  const char* field;
  const char* rule;
};
constexpr char kOk[] = "eventTypeId=a&timeBucket=20261122080000&";

TEST(ParseEventsTest, NamesWhatIsWrong) {
  const WrongCase cases[] = {
      {"timeBucket=20261122080000", "eventTypeId", "1 to 100 times"},
      {"eventTypeId=&timeBucket=20261122080000", "eventTypeId", "not be empty"},
      {"eventTypeId=a", "timeBucket", "an hour of UTC"},
      {"eventTypeId=a&timeBucket=2026112208", "timeBucket", "yyyyMMddHH0000"},
      {"eventTypeId=a&timeBucket=20261122083000", "timeBucket", "an hour"},
      {"eventTypeId=a&timeBucket=20261322080000", "timeBucket", "an hour"},
      {"eventTypeId=a&timeBucket=19691231230000", "timeBucket", "from 1970"},
      {"pageSize=0", "pageSize", "from 1 to 10000"},
      {"pageSize=10001", "pageSize", "from 1 to 10000"},
      {"pageSize=x", "pageSize", "from 1 to 10000"},
      {"cursor=-1", "cursor", "the nextCursor of the page before"},
      {"cursor=99999999999999999999", "cursor", "the nextCursor"},
      {"order=up", "order", "asc or desc"},
      {"includeSensitiveData=1", "includeSensitiveData", "true or false"},
      {"afterEventId=a", "afterEventId", "a UUID of version 1"},
      {"toEventId=evt_1", "toEventId", "a UUID of version 1"},
      {"order=desc&cursor=1", "cursor", "beside order=desc"},
  };
  for (const WrongCase& wrong : cases) {
    const bool whole = absl::string_view(wrong.query).find("eventTypeId") !=
                           std::string::npos ||
                       absl::string_view(wrong.query).find("timeBucket") == 0;
    const auto request =
        ParseEvents(HttpQuery(absl::StrCat(whole ? "" : kOk, wrong.query)));
    EXPECT_EQ(request.status().code(), absl::StatusCode::kInvalidArgument)
        << wrong.query;
    EXPECT_THAT(std::string(request.status().message()),
                ::testing::AllOf(HasSubstr(wrong.field), HasSubstr(wrong.rule)))
        << wrong.query;
  }
}

TEST(ParseEventsTest, TakesOneLowerBound) {
  const auto request = ParseEvents(HttpQuery(
      absl::StrCat(kOk, At("afterEventId", 1), At("fromEventId", 1))));
  EXPECT_THAT(std::string(request.status().message()),
              HasSubstr("fromEventId: must not be there beside afterEventId"));
}

TEST(ParseTimeBucketsTest, NamesWhatIsWrong) {
  const auto request = ParseTimeBuckets(
      HttpQuery("eventTypeId=a&fromTimeBucket=x&toTimeBucket=1&order=z"));
  for (const char* field : {"fromTimeBucket", "toTimeBucket", "order"}) {
    EXPECT_THAT(std::string(request.status().message()), HasSubstr(field));
  }
}

}  // namespace
}  // namespace mqttpush
