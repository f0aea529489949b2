#include "bench/log_under_test.h"

#include <algorithm>
#include <utility>

#include "common/clock.h"
#include "common/status_macros.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/log/sqlite_history_reader.h"

namespace mqttpush::bench {

absl::StatusOr<LogUnderTest> OpenLog(const std::string& directory,
                                     int64_t retention_bytes) {
  MQTTPUSH_ASSIGN_OR_RETURN(
      auto log, SqliteEventLog::Open(directory + "/log",
                                     {.retention_bytes = retention_bytes},
                                     Clock::Real()));
  SqliteEventLog* raw = log.get();
  LogUnderTest opened;
  opened.reader = std::make_unique<SqliteHistoryReader>(raw);
  opened.log = std::move(log);
  opened.sealing = [raw] { return raw->sealer().busy(); };
  opened.seal_cost = [raw] {
    raw->WaitUntilSealed();
    const LogSealer::Cost cost = raw->sealer().cost();
    const double segments = std::max<double>(1, cost.segments);
    const double rows = std::max<double>(1, cost.rows);
    return LogUnderTest::SealCost{
        .segments = static_cast<double>(cost.segments),
        .wall_ms_per_segment = absl::ToDoubleMilliseconds(cost.wall) / segments,
        .cpu_us_per_row = absl::ToDoubleMicroseconds(cost.cpu) / rows,
        .index_bytes_per_row = static_cast<double>(cost.index_bytes) / rows};
  };
  opened.segments = [raw] {
    return static_cast<int64_t>(raw->store()->list().Get()->size());
  };
  return opened;
}

}  // namespace mqttpush::bench
