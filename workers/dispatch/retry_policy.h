// What happens to a delivery after the broker said no.
#ifndef MQTTPUSH_WORKERS_DISPATCH_RETRY_POLICY_H_
#define MQTTPUSH_WORKERS_DISPATCH_RETRY_POLICY_H_

#include <optional>

#include "absl/time/time.h"

namespace mqttpush {

// No delay of the schedule is longer.
inline constexpr absl::Duration kLongestRetryDelay = absl::Minutes(72);

// The delay before the next attempt of a message that the broker answered with
// `reason_code` (MQTT 5, section 2.4), after `attempt_count` attempts: 5 s, 30
// s, 2 min, 10 min, 30 min, then 1 h, each ±20 % by `random` in [0, 1). Absent:
// park it, because the reason cannot heal or `max_attempts` are used up.
std::optional<absl::Duration> RetryDelay(int reason_code, int attempt_count,
                                         int max_attempts, double random);

// Whether the same message would be refused again whatever the time.
bool IsPermanentReason(int reason_code);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_RETRY_POLICY_H_
