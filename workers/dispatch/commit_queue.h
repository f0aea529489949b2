// CommitQueue: hands delivery updates to the log one batch at a time, in order,
// until each is on disk.
//
// Updates that come while a batch is being written form the next one. When the
// log cannot be written the same batch is tried again, so nothing is lost and
// the cursor never goes back.
#ifndef MQTTPUSH_WORKERS_DISPATCH_COMMIT_QUEUE_H_
#define MQTTPUSH_WORKERS_DISPATCH_COMMIT_QUEUE_H_

#include <functional>
#include <vector>

#include "absl/time/time.h"
#include "common/event_loop.h"
#include "storage/event_log.h"

namespace mqttpush {

// On the loop only. The loop and the log must outlive it, and the log's
// callbacks must have ended before it goes.
class CommitQueue {
 public:
  CommitQueue(EventLog* log, EventLoop* loop) : log_(log), loop_(loop) {}

  // Calls `committed` on the loop once all of `updates`, and all that was added
  // before, are on disk. `updates` may be empty.
  void Add(std::vector<DeliveryUpdate> updates,
           std::function<void()> committed);

  // How many deliveries of subscriptions that `counts` says end by what is not
  // on disk yet, as far as is known here. Such as are sent again count as -1.
  int64_t CountEnding(const std::function<bool(int64_t uid)>& counts) const;

  // Calls `idle` on the loop once all that was added is on disk.
  void WhenIdle(std::function<void()> idle);

 private:
  static constexpr absl::Duration kRetryDelay = absl::Seconds(1);

  void WriteNext();
  void Write();
  void Written(const absl::Status& status);

  EventLog* const log_;
  EventLoop* const loop_;
  bool busy_ = false;  // a batch is being written
  std::vector<DeliveryUpdate> next_;
  std::vector<std::function<void()>> next_committed_;
  std::vector<DeliveryUpdate> writing_;
  std::vector<std::function<void()>> writing_committed_;
  std::vector<std::function<void()>> idle_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_COMMIT_QUEUE_H_
