// SteadyNow: the clock for durations, which no correction of the time of day
// moves.
#ifndef MQTTPUSH_COMMON_STEADY_TIME_H_
#define MQTTPUSH_COMMON_STEADY_TIME_H_

#include <chrono>

#include "absl/time/time.h"

namespace mqttpush {

// Since an epoch of its own.
inline absl::Duration SteadyNow() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_STEADY_TIME_H_
