#include "services/ingest/quota_gate.h"

#include <algorithm>
#include <utility>

#include "common/logging.h"
#include "services/api/errors.h"
#include "services/api/resource_names.h"
#include "services/ingest/outbox_level.h"
#include "storage/tenant_quota.h"

namespace mqttpush {
namespace {

Outbox Sum(const Outbox& a, const Outbox& b) {
  return {a.events + b.events, a.bytes + b.bytes};
}

// `outbox` is without what is refused.
absl::Status ErrorOf(Limit limit, const RoutedTenant& tenant,
                     const Outbox& outbox, absl::Duration wait) {
  const std::string name = TenantName(tenant.id);
  const TenantQuota& quota = tenant.quota;
  switch (limit) {
    case Limit::kIngestRate:
      return errors::IngestRateExceeded(name, quota.ingest_events_per_second,
                                        wait);
    case Limit::kWaitingEvents:
      return errors::OutboxFull(name, "max_waiting_events",
                                quota.max_waiting_events, outbox.events);
    case Limit::kWaitingBytes:
      return errors::OutboxFull(name, "max_waiting_bytes",
                                quota.max_waiting_bytes, outbox.bytes);
    case Limit::kNone:
      break;
  }
  return absl::OkStatus();
}

}  // namespace

QuotaGate::Entry QuotaGate::Enter(const RoutedTenant& tenant,
                                  const std::vector<EventLoad>& loads,
                                  Admit how) {
  const TenantQuota& quota = tenant.quota;
  const IngestRate rate = {quota.ingest_events_per_second, quota.ingest_burst};
  const absl::Duration now = now_();
  MutexLock lock(&mutex_);
  State& state = states_[tenant.uid];
  // Under the lock: what Leave has taken off is in it.
  Outbox outbox = Sum(log_->GetOutbox(tenant.uid), state.entering);
  const Admission admission = DecideAdmission(
      loads, how, quota, outbox, state.bucket.Available(rate, now));
  state.bucket.Take(static_cast<int64_t>(admission.admitted), rate, now);
  state.entering = Sum(state.entering, admission.load);
  outbox = Sum(outbox, admission.load);
  NoteLevel(tenant, outbox, admission.limit, state);
  const int64_t refused =
      static_cast<int64_t>(loads.size() - admission.admitted);
  const absl::Duration wait =
      state.bucket.WaitFor(std::min(refused, rate.burst), rate, now);
  return {admission, ErrorOf(admission.limit, tenant, outbox, wait)};
}

void QuotaGate::Leave(int64_t tenant_uid, const Outbox& load) {
  MutexLock lock(&mutex_);
  State& state = states_[tenant_uid];
  state.entering = Sum(state.entering, {-load.events, -load.bytes});
}

void QuotaGate::NoteLevel(const RoutedTenant& tenant, const Outbox& outbox,
                          Limit limit, State& state) {
  const int used = UsedPercent(outbox, tenant.quota);
  // What does not fit into the rest is refused too.
  const bool refuses =
      limit == Limit::kWaitingEvents || limit == Limit::kWaitingBytes;
  const int before = std::exchange(
      state.level, refuses ? 100 : OutboxLevel(used, state.level));
  if (state.level <= before) return;
  Log::Warning(state.level < 100 ? "outbox_fills" : "outbox_full",
               {{"tenant", tenant.id},
                {"used_percent", used},
                {"waiting_events", outbox.events},
                {"max_waiting_events", tenant.quota.max_waiting_events},
                {"waiting_bytes", outbox.bytes},
                {"max_waiting_bytes", tenant.quota.max_waiting_bytes}});
}

}  // namespace mqttpush
