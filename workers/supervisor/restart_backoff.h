// RestartBackoff: how long a worker that ended stays down, and how often it
// ended in a row.
#ifndef MQTTPUSH_WORKERS_SUPERVISOR_RESTART_BACKOFF_H_
#define MQTTPUSH_WORKERS_SUPERVISOR_RESTART_BACKOFF_H_

#include <algorithm>

#include "absl/time/time.h"

namespace mqttpush {

// 100 ms, doubling to 30 s; from the start again after a life of a minute. One
// crash costs its link a moment, a worker that crashes on every start costs
// next to nothing. Pure.
class RestartBackoff {
 public:
  // The delay before the next start of a worker that lived for `lifetime`.
  absl::Duration Next(absl::Duration lifetime) {
    if (lifetime >= kStable) *this = RestartBackoff();
    ++in_row_;
    const absl::Duration delay = delay_;
    delay_ = std::min(2 * delay_, kLongest);
    return delay;
  }

  // How many lives ended without one of a minute between them.
  int in_row() const { return in_row_; }

 private:
  static constexpr absl::Duration kFirst = absl::Milliseconds(100);
  static constexpr absl::Duration kLongest = absl::Seconds(30);
  static constexpr absl::Duration kStable = absl::Minutes(1);

  absl::Duration delay_ = kFirst;
  int in_row_ = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_SUPERVISOR_RESTART_BACKOFF_H_
