// SubscriptionDispatch: a subscription's queue with its newest configuration.
#ifndef MQTTPUSH_WORKERS_DISPATCH_SUBSCRIPTION_DISPATCH_H_
#define MQTTPUSH_WORKERS_DISPATCH_SUBSCRIPTION_DISPATCH_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "common/delivery_status.h"
#include "storage/config_snapshot.h"
#include "storage/event_log.h"
#include "workers/dispatch/expiry_policy.h"
#include "workers/dispatch/message_renderer.h"
#include "workers/dispatch/subscription_queue.h"

namespace mqttpush {

// On dispatch's loop only.
class SubscriptionDispatch {
 public:
  // Closed until it is configured.
  SubscriptionDispatch(int64_t tenant_uid, const SubscriptionRecovery& recovery,
                       absl::Duration qos_0_lifetime)
      : uid_(recovery.state.uid), tenant_uid_(tenant_uid), queue_(recovery) {
    lifetime_.qos_0_lifetime = qos_0_lifetime;
  }

  // The newest configuration; both records must be in `snapshot`. True when the
  // subscription had another revision before.
  bool Configure(std::shared_ptr<const ConfigSnapshot> snapshot,
                 const SubscriptionRecord* subscription,
                 const TenantRecord* tenant, absl::Time now);
  // The subscription was deleted: nothing more is sent, what is with a worker
  // still counts.
  void Close() { subscription_ = nullptr; }
  // Whether its broker offers what it asks for.
  void set_compatible(bool compatible) { compatible_ = compatible; }

  int64_t uid() const { return uid_; }
  int64_t tenant_uid() const { return tenant_uid_; }
  bool closed() const { return subscription_ == nullptr; }
  bool sends() const { return !discards() && !lifetime_.paused && compatible_; }
  // Deleted or disabled: what is not with a worker is DISCARDED.
  bool discards() const { return closed() || subscription_->disabled; }
  // By the newest revision; not when closed.
  const SubscriptionRecord& subscription() const { return *subscription_; }
  RenderedMessage Render(EventRecord& event,
                         absl::string_view default_event_id_field) const {
    return RenderMessage(event, *tenant_, *subscription_,
                         default_event_id_field);
  }

  // Why the delivery of `event`, which is not with a worker, is over at `now`;
  // kNone: it is not. `link` is the state of its broker's, for the record.
  Ending EndingOf(const EventRecord& event, absl::Time now,
                  LinkState link) const;
  // When `event` expires, not when closed: its lifetime counts from when a
  // person asked for it to be sent again, if one did. Of an event accepted at
  // `now`, the earliest that it may.
  absl::Time ExpiryOf(const EventRecord& event) const;
  absl::Time EarliestExpiry(absl::Time now) const;

  SubscriptionQueue& queue() { return queue_; }
  const SubscriptionQueue& queue() const { return queue_; }

  // The broker that the sent messages are with. They finish there before the
  // subscription goes on with another one.
  void set_sent_to(int64_t broker_uid) { sent_to_ = broker_uid; }
  bool busy_elsewhere(int64_t broker_uid) const {
    return queue_.sent_count() > 0 && sent_to_ != broker_uid;
  }

 private:
  const int64_t uid_;
  const int64_t tenant_uid_;
  std::shared_ptr<const ConfigSnapshot> snapshot_;  // owns the two below
  const SubscriptionRecord* subscription_ = nullptr;
  const TenantRecord* tenant_ = nullptr;
  LifetimeRules lifetime_;
  bool compatible_ = true;
  SubscriptionQueue queue_;
  int64_t sent_to_ = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_SUBSCRIPTION_DISPATCH_H_
