// LogCommit: the rows of one commit, from events and updates to the index.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_LOG_COMMIT_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_LOG_COMMIT_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/event_log.h"
#include "storage/sqlite/log/attempt_stamps.h"
#include "storage/sqlite/log/duplicate_finder.h"
#include "storage/sqlite/log/memory_index.h"
#include "storage/sqlite/log/read_session.h"
#include "storage/sqlite/log/segment_store.h"
#include "storage/sqlite/log/segment_writer.h"
#include "storage/sqlite/log/stats_rows.h"

namespace mqttpush {

// Where the next rows go.
struct NextSeqs {
  int64_t event = 1;
  int64_t attempt = 1;
};

// Thread-compatible.
class LogCommit {
 public:
  // Of events accepted at `accept_time`; an event id that was used since
  // `duplicates_since` is a duplicate. `store`, `writer`, `stamps`, and what
  // is written, must outlive it.
  LogCommit(SegmentStore* store, SegmentWriter* writer, AttemptStamps* stamps,
            absl::Time accept_time, absl::Time duplicates_since, NextSeqs next);

  absl::StatusOr<std::vector<AppendOutcome>> Write(
      const std::vector<NewEvent>& events);
  absl::Status Write(const DeliveryUpdate& update);
  // What follows from all of it. Comes last.
  absl::Status WriteSums();

  // Once all is on the disk: brings the index up to it, and then the states,
  // but for those that updates change.
  void TakeIntoMemory(MemoryIndex& index);
  // After that, and after the updates, which count the events of the outboxes.
  void TakeOutboxBytes();
  NextSeqs next() const { return next_; }
  // What is to be added to the tallies of dropped segments: of deliveries that
  // were sent again, what earlier rows still say.
  const Tallies& taken_back() const { return taken_back_; }
  // The subscriptions that took events, in order.
  std::vector<int64_t> AcceptingUids() const;
  // The tenants of its attempts, in order.
  std::vector<int64_t> AttemptedTenants() const;

 private:
  // What it adds to a subscription's row.
  struct Accepted {
    const SubscriptionRef* subscription = nullptr;
    int64_t tenant_uid = 0;
    int64_t first_seq = 0;
    int64_t count = 0;
  };

  absl::Status WriteEvent(const NewEvent& event, int64_t key);
  void CountAccepted(const NewEvent& event, int64_t seq);
  absl::Status WriteAttempts(int64_t tenant_uid, const DeliveryUpdate& update);
  absl::Status WriteAttempt(int64_t tenant_uid, const AttemptRecord& attempt,
                            const AttemptRecording& recording);
  void CountAttempt(const AttemptRecord& attempt, const EventFacts& event);
  // Whether an attempt of the same delivery succeeded in an earlier commit.
  bool DeliveredBefore(const AttemptRecord& attempt);
  absl::Status TakeBack(int64_t tenant_uid, int64_t subscription_uid,
                        const ReopenedDelivery& reopened);
  absl::Status WriteException(int64_t tenant_uid, const DeliveryUpdate& update,
                              const DeliveryException& exception);
  absl::Status CountEnding(int64_t tenant_uid, const DeliveryUpdate& update,
                           const DeliveryException& exception);
  // Adds to the outbox of the tenant, or takes off.
  void CountOutbox(int64_t tenant_uid, int64_t bytes) {
    outbox_bytes_[tenant_uid] += bytes;
  }
  void CountParked(const DeliveryUpdate& update,
                   const DeliveryException& exception);

  SegmentStore* const store_;
  SegmentWriter* const writer_;
  AttemptStamps* const stamps_;
  const absl::Time accept_time_;
  NextSeqs next_;
  DuplicateFinder duplicates_;
  ReadSession session_;
  IndexedRows rows_;
  StatsOfCommit stats_;
  std::map<int64_t, Accepted> accepted_;  // by subscription uid
  Tallies taken_back_;
  std::map<int64_t, int64_t> outbox_bytes_;  // that it adds, by tenant
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_LOG_COMMIT_H_
