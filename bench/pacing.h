// Waiting as a part of a measurement: a producer of a given rate.
#ifndef MQTTPUSH_BENCH_PACING_H_
#define MQTTPUSH_BENCH_PACING_H_

#include <poll.h>
#include <time.h>

#include "absl/time/time.h"
#include "common/steady_time.h"

namespace mqttpush::bench {

// Lets `duration` pass; nothing when it is not positive.
inline void LetPass(absl::Duration duration) {
  if (duration <= absl::ZeroDuration()) return;
  const timespec time = absl::ToTimespec(duration);
  ppoll(nullptr, 0, &time, nullptr);
}

// Something that is due every `interval`. What comes late does not move what
// follows.
class Pacer {
 public:
  explicit Pacer(absl::Duration interval) : interval_(interval) {}
  // Waits until the next is due; the first is at once.
  void Next() {
    if (count_ == 0) start_ = SteadyNow();
    LetPass(start_ + count_++ * interval_ - SteadyNow());
  }

 private:
  const absl::Duration interval_;
  absl::Duration start_;
  int64_t count_ = 0;
};

}  // namespace mqttpush::bench

#endif  // MQTTPUSH_BENCH_PACING_H_
