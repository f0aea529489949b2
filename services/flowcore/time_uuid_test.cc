#include "services/flowcore/time_uuid.h"

#include "common/ticks.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

int64_t Ticks(const std::string& time) {
  absl::Time parsed;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, time, &parsed, &error));
  return ToTicks(parsed);
}

TEST(TimeUuidTest, HoldsTheTime) {
  EXPECT_EQ(TimeUuid(0), "13814000-1dd2-11b2-8000-6d7170757368");
  EXPECT_EQ(TimeUuid(Ticks("2026-11-22T08:00:00Z") + 1).substr(0, 18),
            "b727c001-e64a-11f1");
  for (int64_t ticks : {int64_t{0}, int64_t{1}, int64_t{17'957'000'000'000'000},
                        int64_t{40'000'000'000'000'000}}) {
    EXPECT_EQ(TicksOfTimeUuid(TimeUuid(ticks)), ticks);
  }
}

// Ids of Flowcore's own library.
TEST(TimeUuidTest, ComparesByTimeNotByText) {
  const std::string earlier = "b727c001-e64a-11f1-957c-29d9342adb6e";
  const std::string later = "1cc87c02-e64c-11f1-957c-29d9342adb6e";
  EXPECT_GT(earlier, later);
  EXPECT_LT(*TicksOfTimeUuid(earlier), *TicksOfTimeUuid(later));
  EXPECT_EQ(*TicksOfTimeUuid(earlier), Ticks("2026-11-22T08:00:00Z") + 1);
  EXPECT_EQ(*TicksOfTimeUuid(later), Ticks("2026-11-22T08:10:00Z") + 2);
}

TEST(TimeUuidTest, TakesTheLowestAndTheHighestOfATime) {
  const int64_t ticks = Ticks("2026-11-22T08:00:00Z");
  const std::string time = TimeUuid(ticks).substr(0, 19);
  EXPECT_EQ(TicksOfTimeUuid(time + "8080-808080808080"), ticks);
  EXPECT_EQ(TicksOfTimeUuid(time + "7f7f-7F7F7F7F7F7F"), ticks);
  EXPECT_LT(*TicksOfTimeUuid("00000000-0000-1000-8000-000000000000"), 0);
}

TEST(TimeUuidTest, RefusesWhatIsNone) {
  for (const char* text : {"", "evt_550e8400-e29b-41d4-a716-446655440000",
                           "550e8400-e29b-41d4-a716-446655440000",
                           "b727c001-e64a-11f1-957c-29d9342adb6",
                           "b727c001e64a11f1957c29d9342adb6e",
                           "g727c001-e64a-11f1-957c-29d9342adb6e",
                           "b727c001-e64a-11f1-957c-29d9342adbxe",
                           "b727c001-e64a-11f1-957c_29d9342adb6e",
                           "0x27c001-e64a-11f1-957c-29d9342adb6e"}) {
    EXPECT_EQ(TicksOfTimeUuid(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace mqttpush
