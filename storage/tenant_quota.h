// What a tenant may use of the deployment, and what is in force.
#ifndef MQTTPUSH_STORAGE_TENANT_QUOTA_H_
#define MQTTPUSH_STORAGE_TENANT_QUOTA_H_

#include "storage/event_log.h"
#include "storage/records.h"

namespace mqttpush {

// What the deployment says. All of it is set; of a default that is above its
// maximum the maximum counts.
struct QuotaRules {
  // For tenants that say nothing. The rate is more than one service takes in,
  // so that it bounds nobody who was not given one.
  TenantQuota defaults = {.ingest_events_per_second = 1'000'000,
                          .ingest_burst = 1'000'000,
                          .max_waiting_events = 1'000'000,
                          .max_waiting_bytes = int64_t{1} << 30,
                          .outbox_policy = OutboxPolicy::kRefuseNew};
  // The most that a tenant can be given. Has no policy.
  TenantQuota maxima = {.ingest_events_per_second = 1'000'000,
                        .ingest_burst = 1'000'000,
                        .max_waiting_events = 100'000'000,
                        .max_waiting_bytes = int64_t{100} << 30};
};

// What is in force for a tenant with the quota `own`. A maximum that was
// lowered after it was given counts.
TenantQuota EffectiveQuota(const TenantQuota& own, const QuotaRules& rules);

// How much of `quota`, which is in force, the outbox has used up: the larger
// one of events and bytes, rounded down.
int UsedPercent(const Outbox& outbox, const TenantQuota& quota);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_TENANT_QUOTA_H_
