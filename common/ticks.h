// Ticks: times in units of 100 ns since the Unix epoch, as event ids have them.
#ifndef MQTTPUSH_COMMON_TICKS_H_
#define MQTTPUSH_COMMON_TICKS_H_

#include <cstdint>

#include "absl/time/time.h"

namespace mqttpush {

inline constexpr int64_t kTicksPerSecond = 10'000'000;
inline constexpr int64_t kTicksPerHour = 3600 * kTicksPerSecond;

inline int64_t ToTicks(absl::Time time) {
  return absl::ToInt64Nanoseconds(time - absl::UnixEpoch()) / 100;
}
inline absl::Time FromTicks(int64_t ticks) {
  return absl::UnixEpoch() + absl::Nanoseconds(100) * ticks;
}

}  // namespace mqttpush

#endif  // MQTTPUSH_COMMON_TICKS_H_
