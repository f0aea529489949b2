// When an event that waits, or is retried, has waited too long.
#ifndef MQTTPUSH_WORKERS_DISPATCH_EXPIRY_POLICY_H_
#define MQTTPUSH_WORKERS_DISPATCH_EXPIRY_POLICY_H_

#include <optional>

#include "absl/time/time.h"
#include "storage/records.h"

namespace mqttpush {

// How long the events of a subscription may wait.
struct LifetimeRules {
  std::optional<absl::Duration> event_lifetime;       // the subscription's own
  absl::Duration qos_0_lifetime = absl::Seconds(60);  // the deployment's
  bool paused = false;
  absl::Time resume_time = absl::InfinitePast();  // the last pause ended
};

// When an event accepted at `accept_time` expires; InfiniteFuture for never.
//
// An explicit lifetime counts from acceptance, also during a pause: whoever
// sets it says that the event is worthless afterwards. At QoS 0 without one the
// deployment says how long an event waits for a link; a pause is no wait for
// one, so it counts from the end of the last pause.
absl::Time ExpiryTime(const LifetimeRules& rules, Qos qos,
                      absl::Time accept_time);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_EXPIRY_POLICY_H_
