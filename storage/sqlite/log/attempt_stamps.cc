#include "storage/sqlite/log/attempt_stamps.h"

#include <algorithm>

namespace mqttpush {

AttemptStamps::AttemptStamps(const Clock* clock, int64_t last)
    : clock_(clock), last_(last), lowest_to_come_(last + 1) {}

// Said before the clock is read: whoever reads a later time, and sees no commit
// under way, is told of none that is stamped with an earlier one.
void AttemptStamps::BeginCommit() {
  lowest_under_way_ = last_ + 1;
  next_ = std::max(last_ + 1, ToTicks(clock_->Now()));
  lowest_under_way_ = next_;
}

void AttemptStamps::EndCommit() {
  lowest_to_come_ = last_ + 1;
  lowest_under_way_ = kNoCommit;
}

int64_t AttemptStamps::SettledBefore() const {
  const int64_t now = ToTicks(clock_->Now());
  const int64_t under_way = lowest_under_way_;
  if (under_way != kNoCommit) return under_way;
  return std::max(now, lowest_to_come_.load());
}

}  // namespace mqttpush
