// Backoff: how long to wait before the next connection attempt.
#ifndef MQTTPUSH_WORKERS_WORKER_BACKOFF_H_
#define MQTTPUSH_WORKERS_WORKER_BACKOFF_H_

#include <functional>

#include "absl/time/time.h"

namespace mqttpush {

// Exponential backoff. Not thread-safe.
//
// The fast lane has full jitter (anything from 0 to the present step): after a
// broker's restart its clients must not come back all at once. The slow lane is
// for failures that only a person can mend; its jitter is the upper half of
// the step, so that a refused link stays quiet for minutes.
class Backoff {
 public:
  // Returns a number in [0, 1).
  using Random = std::function<double()>;

  // A connection must live this long, and must have acknowledged something,
  // before the delays start small again: a broker that accepts and then
  // drops us would otherwise be called once a second for ever.
  static constexpr absl::Duration kStableAfter = absl::Seconds(30);
  static constexpr absl::Duration kSlowBase = absl::Minutes(5);
  static constexpr absl::Duration kSlowMax = absl::Hours(1);

  explicit Backoff(Random random) : random_(std::move(random)) {}

  // The step of the fast lane: at first, and at most.
  void SetLimits(absl::Duration base, absl::Duration max);

  // The delay after a failure; doubles the step of its lane.
  absl::Duration NextDelay();
  absl::Duration NextSlowDelay();

  // To call when a connection ended. It was `stable` for as long as it lived,
  // or, when it stalled, until its last progress: to wait for a stall is not to
  // be stable.
  void OnConnectionEnded(absl::Duration stable, bool acknowledged);

  // Starts small again in both lanes, as for new settings.
  void Reset();

 private:
  Random random_;
  absl::Duration base_ = absl::Seconds(1);
  absl::Duration max_ = absl::Seconds(120);
  absl::Duration step_ = base_;
  absl::Duration slow_step_ = kSlowBase;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_BACKOFF_H_
