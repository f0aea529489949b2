// SubscriptionDispatch: a subscription's queue with its newest configuration.
#ifndef MQTTPUSH_WORKERS_DISPATCH_SUBSCRIPTION_DISPATCH_H_
#define MQTTPUSH_WORKERS_DISPATCH_SUBSCRIPTION_DISPATCH_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "storage/config_snapshot.h"
#include "storage/event_log.h"
#include "workers/dispatch/message_renderer.h"
#include "workers/dispatch/subscription_queue.h"

namespace mqttpush {

// On dispatch's loop only.
class SubscriptionDispatch {
 public:
  SubscriptionDispatch(int64_t tenant_uid, const SubscriptionRecovery& recovery)
      : uid_(recovery.state.uid), tenant_uid_(tenant_uid), queue_(recovery) {}

  // The newest configuration; both records must be in `snapshot`.
  void Configure(std::shared_ptr<const ConfigSnapshot> snapshot,
                 const SubscriptionRecord* subscription,
                 const TenantRecord* tenant);
  // The subscription was deleted: nothing more is sent, what is with a worker
  // still counts.
  void Close() { subscription_ = nullptr; }

  int64_t uid() const { return uid_; }
  int64_t tenant_uid() const { return tenant_uid_; }
  bool closed() const { return subscription_ == nullptr; }
  // Neither paused nor closed.
  bool sends() const {
    return !closed() && !subscription_->paused && !tenant_->paused;
  }
  // By the newest revision; not when closed.
  const SubscriptionRecord& subscription() const { return *subscription_; }
  RenderedMessage Render(EventRecord& event,
                         absl::string_view default_event_id_field) const {
    return RenderMessage(event, *tenant_, *subscription_,
                         default_event_id_field);
  }

  SubscriptionQueue& queue() { return queue_; }

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
  SubscriptionQueue queue_;
  int64_t sent_to_ = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_SUBSCRIPTION_DISPATCH_H_
