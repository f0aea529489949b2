// ReplayCount: counts what a replay would send again, step by step.
#ifndef MQTTPUSH_SERVICES_HISTORY_REPLAY_COUNT_H_
#define MQTTPUSH_SERVICES_HISTORY_REPLAY_COUNT_H_

#include <utility>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "storage/config_store.h"
#include "storage/history_reader.h"
#include "storage/replay_store.h"

namespace mqttpush {

// Thread-compatible.
class ReplayCount {
 public:
  // What is passed in must outlive it.
  ReplayCount(const ConfigStore* config, HistoryReader* history,
              const Clock* clock, ReplayRecord replay)
      : config_(config),
        history_(history),
        clock_(clock),
        replay_(std::move(replay)) {}

  // Counts on, for bounded work. True: all is counted. NOT_FOUND when the
  // tenant was deleted meanwhile; other errors are those of HistoryReader.
  absl::StatusOr<bool> Step();

  // With the counts so far.
  const ReplayRecord& replay() const { return replay_; }

 private:
  const ConfigStore* const config_;
  HistoryReader* const history_;
  const Clock* const clock_;
  ReplayRecord replay_;
  DeliveryKey position_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_REPLAY_COUNT_H_
