// OutboxTrimmer: ends the oldest deliveries of a tenant whose outbox is over
// its quota, where the quota says so (DROP_OLDEST).
//
// A tenant's subscriptions give up what is oldest among what they have that is
// not with a worker: first what is retried, then what waits, and last what a
// person wants sent again. A chunk at a time: how much is still over is only
// known once the one before is on disk.
#ifndef MQTTPUSH_WORKERS_DISPATCH_OUTBOX_TRIMMER_H_
#define MQTTPUSH_WORKERS_DISPATCH_OUTBOX_TRIMMER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "absl/time/time.h"
#include "common/clock.h"
#include "common/event_loop.h"
#include "storage/config_snapshot.h"
#include "storage/event_log.h"
#include "storage/tenant_quota.h"
#include "workers/dispatch/commit_queue.h"
#include "workers/dispatch/subscription_dispatch.h"

namespace mqttpush {

// On the loop only; the loop is stopped before it goes. What is passed in must
// outlive it.
class OutboxTrimmer {
 public:
  using SubscriptionPtr = std::shared_ptr<SubscriptionDispatch>;
  using Subscriptions = std::map<int64_t, SubscriptionPtr>;  // by uid

  OutboxTrimmer(EventLog* log, EventLoop* loop, const Clock* clock,
                CommitQueue* commits, const Subscriptions* subscriptions,
                const QuotaRules& rules)
      : log_(log),
        loop_(loop),
        clock_(clock),
        commits_(commits),
        subscriptions_(subscriptions),
        rules_(rules) {}

  // A quota may be another one.
  void OnConfig(std::shared_ptr<const ConfigSnapshot> snapshot);
  // The tenant has got events.
  void NoteAppended(int64_t tenant_uid);
  // Nothing more is ended.
  void Stop() { stopped_ = true; }

 private:
  // How much an outbox is over its quota.
  struct Excess {
    int64_t events = 0;
    int64_t bytes = 0;
    int64_t event_bytes = 0;  // of an event of the outbox, on average
    bool any() const { return events > 0 || bytes > 0; }
  };
  // What was dropped since it was last said.
  struct Dropped {
    int64_t count = 0;
    absl::Time since;  // the first of them
    absl::Time next_report = absl::InfinitePast();
  };

  // By what is on disk.
  Excess ExcessOf(const TenantRecord& tenant) const;
  // Without what has ended and is not on disk yet. Of that nobody has counted
  // the bytes: they are taken to be as many as others have.
  Excess WithoutEnding(Excess excess, int64_t tenant_uid) const;
  void Trim(int64_t tenant_uid);
  void TrimLater(int64_t tenant_uid);
  // Whether anything was ended; then it goes on once that is on disk.
  bool EndSome(int64_t tenant_uid, const Excess& excess, bool requested);
  // Those of the tenant that have anything to give up, the one whose is the
  // oldest first. `requested`: what a person wants sent again, or all else.
  std::vector<SubscriptionPtr> OldestFirst(int64_t tenant_uid,
                                           bool requested) const;
  // How many were ended.
  int EndOldest(SubscriptionDispatch& subscription, Excess excess,
                bool requested);
  int EndRetries(SubscriptionDispatch& subscription, Excess& excess,
                 bool requested);
  int EndWaiting(SubscriptionDispatch& subscription, const Excess& excess);
  // How many events, at most a chunk, are likely to make up for the excess.
  static int CountFor(const Excess& excess);
  // Keeps of `next` what makes up for the excess.
  static void CutWhereItIsEnough(Excess excess, EventLog::NextEvents& next);
  void NoteDropped(int64_t tenant_uid, int count);
  // The outbox is within its bounds again, or has not been for long.
  void ReportAtTheEnd(const TenantRecord& tenant);
  void ReportOnTheWay(const TenantRecord& tenant);
  void Report(const TenantRecord& tenant, Dropped& dropped);

  EventLog* const log_;
  EventLoop* const loop_;
  const Clock* const clock_;
  CommitQueue* const commits_;
  const Subscriptions* const subscriptions_;
  const QuotaRules rules_;
  bool stopped_ = false;
  std::shared_ptr<const ConfigSnapshot> snapshot_;
  std::set<int64_t> trimming_;          // uids of tenants
  std::map<int64_t, Dropped> dropped_;  // by tenant
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_OUTBOX_TRIMMER_H_
