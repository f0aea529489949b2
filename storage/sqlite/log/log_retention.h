// Which segments have been kept long enough. Pure functions.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_LOG_RETENTION_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_LOG_RETENTION_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "storage/event_log.h"
#include "storage/sqlite/log/log_options.h"
#include "storage/sqlite/log/segment.h"

namespace mqttpush {

// What retention has to know of a segment; the oldest one comes first.
struct RetentionCandidate {
  int64_t bytes = 0;
  absl::Time last_time;  // of the last event or attempt in it
  bool sealed = false;   // others are not dropped
};

struct RetentionDecision {
  std::vector<size_t> drop;  // positions of the candidates
  int held = 0;  // so many would be dropped, but for undelivered events
};
// `holds_undelivered` is asked only of those that would be dropped.
RetentionDecision DecideRetention(
    const std::vector<RetentionCandidate>& candidates, absl::Time now,
    const LogOptions& options,
    absl::FunctionRef<bool(size_t position)> holds_undelivered);

// Which deliveries of a subscription are not over.
struct UndeliveredEvents {
  int64_t subscription_uid = 0;
  // Above it one is waiting or in flight, perhaps all are; absent: none.
  std::optional<int64_t> waiting_after;
  // Those known one by one: retrying, or above the cursor and attempted or
  // ended ahead of it. In order.
  std::vector<int64_t> seqs;
};
// Of the subscriptions that have any.
std::vector<UndeliveredEvents> FindUndelivered(
    const std::vector<SubscriptionRecovery>& subscriptions);

// Whether the segment must stay: an event of it is waiting, in flight or
// retrying, or it may have attempts at such an event of an earlier one. (An
// event above a cursor that is held counts even when it was delivered ahead.)
// `took_event_after` tells whether the subscription took an event of the
// segment above the seq, and is asked only of a segment that its cursor is in.
bool HoldsUndelivered(
    const Segment& segment, const std::vector<UndeliveredEvents>& undelivered,
    absl::FunctionRef<bool(int64_t subscription_uid, int64_t after_seq)>
        took_event_after);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_LOG_RETENTION_H_
