#include "workers/worker/progress.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace mqttpush {
namespace {

// A message that others keep overtaking is stuck, too.
constexpr int kStuckAfterAckTimeouts = 4;
// Paho looks whether a PINGREQ is due every few seconds only.
constexpr absl::Duration kPingGrace = absl::Seconds(5);
constexpr absl::Duration kShortestLook = absl::Milliseconds(1);

}  // namespace

ProgressVerdict JudgeProgress(const Progress& progress) {
  const absl::Duration longest_silence =
      progress.keep_alive + std::max(progress.keep_alive / 2, kPingGrace);
  absl::Duration left = longest_silence - progress.silence;
  if (left <= absl::ZeroDuration()) {
    return {absl::StrCat("the broker has sent nothing, not even PINGRESP, for ",
                         absl::FormatDuration(longest_silence))};
  }
  if (!progress.in_flight) return {"", left};
  const absl::Duration until_timeout =
      std::min(progress.ack_timeout - progress.since_progress,
               kStuckAfterAckTimeouts * progress.ack_timeout - progress.oldest);
  if (until_timeout <= absl::ZeroDuration()) {
    return {absl::StrCat("no acknowledgement within ",
                         absl::FormatDuration(progress.ack_timeout))};
  }
  return {"", std::max(std::min(left, until_timeout), kShortestLook)};
}

}  // namespace mqttpush
