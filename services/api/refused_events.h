// RefusedEvents: events that were not taken, for those who ask why theirs has
// not arrived. Ingest tells, history reads.
//
// In memory: it is to help with what happened just now, and must cost nothing
// when somebody sends nothing but rubbish.
//
// What is over a quota has a memory of its own, with one entry for each event
// id: producers repeat it until it is taken, and that must not drive out what
// they have to mend.
#ifndef MQTTPUSH_SERVICES_API_REFUSED_EVENTS_H_
#define MQTTPUSH_SERVICES_API_REFUSED_EVENTS_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/time/time.h"
#include "common/mutex.h"
#include "services/api/refusal_memory.h"
#include "services/api/refused_event.h"

namespace mqttpush {

// Since the start.
struct RefusedEventCounts {
  // Of one tenant.
  int64_t rejected = 0;
  int64_t no_subscription = 0;
  int64_t duplicate = 0;
  int64_t over_quota = 0;
  // Of all.
  int64_t unknown_owner = 0;
  int64_t forgotten = 0;
};

// Thread-safe.
class RefusedEvents {
 public:
  // Of each of the two memories.
  static constexpr size_t kMaxPerTenant = RefusalMemory::kMaxPerTenant;
  static constexpr size_t kMaxEvents = RefusalMemory::kMaxEvents;
  static constexpr absl::Duration kMaxAge = RefusalMemory::kMaxAge;
  // Of one event: bounds the whole to some 40 MiB.
  static constexpr size_t kMaxViolations = 3;
  static constexpr size_t kMaxTextBytes = 256;

  explicit RefusedEvents(absl::Time start_time) : start_time_(start_time) {}

  // In the order of their times. Cuts what is too long.
  void Remember(std::vector<RefusedEvent> events);

  // Those of the tenant, and of no tenant, that are remembered at `now`; newest
  // first. Of an event id one that was over the quota, the last, at most.
  std::vector<RefusedEvent> Find(int64_t tenant_uid,
                                 const RefusedEventQuery& query,
                                 absl::Time now) const;
  RefusedEventCounts Count(int64_t tenant_uid) const;
  // Since when all that Find would look at are remembered at `now`, but for
  // those over the quota.
  absl::Time CompleteSince(int64_t tenant_uid, absl::Time now) const;
  // Likewise of those over the quota.
  absl::Time OverQuotaCompleteSince(int64_t tenant_uid, absl::Time now) const;
  absl::Time start_time() const { return start_time_; }

 private:
  // When all are remembered but those that were forgotten until then.
  absl::Time CompleteAfter(absl::Time forgotten, absl::Time now) const;

  const absl::Time start_time_;
  mutable Mutex mutex_;
  RefusalMemory over_quota_ ABSL_GUARDED_BY(mutex_){
      RefusalMemory::Repeats::kOnce};
  RefusalMemory others_ ABSL_GUARDED_BY(mutex_){RefusalMemory::Repeats::kEach};
  std::map<int64_t, RefusedEventCounts> counts_ ABSL_GUARDED_BY(mutex_);
  int64_t unknown_owner_count_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_API_REFUSED_EVENTS_H_
