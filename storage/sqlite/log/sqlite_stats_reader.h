// SqliteStatsReader: the StatsReader over the segments of the log.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_SQLITE_STATS_READER_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_SQLITE_STATS_READER_H_

#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/stats_reader.h"

namespace mqttpush {

// Reads of each segment the rows of the subscriptions in that time, and adds up
// what segments have of the same minute or hour. Thread-safe.
class SqliteStatsReader : public StatsReader {
 public:
  // `log` must outlive it.
  explicit SqliteStatsReader(SqliteEventLog* log) : store_(log->store()) {}

  absl::StatusOr<Stats> ReadStats(const StatsScope& scope, absl::Time start,
                                  absl::Time end,
                                  StatsResolution resolution) override;

 private:
  SegmentStore* const store_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_SQLITE_STATS_READER_H_
