// Redelivery: sends a delivery again that has ended, because a person asked for
// it.
//
// It becomes a retry that is due at once, beside the others: no event waits for
// it, and the cursor does not go back. The request is on disk before it is
// answered; until then the event is held, so that retention does not drop what
// has been promised to be sent.
#ifndef MQTTPUSH_WORKERS_DISPATCH_REDELIVERY_H_
#define MQTTPUSH_WORKERS_DISPATCH_REDELIVERY_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "common/clock.h"
#include "storage/history_reader.h"
#include "workers/dispatch/commit_queue.h"
#include "workers/dispatch/subscription_dispatch.h"

namespace mqttpush {

// On the loop only. What is passed in must outlive it.
class Redelivery {
 public:
  using SubscriptionPtr = std::shared_ptr<SubscriptionDispatch>;
  // nullptr for one that is not there.
  using Find = std::function<SubscriptionPtr(int64_t subscription_uid)>;
  // A retry is due. `ended` is the delivery as it was.
  using Reopened =
      std::function<void(const SubscriptionPtr&, const DeliveryRow& ended)>;
  using Done = std::function<void(absl::Status)>;

  // `history` reads `log`.
  Redelivery(EventLog* log, HistoryReader* history, const Clock* clock,
             CommitQueue* commits, Find find, Reopened reopened)
      : log_(log),
        history_(history),
        clock_(clock),
        commits_(commits),
        find_(std::move(find)),
        reopened_(std::move(reopened)) {}

  // Calls `done` on the loop. OK: it is going to be sent, whatever happens.
  // ABORTED: it is neither DELIVERED nor PARKED any more, or its subscription
  // sends nothing. NOT_FOUND: the log does not have it (any more).
  // RESOURCE_EXHAUSTED: so many of the subscription are to be tried again that
  // there is no room. UNAVAILABLE: the log cannot be read, or the service ends.
  void Request(int64_t subscription_uid, int64_t event_seq, Done done);
  // Answers UNAVAILABLE from now on, also what is not on disk yet.
  void Stop();

 private:
  void Reopen(int64_t id, int64_t subscription_uid, int64_t event_seq);
  // Of a delivery that may be sent again, what the log has.
  absl::StatusOr<DeliveryRow> FindEnded(const SubscriptionPtr& subscription,
                                        int64_t event_seq) const;
  void Answer(int64_t id, absl::Status status);

  EventLog* const log_;
  HistoryReader* const history_;
  const Clock* const clock_;
  CommitQueue* const commits_;
  const Find find_;
  const Reopened reopened_;
  bool stopped_ = false;
  int64_t next_id_ = 1;
  std::map<int64_t, Done> pending_;  // by id
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_REDELIVERY_H_
