// Clock: the only source of time; tests use FakeClock.
#ifndef MQTTPUSH_COMMON_CLOCK_H_
#define MQTTPUSH_COMMON_CLOCK_H_

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace mqttpush {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall-clock time, UTC, microsecond resolution or finer.
  virtual absl::Time Now() const { return absl::Now(); }
  // The clock of the process.
  static const Clock* Real() {
    static const Clock clock;
    return &clock;
  }
};

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_CLOCK_H_
