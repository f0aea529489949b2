#include "services/api/refusal_memory.h"

namespace mqttpush {
namespace {

// One that was refused several times is of all the time from first to last: in
// between it may have been refused as well.
bool Matches(const RefusedEventQuery& query, const RefusedEvent& event) {
  return (query.event_id.empty() || query.event_id == event.event_id) &&
         (query.object_id.empty() || query.object_id == event.object_id) &&
         (query.asset_id.empty() || query.asset_id == event.asset_id) &&
         query.start_time <= event.time && event.first_time < query.end_time;
}

}  // namespace

void RefusalMemory::Remember(RefusedEvent event) {
  const int64_t tenant_uid = event.tenant_uid;
  event.count = 1;
  event.first_time = event.time;
  if (repeats_ == Repeats::kOnce) TakeOutRepeated(event);
  const auto own = positions_.find(tenant_uid);
  if (own != positions_.end() && own->second.size() >= kMaxPerTenant) {
    Forget(*own->second.begin());
  }
  const absl::Time oldest = event.time - kMaxAge;
  while (!events_.empty() && (events_.size() >= kMaxEvents ||
                              events_.begin()->second.time < oldest)) {
    Forget(events_.begin()->first);
  }
  const int64_t position = next_position_++;
  if (repeats_ == Repeats::kOnce) {
    position_of_[{tenant_uid, event.event_id}] = position;
  }
  events_.emplace(position, std::move(event));
  positions_[tenant_uid].insert(position);
}

void RefusalMemory::TakeOutRepeated(RefusedEvent& event) {
  const auto found = position_of_.find({event.tenant_uid, event.event_id});
  if (found == position_of_.end()) return;
  const RefusedEvent before = Remove(found->second);
  event.count += before.count;
  event.first_time = before.first_time;
}

void RefusalMemory::Forget(int64_t position) {
  const RefusedEvent event = Remove(position);
  forgotten_until_[event.tenant_uid] = event.time;
  ++forgotten_count_;
}

RefusedEvent RefusalMemory::Remove(int64_t position) {
  RefusedEvent event = std::move(events_.extract(position).mapped());
  const auto own = positions_.find(event.tenant_uid);
  own->second.erase(position);
  if (own->second.empty()) positions_.erase(own);
  position_of_.erase({event.tenant_uid, event.event_id});
  return event;
}

void RefusalMemory::Find(int64_t tenant_uid, const RefusedEventQuery& query,
                         std::vector<RefusedEvent>& found) const {
  const auto own = positions_.find(tenant_uid);
  if (own == positions_.end()) return;
  for (const int64_t position : own->second) {
    const RefusedEvent& event = events_.at(position);
    if (Matches(query, event)) found.push_back(event);
  }
}

absl::Time RefusalMemory::ForgottenUntil(int64_t tenant_uid) const {
  const auto forgotten = forgotten_until_.find(tenant_uid);
  return forgotten == forgotten_until_.end() ? absl::InfinitePast()
                                             : forgotten->second;
}

}  // namespace mqttpush
