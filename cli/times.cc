#include "cli/times.h"

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"

namespace mqttpush::cli {
namespace {

// Longer would leave the years that the service knows.
constexpr int kMaxYears = 200;

absl::Time MonthsBefore(absl::Time now, int months) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::CivilSecond second = absl::ToCivilSecond(now, utc);
  const absl::CivilMonth month = absl::CivilMonth(second) - months;
  // The 31st of a month that has none is its last day.
  const absl::CivilDay last = absl::CivilDay(month + 1) - 1;
  const int day = std::min(second.day(), last.day());
  const absl::CivilSecond before(month.year(), month.month(), day,
                                 second.hour(), second.minute(),
                                 second.second());
  return absl::FromCivil(before, utc);
}

std::optional<absl::Time> ParseAgo(absl::string_view text, absl::Time now) {
  const size_t digits =
      std::min(text.find_first_not_of("0123456789"), text.size());
  int count = 0;
  if (!absl::SimpleAtoi(text.substr(0, digits), &count)) return std::nullopt;
  const absl::string_view unit = text.substr(digits);
  const auto years = [&](int per_year) { return count / per_year; };
  if (unit == "y" && years(1) <= kMaxYears) {
    return MonthsBefore(now, 12 * count);
  }
  if (unit == "m" && years(12) <= kMaxYears) return MonthsBefore(now, count);
  absl::Duration length;
  if (unit == "w") length = absl::Hours(24 * 7) * count;
  if (unit == "d") length = absl::Hours(24) * count;
  if (unit == "h") length = absl::Hours(1) * count;
  if (unit == "min") length = absl::Minutes(1) * count;
  if (unit == "s") length = absl::Seconds(1) * count;
  const bool known = length > absl::ZeroDuration() || count == 0;
  if (!known || unit.empty() || length > absl::Hours(24 * 366) * kMaxYears) {
    return std::nullopt;
  }
  return now - length;
}

// "20261122080000" as "2026-11-22T08:00:00"; others as they are.
std::string WithSeparators(absl::string_view text) {
  if (text.size() != 14 || text.find_first_not_of("0123456789") != text.npos) {
    return std::string(text);
  }
  return absl::StrCat(text.substr(0, 4), "-", text.substr(4, 2), "-",
                      text.substr(6, 2), "T", text.substr(8, 2), ":",
                      text.substr(10, 2), ":", text.substr(12, 2));
}

std::optional<absl::Time> ParseDate(absl::string_view text) {
  // The parser knows words too, such as "infinite-past".
  if (!absl::ascii_isdigit(text[0])) return std::nullopt;
  const std::string date = WithSeparators(text);
  absl::Time time;
  std::string error;
  for (const char* format :
       {absl::RFC3339_full, "%Y-%m-%dT%H:%M%Ez", "%Y-%m-%dT%H:%M:%E*S",
        "%Y-%m-%dT%H:%M", "%Y-%m-%d"}) {
    if (absl::ParseTime(format, date, &time, &error)) return time;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<absl::Time> ParseMoment(absl::string_view text, absl::Time now) {
  const absl::string_view trimmed = absl::StripAsciiWhitespace(text);
  if (trimmed == "now") return now;
  if (!trimmed.empty()) {
    if (const auto time = ParseAgo(trimmed, now)) return *time;
    if (const auto time = ParseDate(trimmed)) return *time;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", text,
      "\" is no time: give one as 2026-11-22T08:00:00Z, "
      "2026-11-22, now, or so long ago as 15min, 1h, 1d, 1w, 1m (a month), "
      "1y"));
}

absl::StatusOr<absl::Duration> ParseLength(absl::string_view text) {
  absl::Duration length;
  if (absl::ParseDuration(text, &length) && length > absl::ZeroDuration() &&
      length != absl::InfiniteDuration()) {
    return length;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", text, "\" is no duration: give one as 30s, 1m30s or 500ms"));
}

std::string FormatSeconds(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

std::string FormatMillis(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

std::string FormatRelative(absl::Time time, absl::Time now) {
  const bool future = time > now;
  const absl::Duration distance = future ? time - now : now - time;
  if (distance > absl::Hours(24 * 7)) return FormatSeconds(time);
  std::string length;
  if (distance < absl::Seconds(100)) {
    length = absl::StrCat(absl::ToInt64Seconds(distance), " s");
  } else if (distance < absl::Minutes(100)) {
    length = absl::StrCat(absl::ToInt64Minutes(distance), " min");
  } else if (distance < absl::Hours(48)) {
    length = absl::StrCat(absl::ToInt64Hours(distance), " h");
  } else {
    length = absl::StrCat(absl::ToInt64Hours(distance) / 24, " d");
  }
  return future ? absl::StrCat("in ", length) : absl::StrCat(length, " ago");
}

std::string FormatLength(absl::Duration length) {
  const double millis = absl::ToDoubleMilliseconds(length);
  if (millis < 10) return absl::StrFormat("%.1f ms", millis);
  if (millis < 1000) return absl::StrFormat("%.0f ms", millis);
  if (millis < 100'000) return absl::StrFormat("%.1f s", millis / 1000);
  return absl::StrFormat("%.0f min", millis / 60'000);
}

}  // namespace mqttpush::cli
