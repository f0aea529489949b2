#include "services/api/refused_events.h"

#include <algorithm>
#include <utility>

#include "services/api/text.h"

namespace mqttpush {
namespace {

void Cut(std::string& text) {
  text = ReplaceInvalidUtf8(Truncate(text, RefusedEvents::kMaxTextBytes));
}

void Cut(RefusedEvent& event) {
  for (std::string* text : {&event.event_id, &event.object_id, &event.asset_id,
                            &event.owner_id, &event.quota}) {
    Cut(*text);
  }
  if (event.violations.size() > RefusedEvents::kMaxViolations) {
    event.further_violations = static_cast<int>(event.violations.size() -
                                                RefusedEvents::kMaxViolations);
    event.violations.resize(RefusedEvents::kMaxViolations);
  }
  for (v1::Violation& violation : event.violations) {
    Cut(*violation.mutable_field());
    Cut(*violation.mutable_description());
  }
}

void Count(Refusal refusal, RefusedEventCounts& counts) {
  if (refusal == Refusal::kRejected) ++counts.rejected;
  if (refusal == Refusal::kNoSubscription) ++counts.no_subscription;
  if (refusal == Refusal::kDuplicate) ++counts.duplicate;
  if (refusal == Refusal::kOverQuota) ++counts.over_quota;
}

}  // namespace

void RefusedEvents::Remember(std::vector<RefusedEvent> events) {
  for (RefusedEvent& event : events) Cut(event);
  MutexLock lock(&mutex_);
  for (RefusedEvent& event : events) {
    if (event.tenant_uid == 0) {
      ++unknown_owner_count_;
    } else {
      mqttpush::Count(event.refusal, counts_[event.tenant_uid]);
    }
    const bool over_quota = event.refusal == Refusal::kOverQuota;
    (over_quota ? over_quota_ : others_).Remember(std::move(event));
  }
}

std::vector<RefusedEvent> RefusedEvents::Find(int64_t tenant_uid,
                                              const RefusedEventQuery& query,
                                              absl::Time now) const {
  RefusedEventQuery recent = query;
  recent.start_time = std::max(query.start_time, now - kMaxAge);
  std::vector<RefusedEvent> found;
  MutexLock lock(&mutex_);
  others_.Find(tenant_uid, recent, found);
  over_quota_.Find(tenant_uid, recent, found);
  if (tenant_uid != 0) others_.Find(0, recent, found);
  std::stable_sort(found.begin(), found.end(),
                   [](const RefusedEvent& a, const RefusedEvent& b) {
                     return a.time > b.time;
                   });
  return found;
}

absl::Time RefusedEvents::CompleteSince(int64_t tenant_uid,
                                        absl::Time now) const {
  MutexLock lock(&mutex_);
  return CompleteAfter(
      std::max(others_.ForgottenUntil(tenant_uid), others_.ForgottenUntil(0)),
      now);
}

absl::Time RefusedEvents::OverQuotaCompleteSince(int64_t tenant_uid,
                                                 absl::Time now) const {
  MutexLock lock(&mutex_);
  return CompleteAfter(over_quota_.ForgottenUntil(tenant_uid), now);
}

// Others of the moment of the last that was forgotten may have been with it.
absl::Time RefusedEvents::CompleteAfter(absl::Time forgotten,
                                        absl::Time now) const {
  return std::max(
      {start_time_, now - kMaxAge, forgotten + absl::Microseconds(1)});
}

RefusedEventCounts RefusedEvents::Count(int64_t tenant_uid) const {
  MutexLock lock(&mutex_);
  RefusedEventCounts counts;
  const auto found = counts_.find(tenant_uid);
  if (found != counts_.end()) counts = found->second;
  counts.unknown_owner = unknown_owner_count_;
  counts.forgotten = others_.forgotten_count() + over_quota_.forgotten_count();
  return counts;
}

}  // namespace mqttpush
