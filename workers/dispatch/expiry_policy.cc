#include "workers/dispatch/expiry_policy.h"

#include <algorithm>

namespace mqttpush {

absl::Time ExpiryTime(const LifetimeRules& rules, Qos qos,
                      absl::Time accept_time) {
  if (rules.event_lifetime.has_value()) {
    return accept_time + *rules.event_lifetime;
  }
  if (qos != Qos::kAtMostOnce || rules.paused) return absl::InfiniteFuture();
  return std::max(accept_time, rules.resume_time) + rules.qos_0_lifetime;
}

}  // namespace mqttpush
