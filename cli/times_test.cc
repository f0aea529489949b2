#include "cli/times.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush::cli {
namespace {

using ::testing::HasSubstr;

absl::Time At(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error))
      << error;
  return time;
}

struct MomentCase {
  std::string now;
  std::string text;
  std::string expected;
};

class ParseMomentTest : public ::testing::TestWithParam<MomentCase> {};

TEST_P(ParseMomentTest, Is) {
  const MomentCase& sample = GetParam();
  const auto moment = ParseMoment(sample.text, At(sample.now));
  ASSERT_TRUE(moment.ok()) << sample.text << ": " << moment.status();
  EXPECT_EQ(FormatMillis(*moment), sample.expected) << sample.text;
}

constexpr char kNow[] = "2026-03-31T12:30:40Z";

INSTANTIATE_TEST_SUITE_P(
    Samples, ParseMomentTest,
    ::testing::Values(
        MomentCase{kNow, "now", "2026-03-31T12:30:40.000Z"},
        MomentCase{kNow, "90s", "2026-03-31T12:29:10.000Z"},
        MomentCase{kNow, "15min", "2026-03-31T12:15:40.000Z"},
        MomentCase{kNow, "1h", "2026-03-31T11:30:40.000Z"},
        MomentCase{kNow, "2d", "2026-03-29T12:30:40.000Z"},
        MomentCase{kNow, "1w", "2026-03-24T12:30:40.000Z"},
        // A month, not a minute; a day that there is not is the last one.
        MomentCase{kNow, "1m", "2026-02-28T12:30:40.000Z"},
        MomentCase{kNow, "2m", "2026-01-31T12:30:40.000Z"},
        MomentCase{kNow, "14m", "2025-01-31T12:30:40.000Z"},
        MomentCase{kNow, "1y", "2025-03-31T12:30:40.000Z"},
        MomentCase{"2028-02-29T00:00:00Z", "1y", "2027-02-28T00:00:00.000Z"},
        MomentCase{"2028-03-31T00:00:00Z", "1m", "2028-02-29T00:00:00.000Z"},
        MomentCase{kNow, "2026-11-22T08:00:00Z", "2026-11-22T08:00:00.000Z"},
        MomentCase{kNow, "2026-11-22T08:00:00.25+02:00",
                   "2026-11-22T06:00:00.250Z"},
        MomentCase{kNow, "2026-11-22T08:00Z", "2026-11-22T08:00:00.000Z"},
        MomentCase{kNow, "2026-11-22T08:00:05", "2026-11-22T08:00:05.000Z"},
        MomentCase{kNow, "2026-11-22T08:00", "2026-11-22T08:00:00.000Z"},
        MomentCase{kNow, "2026-11-22", "2026-11-22T00:00:00.000Z"},
        MomentCase{kNow, "20261122080000", "2026-11-22T08:00:00.000Z"},
        MomentCase{kNow, " 1d ", "2026-03-30T12:30:40.000Z"}));

TEST(ParseMomentErrorTest, SaysWhatWouldBeOne) {
  for (const char* text :
       {"", "yesterday", "1", "d", "-1d", "1.5h", "1M", "1 d", "99999y",
        "2026-13-01", "99999999999999999999d", "infinite-past"}) {
    const auto moment = ParseMoment(text, At(kNow));
    EXPECT_FALSE(moment.ok()) << text;
    EXPECT_THAT(std::string(moment.status().message()),
                HasSubstr("1m (a month)"));
  }
}

TEST(ParseLengthTest, TakesMinutes) {
  EXPECT_EQ(*ParseLength("1m30s"), absl::Seconds(90));
  EXPECT_EQ(*ParseLength("250ms"), absl::Milliseconds(250));
  for (const char* text : {"", "5", "0s", "-1s", "1d", "inf"}) {
    EXPECT_FALSE(ParseLength(text).ok()) << text;
  }
}

TEST(FormatRelativeTest, SaysHowLongAgo) {
  const absl::Time now = At(kNow);
  EXPECT_EQ(FormatRelative(now, now), "0 s ago");
  EXPECT_EQ(FormatRelative(now - absl::Seconds(99), now), "99 s ago");
  EXPECT_EQ(FormatRelative(now - absl::Seconds(100), now), "1 min ago");
  EXPECT_EQ(FormatRelative(now - absl::Hours(47), now), "47 h ago");
  EXPECT_EQ(FormatRelative(now - absl::Hours(100), now), "4 d ago");
  EXPECT_EQ(FormatRelative(now + absl::Seconds(40), now), "in 40 s");
  EXPECT_EQ(FormatRelative(now - absl::Hours(24 * 8), now),
            "2026-03-23T12:30:40Z");
}

TEST(FormatLengthTest, TakesAFittingUnit) {
  EXPECT_EQ(FormatLength(absl::Microseconds(230)), "0.2 ms");
  EXPECT_EQ(FormatLength(absl::Milliseconds(41)), "41 ms");
  EXPECT_EQ(FormatLength(absl::Milliseconds(2500)), "2.5 s");
  EXPECT_EQ(FormatLength(absl::Minutes(3)), "3 min");
}

}  // namespace
}  // namespace mqttpush::cli
