// AttemptStamps: when attempts are recorded, as the log says it for ever.
//
// A stamp is a time in units of 100 ns, which is the unit of the time UUIDs
// that are made of it. Stamps rise with attempt_seq, over restarts too: where
// the clock stands still or goes back, the next one is one unit after the last.
//
// A commit is stamped before it is on the disk, and can be read only after. So
// for a moment an attempt that nobody has seen is older than the clock, and the
// hour that it belongs to may be over. Who reads an hour as a whole asks
// SettledBefore() first, and then reads.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_ATTEMPT_STAMPS_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_ATTEMPT_STAMPS_H_

#include <atomic>
#include <cstdint>
#include <limits>

#include "common/clock.h"
#include "storage/attempt_journal.h"

namespace mqttpush {

// The writer's thread stamps; SettledBefore is thread-safe.
class AttemptStamps {
 public:
  // `last`: of the last attempt of the log, 0 for none. `clock` must outlive
  // it.
  AttemptStamps(const Clock* clock, int64_t last);

  void BeginCommit();
  // The stamp of the commit's next attempt.
  int64_t Next() { return last_ = next_++; }
  // What was stamped can be read now, or never will be.
  void EndCommit();
  int64_t last() const { return last_; }

  // Every attempt with a lower stamp that there will ever be can be read now.
  int64_t SettledBefore() const;

 private:
  static constexpr int64_t kNoCommit = std::numeric_limits<int64_t>::max();

  const Clock* const clock_;
  // The writer's thread only.
  int64_t last_;
  int64_t next_ = 0;  // of the commit under way

  std::atomic<int64_t> lowest_under_way_ = kNoCommit;
  std::atomic<int64_t> lowest_to_come_;  // as of the last commit
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_ATTEMPT_STAMPS_H_
