// Times as people give and read them. All of them are UTC.
#ifndef MQTTPUSH_CLI_TIMES_H_
#define MQTTPUSH_CLI_TIMES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace mqttpush::cli {

// A point in time, as Flowcore's command line takes it: "now"; so long ago as
// "1h", "2d", "3w", "1m" (a calendar month), "1y", and besides "90s", "15min";
// or "2026-11-22T08:00:00Z" (also with an offset, without seconds, or the date
// alone, which are UTC); or a time bucket "20261122080000". INVALID_ARGUMENT
// says what would be one.
absl::StatusOr<absl::Time> ParseMoment(absl::string_view text, absl::Time now);

// A length, as "30s", "1m30s" or "250ms": for timeouts, where m is a minute.
absl::StatusOr<absl::Duration> ParseLength(absl::string_view text);

// "2026-11-22T08:00:00Z", and to the millisecond as "2026-11-22T08:00:00.000Z".
std::string FormatSeconds(absl::Time time);
std::string FormatMillis(absl::Time time);

// "12 s ago", "5 min ago", "3 h ago", "6 d ago", "in 40 s"; beyond a week the
// time itself.
std::string FormatRelative(absl::Time time, absl::Time now);

// "0.4 ms", "41 ms", "2.5 s", "3 min".
std::string FormatLength(absl::Duration length);

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_TIMES_H_
