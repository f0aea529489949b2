#include "workers/worker/backoff.h"

#include <algorithm>

namespace mqttpush {

void Backoff::SetLimits(absl::Duration base, absl::Duration max) {
  if (base == base_ && max == max_) return;
  base_ = base;
  max_ = std::max(base, max);
  step_ = base_;
}

absl::Duration Backoff::NextDelay() {
  absl::Duration delay = step_ * random_();
  step_ = std::min(step_ * 2, max_);
  return delay;
}

absl::Duration Backoff::NextSlowDelay() {
  absl::Duration delay = slow_step_ * (0.5 + random_() / 2);
  slow_step_ = std::min(slow_step_ * 2, kSlowMax);
  return delay;
}

void Backoff::OnConnectionEnded(absl::Duration stable, bool acknowledged) {
  slow_step_ = kSlowBase;
  if (stable >= kStableAfter && acknowledged) step_ = base_;
}

void Backoff::Reset() {
  step_ = base_;
  slow_step_ = kSlowBase;
}

}  // namespace mqttpush
