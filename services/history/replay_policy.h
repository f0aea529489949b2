// What a replay does next: how much it requests, what the answers mean, and
// when it goes on. Pure functions.
#ifndef MQTTPUSH_SERVICES_HISTORY_REPLAY_POLICY_H_
#define MQTTPUSH_SERVICES_HISTORY_REPLAY_POLICY_H_

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace mqttpush {

// How many deliveries are requested together: a tenth of a second's worth, from
// 1 to limits::kMaxReplayBatch.
int ReplayBatchSize(int max_per_second);
// From the begin of one batch to that of the next.
absl::Duration ReplayPause(size_t batch_size, int max_per_second);

// What came of a batch.
struct ReplayBatchOutcome {
  int requested = 0;  // all of the batch that were taken
  int skipped = 0;    // among those passed
  // So many from the front have had their turn. When that is not all, the next
  // one could not be asked for now, as `hold` says; later ones that were
  // taken will not be found again, because they are RETRYING then.
  size_t passed = 0;
  absl::Status hold;
};
// `answers`: those of Redeliver, in the order of the batch.
ReplayBatchOutcome JudgeReplayBatch(const std::vector<absl::Status>& answers);

// How long it waits for what is in its way.
absl::Duration ReplayHoldDelay(const absl::Status& hold);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_REPLAY_POLICY_H_
