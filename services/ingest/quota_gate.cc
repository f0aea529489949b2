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

// An outbox that goes up and down at its bound is full again each time.
constexpr absl::Duration kFullReportInterval = absl::Minutes(1);

IngestRate RateOf(const TenantQuota& quota) {
  return {quota.ingest_events_per_second, quota.ingest_burst};
}

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

void SayLevel(int level, const RoutedTenant& tenant, const Outbox& outbox) {
  Log::Warning(level < 100 ? "outbox_fills" : "outbox_full",
               {{"tenant", tenant.id},
                {"used_percent", UsedPercent(outbox, tenant.quota)},
                {"waiting_events", outbox.events},
                {"max_waiting_events", tenant.quota.max_waiting_events},
                {"waiting_bytes", outbox.bytes},
                {"max_waiting_bytes", tenant.quota.max_waiting_bytes}});
}

}  // namespace

QuotaGate::Entry QuotaGate::Enter(const RoutedTenant& tenant,
                                  const std::vector<EventLoad>& loads,
                                  Admit how) {
  const Decision decision = Decide(tenant, loads, how);
  // Not under the lock, which the log's writer takes: stderr may be slow.
  if (decision.level > 0) SayLevel(decision.level, tenant, decision.outbox);
  return {decision.admission, ErrorOf(decision.admission.limit, tenant,
                                      decision.outbox, decision.wait)};
}

QuotaGate::Decision QuotaGate::Decide(const RoutedTenant& tenant,
                                      const std::vector<EventLoad>& loads,
                                      Admit how) {
  const IngestRate rate = RateOf(tenant.quota);
  const absl::Duration now = now_();
  MutexLock lock(&mutex_);
  State& state = states_[tenant.uid];
  // Under the lock: what Leave has taken off is in it.
  Outbox outbox = Sum(log_->GetOutbox(tenant.uid), state.entering);
  const Admission admission = DecideAdmission(
      loads, how, tenant.quota, outbox, state.bucket.Available(rate, now));
  state.bucket.Take(static_cast<int64_t>(admission.admitted), rate, now);
  state.entering = Sum(state.entering, admission.load);
  outbox = Sum(outbox, admission.load);
  const int64_t refused =
      static_cast<int64_t>(loads.size() - admission.admitted);
  return {
      .admission = admission,
      .outbox = outbox,
      .wait = state.bucket.WaitFor(std::min(refused, rate.burst), rate, now),
      .level = NoteLevel(UsedPercent(outbox, tenant.quota), admission.limit,
                         now, state)};
}

void QuotaGate::Leave(int64_t tenant_uid, const Outbox& load) {
  MutexLock lock(&mutex_);
  State& state = states_[tenant_uid];
  state.entering = Sum(state.entering, {-load.events, -load.bytes});
}

void QuotaGate::GiveBack(const RoutedTenant& tenant,
                         const Admission& admission) {
  const absl::Duration now = now_();
  MutexLock lock(&mutex_);
  State& state = states_[tenant.uid];
  state.bucket.Take(-static_cast<int64_t>(admission.admitted),
                    RateOf(tenant.quota), now);
  state.entering =
      Sum(state.entering, {-admission.load.events, -admission.load.bytes});
}

int QuotaGate::NoteLevel(int used_percent, Limit limit, absl::Duration now,
                         State& state) {
  // What does not fit into the rest is refused too.
  const bool refuses =
      limit == Limit::kWaitingEvents || limit == Limit::kWaitingBytes;
  const int before = std::exchange(
      state.level, refuses ? 100 : OutboxLevel(used_percent, state.level));
  if (state.level <= before) return 0;
  if (state.level < 100) return state.level;
  if (now < state.next_full_report) return 0;
  state.next_full_report = now + kFullReportInterval;
  return state.level;
}

}  // namespace mqttpush
