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
//
// Its code is in two files: broker_dispatch.cc takes what a worker says,
// broker_pump.cc chooses and sends.
#ifndef MQTTPUSH_WORKERS_DISPATCH_BROKER_DISPATCH_H_
#define MQTTPUSH_WORKERS_DISPATCH_BROKER_DISPATCH_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/random/random.h"
#include "common/clock.h"
#include "common/event_loop.h"
#include "mqttpush/worker/v1/worker_link.pb.h"
#include "storage/event_log.h"
#include "workers/dispatch/commit_queue.h"
#include "workers/dispatch/poison_watch.h"
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
  // Called when messages of a subscription have ended at a worker.
  std::function<void(const std::shared_ptr<SubscriptionDispatch>&)> returned;
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
  // What the broker offers; what asks for more is held.
  void SetLimits(const worker::v1::BrokerLimits& limits);
  // The worker need not remember these: how they ended is on disk. Only for
  // brokers with a persistent session.
  void Forget(const std::vector<worker::v1::DeliveryId>& deliveries);
  // The worker keeps a session, whatever the configuration says by now.
  void NoteSession() { keeps_session_ = true; }
  void TakeResults(const worker::v1::Results& results);

  // The next message of this delivery is sent with nothing else in flight.
  void SendAlone(PoisonWatch::Delivery delivery) { poison_.Suspect(delivery); }

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
    size_t bytes = 0;
    bool alone = false;
  };
  // Attempts of a round, by subscription, on their way into one commit.
  using Attempts = std::map<SubscriptionPtr, std::vector<AttemptRecord>>;
  // What one round has chosen.
  struct Round {
    worker::v1::PublishBatch batch;
    Attempts touched;
    int unsendable = 0;  // parked or expired instead of sent
    bool alone = false;  // it has its one message
  };
  // What one report of a worker says.
  struct Report {
    Attempts touched;
    std::map<int64_t, std::vector<int64_t>> ended;  // seqs, by subscription
    std::vector<worker::v1::DeliveryId> answered;   // by the broker
  };

  // --- broker_pump.cc ---
  bool may_send() const;
  int room() const;
  bool has_enough() const;
  // The result of a message that was sent alone is not there yet, or one that
  // is to be sent alone waits for those of the others.
  bool held_for_one() const;
  // Each takes at most a turn's worth of the room; true if there is more.
  bool TakeTurn(const SubscriptionPtr& subscription, Round& round);
  bool TakeRetries(const SubscriptionPtr& subscription, int most, Round& round);
  void EndLost(const SubscriptionPtr& subscription, int64_t event_seq,
               Round& round);
  bool TakeNext(const SubscriptionPtr& subscription, int most, Round& round);
  // Whether the first message that `subscription` may send can go out now.
  bool MayGoFirst(const SubscriptionDispatch& subscription, int64_t event_seq,
                  Round& round);
  // Ends `next` before a message that is to be sent alone, or after it when its
  // turn has come.
  void CutForOne(const SubscriptionDispatch& subscription,
                 EventLog::NextEvents& next, Round& round);
  void Take(const SubscriptionPtr& subscription, EventRecord event,
            Round& round);
  void AddMessage(Outstanding message, RenderedMessage rendered, Round& round);
  void CommitThenSend(Round round);
  void Send(worker::v1::PublishBatch batch);
  void TakeBack(const worker::v1::PublishBatch& batch);
  void PumpSoon(absl::Duration delay);
  void ArmRetryTimer();

  // --- broker_dispatch.cc ---
  void CheckCompatibility();
  void RetryNow();
  void TakeResult(const worker::v1::Result& result, const Outstanding& message,
                  Report& report);
  // Whether its connection was lost on it so often that this counts as the
  // broker's refusal. `qos`, here and below, is that of its PUBLISH.
  bool RefusedByLoss(const Outstanding& message, Qos qos,
                     const worker::v1::Result& result);
  // Brings `message` to the state that follows from how it ended.
  void Settle(const Outstanding& message, Qos qos,
              const worker::v1::Result& result);
  void Reject(const Outstanding& message, int reason_code, bool answered);
  void Remove(std::map<int64_t, Outstanding>::iterator message);
  void CommitReport(Report report);
  AttemptRecord MakeAttempt(const Outstanding& message) const;
  std::vector<DeliveryUpdate> TakeUpdates(Attempts touched);

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
  std::string outstanding_address_;  // of the broker, when they were sent
  std::map<int64_t, Outstanding> outstanding_;  // by token, so by age
  size_t outstanding_bytes_ = 0;
  int unsendable_ = 0;  // ended before they were sent, not yet on disk
  PoisonWatch poison_;
  bool one_waits_ = false;  // a message is to be sent alone next
  std::optional<worker::v1::BrokerLimits> limits_;
  bool keeps_session_ = false;
  bool pump_posted_ = false;
  EventLoop::TimerId retry_timer_ = 0;
  absl::BitGen random_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_BROKER_DISPATCH_H_
