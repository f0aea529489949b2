#include "services/ingest/admission.h"

#include <algorithm>

namespace mqttpush {
namespace {

void Add(const Outbox& load, Outbox& sum) {
  sum.events += load.events;
  sum.bytes += load.bytes;
}

// The limit that `count` more events are over.
Limit LimitOf(int64_t count, const Outbox& load, const TenantQuota& quota,
              const Outbox& outbox, int64_t tokens) {
  if (tokens < std::min(count, quota.ingest_burst)) return Limit::kIngestRate;
  if (quota.outbox_policy == OutboxPolicy::kDropOldest) return Limit::kNone;
  if (outbox.events == 0) return Limit::kNone;
  if (outbox.events + load.events > quota.max_waiting_events) {
    return Limit::kWaitingEvents;
  }
  if (outbox.bytes + load.bytes > quota.max_waiting_bytes) {
    return Limit::kWaitingBytes;
  }
  return Limit::kNone;
}

Admission AdmitAll(const std::vector<EventLoad>& loads,
                   const TenantQuota& quota, const Outbox& outbox,
                   int64_t tokens) {
  Outbox sum;
  for (const EventLoad& load : loads) Add(load, sum);
  const Limit limit =
      LimitOf(static_cast<int64_t>(loads.size()), sum, quota, outbox, tokens);
  if (limit != Limit::kNone) return {.limit = limit};
  return {.admitted = loads.size(), .load = sum};
}

}  // namespace

Admission DecideAdmission(const std::vector<EventLoad>& loads, Admit how,
                          const TenantQuota& quota, const Outbox& outbox,
                          int64_t tokens) {
  if (how == Admit::kAllOrNone) return AdmitAll(loads, quota, outbox, tokens);
  Admission admission;
  Outbox used = outbox;
  for (const EventLoad& load : loads) {
    admission.limit = LimitOf(1, load, quota, used, tokens--);
    if (admission.limit != Limit::kNone) break;
    ++admission.admitted;
    Add(load, admission.load);
    Add(load, used);
  }
  return admission;
}

}  // namespace mqttpush
