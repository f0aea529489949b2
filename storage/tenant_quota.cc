#include "storage/tenant_quota.h"

#include <algorithm>

namespace mqttpush {
namespace {

int64_t InForce(int64_t own, int64_t by_default, int64_t most) {
  return std::min(own == 0 ? by_default : own, most);
}

// As a double: the product may be more than an int64_t holds.
int Percent(int64_t used, int64_t most) {
  const double percent = 100.0 * static_cast<double>(used) / most;
  return static_cast<int>(std::min(percent, 1e9));
}

}  // namespace

TenantQuota EffectiveQuota(const TenantQuota& own, const QuotaRules& rules) {
  const TenantQuota& defaults = rules.defaults;
  const TenantQuota& maxima = rules.maxima;
  return {.ingest_events_per_second = InForce(own.ingest_events_per_second,
                                              defaults.ingest_events_per_second,
                                              maxima.ingest_events_per_second),
          .ingest_burst = InForce(own.ingest_burst, defaults.ingest_burst,
                                  maxima.ingest_burst),
          .max_waiting_events =
              InForce(own.max_waiting_events, defaults.max_waiting_events,
                      maxima.max_waiting_events),
          .max_waiting_bytes =
              InForce(own.max_waiting_bytes, defaults.max_waiting_bytes,
                      maxima.max_waiting_bytes),
          .outbox_policy = own.outbox_policy == OutboxPolicy::kDefault
                               ? defaults.outbox_policy
                               : own.outbox_policy};
}

int UsedPercent(const Outbox& outbox, const TenantQuota& quota) {
  return std::max(Percent(outbox.events, quota.max_waiting_events),
                  Percent(outbox.bytes, quota.max_waiting_bytes));
}

}  // namespace mqttpush
