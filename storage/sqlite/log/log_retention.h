// Which segments have been kept long enough. Pure functions.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_LOG_RETENTION_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_LOG_RETENTION_H_

#include <cstdint>
#include <limits>
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
  int64_t last_event_seq = 0;
  // The lowest seq of an event of which it has an attempt or an exception,
  // whichever segment the event is in.
  int64_t first_touched_seq = std::numeric_limits<int64_t>::max();
};

struct RetentionDecision {
  std::vector<size_t> drop;  // positions of the candidates
  // So many would be dropped, but hold an undelivered event, or tell how
  // deliveries of a segment before them went that is kept.
  int held = 0;
};
// `holds_undelivered` is asked only of those that would be dropped.
RetentionDecision DecideRetention(
    const std::vector<RetentionCandidate>& candidates, absl::Time now,
    const LogOptions& options,
    absl::FunctionRef<bool(size_t position)> holds_undelivered);

// Whether an event of the segment is waiting, in flight or retrying, or may be:
// one above a cursor counts even when it was delivered ahead.
bool HoldsUndelivered(const Segment& segment,
                      const std::vector<SubscriptionRecovery>& subscriptions);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_LOG_RETENTION_H_
