// ConservationCount: how much of each subscription is in one segment, counted
// row by row as it comes.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_CONSERVATION_COUNT_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_CONSERVATION_COUNT_H_

#include <cstdint>
#include <deque>
#include <set>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/conservation_audit.h"
#include "storage/event_log.h"
#include "storage/sqlite/log/segment_summary.h"
#include "storage/sqlite/reader_pool.h"

namespace mqttpush {

// Keeps a few numbers per subscription, however much there is. Relies on what
// the log promises: events and attempts are only ever appended, a cursor never
// goes back. Thread-compatible.
class ConservationCount {
 public:
  struct Tally {
    int64_t events = 0;     // that it took
    int64_t successes = 0;  // attempts that succeeded
    // Seqs above the cursor: of events of this segment, and of events that were
    // delivered, here or before the segment began.
    std::deque<int64_t> above;
    std::set<int64_t> ahead;
  };
  using Cursors = absl::flat_hash_map<int64_t, int64_t>;  // by subscription

  // Goes on where it stopped, and takes from `budget` the rows it looks at.
  // `cursors`: those of the same read transaction; nullptr when nothing above a
  // cursor is to be counted. True: all rows that the
  // transaction sees are counted.
  absl::StatusOr<bool> Advance(Reader& reader, const Cursors* cursors,
                               int64_t& budget);

  // Zeros for a subscription without rows.
  const Tally& Find(int64_t subscription_uid) const;
  int64_t event_count() const { return event_count_; }
  int64_t attempt_count() const { return attempt_count_; }

 private:
  absl::Status ReadAttempted(Reader& reader);
  // Leave none of `budget` when they could not come to their end.
  absl::Status CountEvents(Reader& reader, const Cursors* cursors,
                           int64_t& budget);
  absl::Status CountAttempts(Reader& reader, const Cursors* cursors,
                             int64_t& budget);
  void DropPassed(const Cursors* cursors);

  absl::flat_hash_map<int64_t, Tally> tallies_;
  bool began_ = false;
  int64_t last_event_seq_ = 0;
  int64_t last_attempt_seq_ = 0;
  int64_t event_count_ = 0;
  int64_t attempt_count_ = 0;
};

// What a segment's exceptions say of one subscription. Without `cursors` none
// are above one.
struct ExceptionTally {
  int64_t retrying = 0;
  // Those that began in the segment.
  int64_t parked = 0;
  int64_t expired = 0;
  int64_t discarded = 0;
  // Of all states, carried ones too; but none that `rows` counts as delivered
  // ahead of the cursor, and that was then sent again.
  int64_t above_cursor = 0;
};
absl::StatusOr<absl::flat_hash_map<int64_t, ExceptionTally>> CountExceptions(
    Reader& reader, const ConservationCount::Cursors* cursors,
    const ConservationCount* rows);

// All that was counted of one subscription.
struct SubscriptionCounts {
  SubscriptionTally tally;
  ExceptionTally exceptions;  // of the newest segment
  int64_t ahead = 0;          // delivered above the cursor
  int64_t above_cursor = 0;   // events
};
// Adds to `report` where `state` says something else.
void CompareCounts(const SubscriptionState& state,
                   const SubscriptionCounts& counted,
                   ConservationReport& report);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_CONSERVATION_COUNT_H_
