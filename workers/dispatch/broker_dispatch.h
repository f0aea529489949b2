// BrokerDispatch: what is on its way to one broker through its worker.
//
// The worker grants credit: so many messages may be with it, under an epoch
// that counts its connections. A new epoch's messages are sent only when all of
// the epoch before have come back, so that a redelivery never follows an event
// it precedes.
//
// Before a message goes to the worker the log notes, fsynced, that it may have
// been sent (`sent_through`): after a crash nothing that a broker has seen
// lacks an attempt.
#ifndef MQTTPUSH_WORKERS_DISPATCH_BROKER_DISPATCH_H_
#define MQTTPUSH_WORKERS_DISPATCH_BROKER_DISPATCH_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/random/random.h"
#include "common/clock.h"
#include "common/event_loop.h"
#include "mqttpush/worker/v1/worker_link.pb.h"
#include "storage/event_log.h"
#include "workers/dispatch/commit_queue.h"
#include "workers/dispatch/status_board.h"
#include "workers/dispatch/subscription_dispatch.h"
#include "workers/dispatch/worker_channel.h"

namespace mqttpush {

// What every BrokerDispatch of a process shares; all outlive it.
struct DispatchContext {
  EventLog* log;
  EventLoop* loop;
  const Clock* clock;
  StatusBoard* board;
  CommitQueue* commits;
  std::string default_event_id_field;  // MQTT_SET_EVENT_ID; empty: none
  int max_attempts;
  // Called when nothing of a subscription is with a worker any more.
  std::function<void(const SubscriptionDispatch&)> idle;
  bool stopped = false;  // nothing more is sent
};

// On the loop only.
class BrokerDispatch : public std::enable_shared_from_this<BrokerDispatch> {
 public:
  using SubscriptionPtr = std::shared_ptr<SubscriptionDispatch>;

  BrokerDispatch(int64_t broker_uid, DispatchContext* context)
      : broker_uid_(broker_uid), context_(context) {}

  // The newest configuration: the subscriptions of this broker.
  void Configure(int64_t broker_revision,
                 std::vector<SubscriptionPtr> subscriptions);

  void Attached(std::shared_ptr<WorkerChannel> channel);
  bool attached() const { return channel_ != nullptr; }
  // Nothing more goes to this worker.
  void StopSending() { draining_ = true; }
  // The worker is gone; what was with it is lost for the reason `why`.
  void Detached(const std::string& why);
  void SetCredit(const worker::v1::Credit& credit);
  void TakeResults(const worker::v1::Results& results);

  // Sends what there is room for.
  void Pump();

 private:
  // A message between its being chosen and its result.
  struct Outstanding {
    SubscriptionPtr subscription;
    int64_t event_seq = 0;
    std::string topic;
    Qos qos = Qos::kAtMostOnce;
    int64_t subscription_revision = 0;
    int64_t broker_revision = 0;
    absl::Time sent_time = absl::InfinitePast();  // InfinitePast: not yet
  };
  // Attempts of a round, by subscription, on their way into one commit.
  using Attempts = std::map<SubscriptionPtr, std::vector<AttemptRecord>>;

  bool may_send() const;
  int room() const;
  // Each takes at most a turn's worth of the room; true if there is more.
  bool TakeTurn(const SubscriptionPtr& subscription,
                worker::v1::PublishBatch& batch, Attempts& touched);
  bool TakeRetries(const SubscriptionPtr& subscription, int most,
                   worker::v1::PublishBatch& batch, Attempts& touched);
  bool TakeNext(const SubscriptionPtr& subscription, int most,
                worker::v1::PublishBatch& batch, Attempts& touched);
  void AddMessage(const SubscriptionPtr& subscription, EventRecord event,
                  worker::v1::PublishBatch& batch, Attempts& touched);
  void CommitThenSend(worker::v1::PublishBatch batch, Attempts touched);
  void Send(worker::v1::PublishBatch batch);
  void TakeBack(const worker::v1::PublishBatch& batch);

  void TakeResult(const worker::v1::Result& result, Attempts& touched);
  void Reject(SubscriptionDispatch& subscription, int64_t event_seq,
              const worker::v1::Result& result);
  void CommitResults(Attempts touched,
                     std::map<int64_t, std::vector<int64_t>> ended);
  AttemptRecord MakeAttempt(const Outstanding& message) const;
  std::vector<DeliveryUpdate> TakeUpdates(Attempts touched);

  void PumpSoon(absl::Duration delay);
  void ArmRetryTimer();

  const int64_t broker_uid_;
  DispatchContext* const context_;
  int64_t broker_revision_ = 0;
  std::vector<SubscriptionPtr> subscriptions_;
  size_t next_turn_ = 0;

  std::shared_ptr<WorkerChannel> channel_;
  bool draining_ = false;
  int64_t epoch_ = 0;
  int limit_ = 0;
  int64_t next_token_ = 1;
  int64_t outstanding_epoch_ = 0;
  std::map<int64_t, Outstanding> outstanding_;  // by token, so by age
  int unsendable_ = 0;  // parked before they were sent, not yet on disk
  bool pump_posted_ = false;
  EventLoop::TimerId retry_timer_ = 0;
  absl::BitGen random_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_BROKER_DISPATCH_H_
