// SubscriptionStates: the state of every subscription's deliveries, in memory,
// as last committed.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_SUBSCRIPTION_STATES_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_SUBSCRIPTION_STATES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/mutex.h"
#include "storage/event_log.h"

namespace mqttpush {

// Beside the counters it holds what SubscriptionRecovery needs: exceptions that
// are retrying or above the cursor, and attempted events above it. These are as
// many as a subscription has under way. Thread-safe.
class SubscriptionStates {
 public:
  // Events that the subscription took, the first of them `first_seq`.
  void AddAccepted(const SubscriptionRef& subscription, int64_t tenant_uid,
                   int64_t first_seq, int64_t count);
  void Apply(const DeliveryUpdate& update);
  // To the outbox of a tenant. Its events follow from the counters; of their
  // payloads only who has the rows knows. Comes after all that a commit changes
  // in the counters, for each tenant: an outbox without events has no bytes.
  void AddOutboxBytes(int64_t tenant_uid, int64_t bytes);
  // What a segment says when it is opened.
  void Put(SubscriptionState state);
  void PutException(int64_t subscription_uid, DeliveryException exception);
  // `answered`: whether the broker answered its last attempt; absent: not
  // known.
  void PutAttempted(int64_t subscription_uid, AttemptedEvent attempted,
                    std::optional<bool> answered = std::nullopt);

  // Zeros for a subscription that never took an event.
  SubscriptionState Get(int64_t subscription_uid) const;
  // 0 for one that never took an event.
  int64_t TenantOf(int64_t subscription_uid) const;
  // As EventLog::Recover.
  SubscriptionRecovery Recover(int64_t subscription_uid,
                               int64_t newest_event_seq) const;
  // As EventLog::ListUndelivered.
  std::vector<SubscriptionState> ListUndelivered() const;
  Outbox OutboxOf(int64_t tenant_uid) const;
  // Everything, by uid.
  std::vector<SubscriptionRecovery> All() const;
  // Those of one tenant, by uid.
  std::vector<SubscriptionState> OfTenant(int64_t tenant_uid) const;

 private:
  struct Live {
    SubscriptionState state;
    std::map<int64_t, DeliveryException> exceptions;  // by event seq
    std::map<int64_t, AttemptedEvent> attempted;      // by event seq
  };
  static SubscriptionRecovery RecoveryOf(const Live& live);
  static void Prune(Live& live);
  void AddOutboxEvents(int64_t tenant_uid, int64_t events)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    outboxes_[tenant_uid].events += events;
  }

  mutable Mutex mutex_;
  std::map<int64_t, Live> live_ ABSL_GUARDED_BY(mutex_);
  std::map<int64_t, Outbox> outboxes_ ABSL_GUARDED_BY(mutex_);  // by tenant
};

// Deliveries of `state` that are waiting, in flight or retrying.
int64_t CountUndelivered(const SubscriptionState& state);
// Whether there are any.
bool HasUndelivered(const SubscriptionState& state);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_SUBSCRIPTION_STATES_H_
