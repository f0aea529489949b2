#include "services/history/replay_count.h"

#include "absl/status/status.h"
#include "common/status_macros.h"
#include "services/history/replay_walk.h"

namespace mqttpush {

absl::StatusOr<bool> ReplayCount::Step() {
  const auto snapshot = config_->Snapshot();
  if (snapshot->FindTenant(replay_.query.tenant_uid) == nullptr) {
    return absl::NotFoundError("the tenant was deleted");
  }
  MQTTPUSH_ASSIGN_OR_RETURN(
      const ReplayStep step,
      ReadReplayStep(*history_, *snapshot, replay_, position_, clock_->Now(),
                     HistoryReader::kMaxWalked));
  for (const ReplayStep::Match& match : step.matches) {
    ++replay_.matched_count;
    replay_.matched_bytes += match.payload_bytes;
  }
  position_ = step.position;
  return step.at_end;
}

}  // namespace mqttpush
