// OutboxTrimmer: ends the oldest deliveries of a tenant whose outbox is over
// its quota, where the quota says so (DROP_OLDEST).
//
// A tenant's subscriptions give up what is oldest among what they have that is
// not with a worker: first what is retried, then what waits. A chunk at a time:
// how much is still over is only known once the one before is on disk.
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
    bool any() const { return events > 0 || bytes > 0; }
  };
  // What was dropped since it was last said.
  struct Dropped {
    int64_t count = 0;
    absl::Time next_report = absl::InfinitePast();
  };

  Excess ExcessOf(const TenantRecord& tenant) const;
  void Trim(int64_t tenant_uid);
  void TrimLater(int64_t tenant_uid);
  // Those of the tenant that have anything to give up, the one whose is the
  // oldest first.
  std::vector<SubscriptionPtr> OldestFirst(int64_t tenant_uid) const;
  // How many were ended.
  int EndOldest(SubscriptionDispatch& subscription, Excess excess);
  int EndRetries(SubscriptionDispatch& subscription, Excess& excess);
  int EndWaiting(SubscriptionDispatch& subscription, const Excess& excess);
  // Keeps of `next` what makes up for the excess.
  static void CutWhereItIsEnough(Excess excess, EventLog::NextEvents& next);
  void Report(const TenantRecord& tenant);

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
