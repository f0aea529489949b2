#include "services/history/replay_policy.h"

#include <algorithm>

#include "common/limits.h"

namespace mqttpush {
namespace {

// Room among those that are RETRYING comes with each that ends.
constexpr absl::Duration kFullDelay = absl::Seconds(1);
// The log cannot be read: that is for a person to mend.
constexpr absl::Duration kUnavailableDelay = absl::Seconds(5);

}  // namespace

int ReplayBatchSize(int max_per_second) {
  return std::clamp(max_per_second / 10, 1, limits::kMaxReplayBatch);
}

absl::Duration ReplayPause(size_t batch_size, int max_per_second) {
  return absl::Seconds(1) * static_cast<int64_t>(batch_size) / max_per_second;
}

ReplayBatchOutcome JudgeReplayBatch(const std::vector<absl::Status>& answers) {
  ReplayBatchOutcome outcome;
  for (const absl::Status& answer : answers) {
    const bool skipped = absl::IsAborted(answer) || absl::IsNotFound(answer);
    if (answer.ok()) ++outcome.requested;
    if (!answer.ok() && !skipped && outcome.hold.ok()) outcome.hold = answer;
    if (!outcome.hold.ok()) continue;
    outcome.skipped += skipped;
    ++outcome.passed;
  }
  return outcome;
}

absl::Duration ReplayHoldDelay(const absl::Status& hold) {
  return absl::IsResourceExhausted(hold) ? kFullDelay : kUnavailableDelay;
}

}  // namespace mqttpush
