// ReplayRun: one replay that is running, step by step.
#ifndef MQTTPUSH_SERVICES_HISTORY_REPLAY_RUN_H_
#define MQTTPUSH_SERVICES_HISTORY_REPLAY_RUN_H_

#include <deque>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "services/history/redeliver.h"
#include "storage/config_store.h"
#include "storage/history_reader.h"
#include "storage/replay_store.h"

namespace mqttpush {

// What replays need of the service.
struct ReplayParts {
  ReplayStore* store = nullptr;
  const ConfigStore* config = nullptr;
  HistoryReader* history = nullptr;
  const Clock* clock = nullptr;
  Redeliver redeliver;
};

// Goes over the log ahead of what it requests by a second's worth at the most,
// and has one batch under way at a time, which is noted before the next one.
// Thread-compatible.
class ReplayRun {
 public:
  // `parts` must outlive it. `record` is one of the store's.
  ReplayRun(const ReplayParts* parts, ReplayRecord record);

  struct Next {
    bool ended = false;   // there is no next step
    absl::Duration wait;  // from the begin of this step to that of the next
  };
  // Reads on, or requests a batch, and waits until it is on disk.
  Next Step();

  const ReplayRecord& record() const { return record_; }

 private:
  // Reads on when there is nothing left to request. False: look again later.
  absl::StatusOr<bool> LookAhead(const ConfigSnapshot& snapshot);
  Next RequestBatch(const ConfigSnapshot& snapshot);
  // `where`: "", or the subscription at which it is held up.
  Next Hold(const absl::Status& why, const std::string& where);
  Next End(ReplayState state, const std::string& error);
  // Notes what the record says, then `next`.
  Next Save(Next next);

  const ReplayParts& parts_;
  ReplayRecord record_;
  std::deque<DeliveryKey> ahead_;  // to be requested
  DeliveryKey ahead_through_;      // where reading goes on after these
  bool at_end_ = false;            // nothing comes after these
  bool saved_ = true;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_REPLAY_RUN_H_
