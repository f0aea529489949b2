// Sweeper: ends the deliveries that nobody is going to send: those that outlive
// their lifetime while they wait or are retried, and those of subscriptions
// that are disabled or deleted.
//
// It walks forward over what waits, in order, a chunk at a time and one
// subscription per round of the loop, and stops at the first event that has
// still time to live. So it holds no more than a chunk in memory, and what it
// has ended is behind the cursor. What has no end in sight before an event
// (QoS 1 before QoS 0, by an override) lets that expire only at its turn.
#ifndef MQTTPUSH_WORKERS_DISPATCH_SWEEPER_H_
#define MQTTPUSH_WORKERS_DISPATCH_SWEEPER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "absl/time/time.h"
#include "common/clock.h"
#include "common/delivery_status.h"
#include "common/event_loop.h"
#include "storage/event_log.h"
#include "workers/dispatch/commit_queue.h"
#include "workers/dispatch/subscription_dispatch.h"

namespace mqttpush {

// On the loop only; the loop is stopped before it goes. What is passed in must
// outlive it.
class Sweeper {
 public:
  using SubscriptionPtr = std::shared_ptr<SubscriptionDispatch>;

  using Swept = std::function<void(const SubscriptionPtr&)>;

  // `swept` is called when nothing of a deleted subscription is left and all
  // that is known of it is on disk.
  Sweeper(EventLog* log, EventLoop* loop, const Clock* clock,
          const DeliveryStatus* status, CommitQueue* commits, Swept swept)
      : log_(log),
        loop_(loop),
        clock_(clock),
        status_(status),
        commits_(commits),
        swept_(std::move(swept)) {}

  // There may be something to end, as after a change of the configuration.
  void Look(const SubscriptionPtr& subscription);
  // It took events just now.
  void NoteAppended(const SubscriptionPtr& subscription);
  // Some of its messages ended at a worker; they may be waiting again.
  void NoteResults(const SubscriptionPtr& subscription);
  // Nothing more is ended.
  void Stop() { stopped_ = true; }

 private:
  // What one look at a subscription found.
  struct Found {
    absl::Time now;  // of the look
    LinkState link = LinkState::kUnknown;
    int ended = 0;
    bool again = false;  // there is more to look at, at once
    absl::Time next = absl::InfiniteFuture();  // when to look again
  };

  void Add(const SubscriptionPtr& subscription, int chunk);
  void LookAt(const SubscriptionPtr& subscription, absl::Time time);
  void PostRound();
  void Round();
  void Sweep(const SubscriptionPtr& subscription, int chunk);
  void EndRetries(SubscriptionDispatch& subscription, Found& found);
  void EndWaiting(SubscriptionDispatch& subscription, int chunk, Found& found);
  // Keeps of `next` what is over; notes when the first that is not will be.
  void CutAtTheLiving(const SubscriptionDispatch& subscription,
                      EventLog::NextEvents& next, Found& found) const;
  void ArmTimer();

  EventLog* const log_;
  EventLoop* const loop_;
  const Clock* const clock_;
  const DeliveryStatus* const status_;
  CommitQueue* const commits_;
  const Swept swept_;
  bool stopped_ = false;
  struct ToDo {
    SubscriptionPtr subscription;
    int chunk;
  };
  std::deque<ToDo> to_do_;
  std::set<int64_t> in_to_do_;  // uids
  bool round_posted_ = false;
  struct Later {
    SubscriptionPtr subscription;
    absl::Time time;
  };
  std::map<int64_t, Later> later_;  // by uid
  EventLoop::TimerId timer_ = 0;
  absl::Time timer_time_ = absl::InfiniteFuture();
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_SWEEPER_H_
