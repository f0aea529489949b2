#include "services/admin/quota_converter.h"

#include "absl/strings/str_cat.h"

namespace mqttpush {
namespace {

// The policies of the API and of the records have the same numbers.
static_assert(v1::Quota::OUTBOX_POLICY_UNSPECIFIED ==
              static_cast<int>(OutboxPolicy::kDefault));
static_assert(v1::Quota::REFUSE_NEW ==
              static_cast<int>(OutboxPolicy::kRefuseNew));
static_assert(v1::Quota::DROP_OLDEST ==
              static_cast<int>(OutboxPolicy::kDropOldest));

// What was taken once stays, also when the deployment allows less since then.
void CheckLimit(absl::string_view field, int64_t value, int64_t before,
                int64_t most, Violations* violations) {
  if (value == before || (value >= 0 && value <= most)) return;
  violations->Add(absl::StrCat("tenant.quota.", field),
                  absl::StrCat("must be from 1 to ", most,
                               ", or 0 for what the deployment says"));
}

}  // namespace

v1::Quota QuotaToProto(const TenantQuota& quota) {
  v1::Quota proto;
  proto.set_ingest_events_per_second(quota.ingest_events_per_second);
  proto.set_ingest_burst(quota.ingest_burst);
  proto.set_max_waiting_events(quota.max_waiting_events);
  proto.set_max_waiting_bytes(quota.max_waiting_bytes);
  proto.set_outbox_policy(
      static_cast<v1::Quota::OutboxPolicy>(quota.outbox_policy));
  return proto;
}

TenantQuota QuotaFromProto(const v1::Quota& proto, const TenantQuota& base,
                           const TenantQuota& maxima, Violations* violations) {
  CheckLimit("ingest_events_per_second", proto.ingest_events_per_second(),
             base.ingest_events_per_second, maxima.ingest_events_per_second,
             violations);
  CheckLimit("ingest_burst", proto.ingest_burst(), base.ingest_burst,
             maxima.ingest_burst, violations);
  CheckLimit("max_waiting_events", proto.max_waiting_events(),
             base.max_waiting_events, maxima.max_waiting_events, violations);
  CheckLimit("max_waiting_bytes", proto.max_waiting_bytes(),
             base.max_waiting_bytes, maxima.max_waiting_bytes, violations);
  if (!v1::Quota::OutboxPolicy_IsValid(proto.outbox_policy())) {
    violations->Add("tenant.quota.outbox_policy",
                    "must be REFUSE_NEW or DROP_OLDEST");
  }
  return {.ingest_events_per_second = proto.ingest_events_per_second(),
          .ingest_burst = proto.ingest_burst(),
          .max_waiting_events = proto.max_waiting_events(),
          .max_waiting_bytes = proto.max_waiting_bytes(),
          .outbox_policy = static_cast<OutboxPolicy>(proto.outbox_policy())};
}

}  // namespace mqttpush
