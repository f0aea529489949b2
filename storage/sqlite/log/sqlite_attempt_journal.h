// SqliteAttemptJournal: the AttemptJournal over the segments of the log.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_SQLITE_ATTEMPT_JOURNAL_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_SQLITE_ATTEMPT_JOURNAL_H_

#include <memory>
#include <vector>

#include "storage/attempt_journal.h"
#include "storage/sqlite/log/attempt_stamps.h"
#include "storage/sqlite/log/segment_store.h"
#include "storage/sqlite/log/sqlite_event_log.h"

namespace mqttpush {

// Finds a time by halving: some thirty rows are read, whatever the log holds.
// Thread-safe.
class SqliteAttemptJournal : public AttemptJournal {
 public:
  // `log` must outlive it.
  explicit SqliteAttemptJournal(SqliteEventLog* log)
      : store_(log->store()), stamps_(&log->stamps()) {}

  int64_t SettledBefore() const override { return stamps_->SettledBefore(); }
  absl::StatusOr<std::vector<int64_t>> ListHours(int64_t tenant_uid,
                                                 int64_t first,
                                                 int64_t last) override;
  absl::StatusOr<int64_t> FindBefore(int64_t ticks) override;
  std::unique_ptr<AttemptFollower> Follow(const HistoryQuery& query,
                                          int64_t after,
                                          int64_t through) override;
  absl::StatusOr<std::vector<JournalRow>> ReadAfter(int64_t after,
                                                    int limit) override;

 private:
  SegmentStore* const store_;
  const AttemptStamps* const stamps_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_SQLITE_ATTEMPT_JOURNAL_H_
