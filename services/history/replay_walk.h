// Which deliveries belong to a replay, found oldest first, step by step.
#ifndef MQTTPUSH_SERVICES_HISTORY_REPLAY_WALK_H_
#define MQTTPUSH_SERVICES_HISTORY_REPLAY_WALK_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/config_snapshot.h"
#include "storage/history_reader.h"
#include "storage/replay_store.h"

namespace mqttpush {

// Whether a delivery that the filter matches belongs to a replay: it had ended
// when that was requested, and its subscription sends. What ended later has
// been sent since, be it by the replay itself: a replay can be walked over
// again from any earlier position and requests nothing twice. `subscription`:
// nullptr when it was deleted. Pure.
bool BelongsToReplay(const DeliveryRow& row, absl::Time replay_create_time,
                     const SubscriptionRecord* subscription);

struct ReplayStep {
  struct Match {
    DeliveryKey key;
    int64_t payload_bytes = 0;
  };
  std::vector<Match> matches;  // at most as many as the limit
  DeliveryKey position;        // none but these match up to it
  bool at_end = false;         // none match after it
};

// The next step after `after`, of bounded work (HistoryReader::kMaxWalked). The
// tenant is in the snapshot.
absl::StatusOr<ReplayStep> ReadReplayStep(HistoryReader& history,
                                          const ConfigSnapshot& snapshot,
                                          const ReplayRecord& replay,
                                          DeliveryKey after, absl::Time now,
                                          int limit);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_REPLAY_WALK_H_
