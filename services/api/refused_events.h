// RefusedEvents: events that were not taken, for those who ask why theirs has
// not arrived. Ingest tells, history reads.
//
// In memory: it is to help with what happened just now, and must cost nothing
// when somebody sends nothing but rubbish.
#ifndef MQTTPUSH_SERVICES_API_REFUSED_EVENTS_H_
#define MQTTPUSH_SERVICES_API_REFUSED_EVENTS_H_

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/mutex.h"
#include "mqttpush/v1/ingest_service.pb.h"

namespace mqttpush {

enum class Refusal {
  kRejected,        // not valid
  kNoTenant,        // nobody owns the owner id
  kNoSubscription,  // that takes the object type
  kDuplicate,       // of an event id that was used before
  kOverQuota,       // of its tenant
};

// What is not known is empty, or 0.
struct RefusedEvent {
  Refusal refusal = Refusal::kRejected;
  absl::Time time;
  int64_t tenant_uid = 0;
  std::string event_id;
  v1::ObjectType object_type = v1::OBJECT_TYPE_UNSPECIFIED;
  std::string object_id;
  std::string asset_id;
  std::string owner_id;
  std::vector<v1::Violation> violations;  // of a rejected one
  // Of them, how many were cut off; Remember sets it.
  int further_violations = 0;
  std::string quota;  // of one over it: which, in words
};

// All that is set must match.
struct RefusedEventQuery {
  std::string event_id;
  std::string object_id;
  std::string asset_id;
  absl::Time start_time = absl::InfinitePast();  // inclusive
  absl::Time end_time = absl::InfiniteFuture();  // exclusive
};

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
  static constexpr size_t kMaxPerTenant = 1000;  // and of those of no tenant
  static constexpr size_t kMaxEvents = 10000;
  static constexpr absl::Duration kMaxAge = absl::Hours(24);
  // Of one event: bounds the whole to some 16 MiB.
  static constexpr size_t kMaxViolations = 3;
  static constexpr size_t kMaxTextBytes = 256;

  explicit RefusedEvents(absl::Time start_time) : start_time_(start_time) {}

  // In the order of their times. Cuts what is too long.
  void Remember(std::vector<RefusedEvent> events);

  // Those of the tenant, and of no tenant, that are remembered at `now`; newest
  // first.
  std::vector<RefusedEvent> Find(int64_t tenant_uid,
                                 const RefusedEventQuery& query,
                                 absl::Time now) const;
  RefusedEventCounts Count(int64_t tenant_uid) const;
  // Since when all that Find would look at are remembered at `now`.
  absl::Time CompleteSince(int64_t tenant_uid, absl::Time now) const;
  absl::Time start_time() const { return start_time_; }

 private:
  using Events = std::list<RefusedEvent>;  // oldest first

  void RememberOne(RefusedEvent event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetOldestOf(int64_t tenant_uid) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const absl::Time start_time_;
  mutable Mutex mutex_;
  Events events_ ABSL_GUARDED_BY(mutex_);
  // Oldest first, by tenant.
  std::map<int64_t, std::deque<Events::iterator>> by_tenant_
      ABSL_GUARDED_BY(mutex_);
  std::map<int64_t, RefusedEventCounts> counts_ ABSL_GUARDED_BY(mutex_);
  // The time of the last that was forgotten, by tenant.
  std::map<int64_t, absl::Time> forgotten_until_ ABSL_GUARDED_BY(mutex_);
  int64_t unknown_owner_count_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t forgotten_count_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_API_REFUSED_EVENTS_H_
