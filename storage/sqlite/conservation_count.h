// ConservationCount: how many events and successes the log holds for each
// subscription, counted row by row as they come.
#ifndef MQTTPUSH_STORAGE_SQLITE_CONSERVATION_COUNT_H_
#define MQTTPUSH_STORAGE_SQLITE_CONSERVATION_COUNT_H_

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/event_log.h"
#include "storage/sqlite/reader_pool.h"

namespace mqttpush {

// Keeps a few numbers per subscription, however long the log is. Relies on what
// the log promises: events and attempts are only ever appended, a cursor never
// goes back. Thread-compatible.
class ConservationCount {
 public:
  struct Tally {
    int64_t events = 0;     // that it took
    int64_t successes = 0;  // attempts that succeeded
    // Of `events`, those at or below `cursor`, as far as events are counted.
    int64_t events_through_cursor = 0;
    int64_t cursor = 0;
  };

  // Goes on where it stopped, over at most `limit` rows. `states`: those of the
  // same read transaction. True: all rows that the transaction sees are counted
  // and all tallies have the cursors of `states`.
  absl::StatusOr<bool> Advance(Reader& reader,
                               const std::vector<SubscriptionState>& states,
                               int limit);

  // Zeros for a subscription without events.
  Tally Find(int64_t subscription_uid) const;
  int64_t event_count() const { return event_count_; }
  int64_t attempt_count() const { return attempt_count_; }

 private:
  // Each takes from `budget` the rows that it looks at; none is left when it
  // could not come to its end.
  absl::Status MoveCursor(Reader& reader, const SubscriptionState& state,
                          int64_t& budget);
  absl::Status CountEvents(Reader& reader, int64_t& budget);
  absl::Status CountAttempts(Reader& reader, int64_t& budget);

  absl::flat_hash_map<int64_t, Tally> tallies_;
  int64_t last_event_seq_ = 0;
  int64_t last_attempt_seq_ = 0;
  int64_t event_count_ = 0;
  int64_t attempt_count_ = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_CONSERVATION_COUNT_H_
