#include "workers/worker/progress.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace mqttpush {
namespace {

// One that others end before, though at another QoS, is stuck in the end, too.
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
  if (!progress.in_flight) return {"", false, left};
  const absl::Duration until_timeout =
      std::min(progress.ack_timeout - progress.since_progress,
               kStuckAfterAckTimeouts * progress.ack_timeout - progress.oldest);
  const absl::Duration until_stuck = progress.ack_timeout - progress.oldest;
  const std::string timeout = absl::FormatDuration(progress.ack_timeout);
  if (progress.overtaken && until_stuck <= absl::ZeroDuration() &&
      progress.since_progress < progress.ack_timeout) {
    return {absl::StrCat("a message was not acknowledged within ", timeout,
                         ", though later ones were"),
            true};
  }
  if (until_timeout <= absl::ZeroDuration()) {
    return {absl::StrCat("no acknowledgement within ", timeout)};
  }
  left = std::min(left, until_timeout);
  if (until_stuck > absl::ZeroDuration()) left = std::min(left, until_stuck);
  return {"", false, std::max(left, kShortestLook)};
}

}  // namespace mqttpush
