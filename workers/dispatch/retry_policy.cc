#include "workers/dispatch/retry_policy.h"

#include <algorithm>
#include <iterator>

namespace mqttpush {

std::optional<absl::Duration> RetryDelay(int reason_code, int attempt_count,
                                         int max_attempts, double random) {
  static constexpr absl::Duration kDelays[] = {
      absl::Seconds(5),  absl::Seconds(30), absl::Minutes(2),
      absl::Minutes(10), absl::Minutes(30), absl::Hours(1)};
  if (IsPermanentReason(reason_code) || attempt_count >= max_attempts) {
    return std::nullopt;
  }
  const int last = static_cast<int>(std::size(kDelays)) - 1;
  return kDelays[std::clamp(attempt_count - 1, 0, last)] * (0.8 + 0.4 * random);
}

bool IsPermanentReason(int reason_code) {
  switch (reason_code) {
    case 0x90:  // Topic Name invalid
    case 0x95:  // Packet too large
    case 0x99:  // Payload format invalid
    case 0x9A:  // Retain not supported
    case 0x9B:  // QoS not supported
      return true;
    default:
      return false;
  }
}

}  // namespace mqttpush
