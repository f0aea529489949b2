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

bool Matches(const RefusedEventQuery& query, const RefusedEvent& event) {
  return (query.event_id.empty() || query.event_id == event.event_id) &&
         (query.object_id.empty() || query.object_id == event.object_id) &&
         (query.asset_id.empty() || query.asset_id == event.asset_id) &&
         query.start_time <= event.time && event.time < query.end_time;
}

}  // namespace

void RefusedEvents::Remember(std::vector<RefusedEvent> events) {
  for (RefusedEvent& event : events) Cut(event);
  MutexLock lock(&mutex_);
  for (RefusedEvent& event : events) RememberOne(std::move(event));
}

void RefusedEvents::RememberOne(RefusedEvent event) {
  const int64_t tenant_uid = event.tenant_uid;
  if (tenant_uid == 0) {
    ++unknown_owner_count_;
  } else {
    mqttpush::Count(event.refusal, counts_[tenant_uid]);
  }
  const absl::Time oldest = event.time - kMaxAge;
  while (!events_.empty() &&
         (events_.size() >= kMaxEvents || events_.front().time < oldest)) {
    ForgetOldestOf(events_.front().tenant_uid);
  }
  events_.push_back(std::move(event));
  by_tenant_[tenant_uid].push_back(std::prev(events_.end()));
  if (by_tenant_[tenant_uid].size() > kMaxPerTenant) ForgetOldestOf(tenant_uid);
}

void RefusedEvents::ForgetOldestOf(int64_t tenant_uid) {
  const auto found = by_tenant_.find(tenant_uid);
  forgotten_until_[tenant_uid] = found->second.front()->time;
  events_.erase(found->second.front());
  found->second.pop_front();
  if (found->second.empty()) by_tenant_.erase(found);
  ++forgotten_count_;
}

std::vector<RefusedEvent> RefusedEvents::Find(int64_t tenant_uid,
                                              const RefusedEventQuery& query,
                                              absl::Time now) const {
  RefusedEventQuery recent = query;
  recent.start_time = std::max(query.start_time, now - kMaxAge);
  std::vector<RefusedEvent> found;
  MutexLock lock(&mutex_);
  for (const int64_t uid : {tenant_uid, int64_t{0}}) {
    const auto events = by_tenant_.find(uid);
    if (events == by_tenant_.end()) continue;
    for (const Events::iterator& event : events->second) {
      if (Matches(recent, *event)) found.push_back(*event);
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const RefusedEvent& a, const RefusedEvent& b) {
                     return a.time > b.time;
                   });
  return found;
}

absl::Time RefusedEvents::CompleteSince(int64_t tenant_uid,
                                        absl::Time now) const {
  absl::Time since = std::max(start_time_, now - kMaxAge);
  MutexLock lock(&mutex_);
  for (const int64_t uid : {tenant_uid, int64_t{0}}) {
    const auto forgotten = forgotten_until_.find(uid);
    if (forgotten == forgotten_until_.end()) continue;
    // Others of that very moment may have been forgotten with it.
    since = std::max(since, forgotten->second + absl::Microseconds(1));
  }
  return since;
}

RefusedEventCounts RefusedEvents::Count(int64_t tenant_uid) const {
  MutexLock lock(&mutex_);
  RefusedEventCounts counts;
  const auto found = counts_.find(tenant_uid);
  if (found != counts_.end()) counts = found->second;
  counts.unknown_owner = unknown_owner_count_;
  counts.forgotten = forgotten_count_;
  return counts;
}

}  // namespace mqttpush
