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
#include "workers/dispatch/broker_dispatch.h"
#include "workers/dispatch/commit_queue.h"
#include "workers/dispatch/status_board.h"
#include "workers/dispatch/subscription_dispatch.h"
#include "workers/dispatch/worker_channel.h"

namespace mqttpush {

struct DispatcherOptions {
  std::string default_event_id_field;  // MQTT_SET_EVENT_ID; empty: none
  int max_attempts = 30;               // then a rejected delivery is parked
};

// All methods on the loop only. What is passed in must outlive it.
class Dispatcher {
 public:
  Dispatcher(EventLog* log, EventLoop* loop, const Clock* clock,
             StatusBoard* board, DispatcherOptions options);

  void OnConfig(std::shared_ptr<const ConfigSnapshot> snapshot);
  void OnAppended(const std::vector<int64_t>& subscription_uids);

  // From the worker of a broker.
  void OnAttached(int64_t broker_uid, std::shared_ptr<WorkerChannel> channel);
  // It was asked to finish what it has: it gets nothing more.
  void OnDraining(int64_t broker_uid);
  void OnDetached(int64_t broker_uid, const std::string& why);
  void OnCredit(int64_t broker_uid, const worker::v1::Credit& credit);
  void OnResults(int64_t broker_uid, const worker::v1::Results& results);
  void OnSessionReport(int64_t broker_uid,
                       const worker::v1::SessionReport& report);
  void OnLimits(int64_t broker_uid, const worker::v1::BrokerLimits& limits);

  // Sends nothing more; results are still taken.
  void StopSending() { context_.stopped = true; }
  // Calls `idle` once all results taken so far are on disk.
  void WhenIdle(std::function<void()> idle) {
    commits_.WhenIdle(std::move(idle));
  }

 private:
  using SubscriptionPtr = std::shared_ptr<SubscriptionDispatch>;

  // Records an attempt for what deleted subscriptions had with a worker when
  // the service ended.
  absl::Status SettleDeleted();
  void ConfigureSubscriptions();
  void ConfigureBrokers();
  absl::Status Open(const SubscriptionRecord& record);
  void TryAgainLater(const std::string& what, const absl::Status& why);
  // Records an attempt for what was with a worker when the service ended.
  absl::Status SettleDoubt(SubscriptionDispatch& subscription,
                           int64_t sent_through);
  AttemptRecord ServiceLost(SubscriptionDispatch& subscription,
                            EventRecord& event) const;
  BrokerDispatch& Broker(int64_t broker_uid);
  void OnIdle(const SubscriptionDispatch& subscription);

  EventLog* const log_;
  EventLoop* const loop_;
  const Clock* const clock_;
  CommitQueue commits_;
  DispatchContext context_;
  std::shared_ptr<const ConfigSnapshot> snapshot_;
  std::map<int64_t, SubscriptionPtr> subscriptions_;  // by uid
  std::map<int64_t, std::shared_ptr<BrokerDispatch>> brokers_;
  bool deleted_settled_ = false;
  bool reopen_posted_ = false;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_DISPATCHER_H_
