// Dispatcher: brings every accepted event, in order, to the worker of its
// subscription's broker, and every result into the log.
#ifndef MQTTPUSH_WORKERS_DISPATCH_DISPATCHER_H_
#define MQTTPUSH_WORKERS_DISPATCH_DISPATCHER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/event_loop.h"
#include "storage/config_snapshot.h"
#include "storage/event_log.h"
#include "storage/tenant_quota.h"
#include "workers/dispatch/broker_dispatch.h"
#include "workers/dispatch/commit_queue.h"
#include "workers/dispatch/outbox_trimmer.h"
#include "workers/dispatch/redelivery.h"
#include "workers/dispatch/status_board.h"
#include "workers/dispatch/subscription_dispatch.h"
#include "workers/dispatch/sweeper.h"
#include "workers/dispatch/worker_channel.h"

namespace mqttpush {

struct DispatcherOptions {
  std::string default_event_id_field;  // MQTT_SET_EVENT_ID; empty: none
  int max_attempts = 30;               // then a rejected delivery is parked
  // How long an event of QoS 0 waits for a link, where its subscription has no
  // lifetime of its own.
  absl::Duration qos_0_lifetime = absl::Seconds(60);
  QuotaRules quotas;
};

// All methods on the loop only. What is passed in must outlive it.
class Dispatcher {
 public:
  // `history` reads `log`.
  Dispatcher(EventLog* log, HistoryReader* history, EventLoop* loop,
             const Clock* clock, StatusBoard* board, DispatcherOptions options);

  void OnConfig(std::shared_ptr<const ConfigSnapshot> snapshot);
  void OnAppended(const std::vector<int64_t>& subscription_uids);

  // From the worker of a broker.
  void OnAttached(int64_t broker_uid, std::shared_ptr<WorkerChannel> channel);
  // It was asked to finish what it has: it gets nothing more.
  void OnDraining(int64_t broker_uid);
  void OnDetached(int64_t broker_uid, const std::string& why);
  void OnCredit(int64_t broker_uid, const worker::v1::Credit& credit);
  void OnResults(int64_t broker_uid, const worker::v1::Results& results);

  // Answers what a stored session remembers.
  void OnSessionReport(int64_t broker_uid,
                       const worker::v1::SessionReport& report);
  // What the broker offers; after each connect.
  void OnLimits(int64_t broker_uid, const worker::v1::BrokerLimits& limits);

  // Sends a delivery again that has ended: see Redelivery. UNAVAILABLE also
  // while its subscription could not be read from the log.
  void SendAgain(int64_t subscription_uid, int64_t event_seq,
                 Redelivery::Done done);
  // Answers requests to do so whose commit does not come to its end.
  void StopSendingAgain() { redelivery_.Stop(); }

  // Sends nothing more; results are still taken.
  void StopSending() {
    context_.stopped = true;
    sweeper_.Stop();
    trimmer_.Stop();
  }
  // Calls `idle` once all results taken so far are on disk.
  void WhenIdle(std::function<void()> idle) {
    commits_.WhenIdle(std::move(idle));
  }

 private:
  using SubscriptionPtr = std::shared_ptr<SubscriptionDispatch>;

  // Goes on with what is left of subscriptions that were deleted before the
  // service started.
  absl::Status OpenDeleted();
  absl::Status OpenDeleted(int64_t uid);
  // Not one that is yet to come in a newer configuration.
  bool IsDeleted(int64_t uid) const;
  void ConfigureSubscriptions();
  // What was refused by the old settings may be taken by the new ones.
  void RetryNow(SubscriptionDispatch& subscription);
  void ConfigureBrokers();
  absl::Status Open(const SubscriptionRecord& record);
  void TryAgainLater(const std::string& what, const absl::Status& why);
  // Records an attempt for what was with a worker when the service ended.
  absl::Status SettleDoubt(SubscriptionDispatch& subscription,
                           int64_t sent_through);
  AttemptRecord ServiceLost(SubscriptionDispatch& subscription,
                            EventRecord& event) const;
  BrokerDispatch& Broker(int64_t broker_uid);
  void OnReturned(const SubscriptionPtr& subscription);
  void OnReopened(const SubscriptionPtr& subscription,
                  const DeliveryRow& ended);
  // What a session knows of its end may be new.
  bool MayHaveEnded(const worker::v1::DeliveryId& delivery) const;

  EventLog* const log_;
  EventLoop* const loop_;
  const Clock* const clock_;
  CommitQueue commits_;
  DispatchContext context_;
  std::shared_ptr<const ConfigSnapshot> snapshot_;
  std::map<int64_t, SubscriptionPtr> subscriptions_;  // by uid
  std::map<int64_t, std::shared_ptr<BrokerDispatch>> brokers_;
  // Read before any event can come: those not in the configuration are deleted.
  absl::StatusOr<std::vector<SubscriptionState>> undelivered_at_start_;
  int64_t newest_uid_ = 0;  // of the subscriptions in any configuration so far
  bool deleted_opened_ = false;
  bool reopen_posted_ = false;
  const absl::Duration qos_0_lifetime_;
  Sweeper sweeper_;
  OutboxTrimmer trimmer_;
  Redelivery redelivery_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_DISPATCHER_H_
