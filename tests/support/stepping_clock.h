// SteppingClock: goes on by steps of a test's own, and by nothing else.
#ifndef MQTTPUSH_TESTS_SUPPORT_STEPPING_CLOCK_H_
#define MQTTPUSH_TESTS_SUPPORT_STEPPING_CLOCK_H_

#include <atomic>

#include "absl/time/time.h"
#include "common/clock.h"

namespace mqttpush {

// Thread-safe.
class SteppingClock : public Clock {
 public:
  explicit SteppingClock(absl::Time start)
      : now_us_(absl::ToUnixMicros(start)) {}

  absl::Time Now() const override {
    return absl::FromUnixMicros(now_us_.load());
  }
  void Advance(absl::Duration by) { now_us_ += absl::ToInt64Microseconds(by); }

 private:
  std::atomic<int64_t> now_us_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_SUPPORT_STEPPING_CLOCK_H_
