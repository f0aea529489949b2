#include "bench/log_under_test.h"

#include <utility>

#include "common/clock.h"
#include "common/status_macros.h"
#include "storage/sqlite/sqlite_event_log.h"
#include "storage/sqlite/sqlite_history_reader.h"

namespace mqttpush::bench {

absl::StatusOr<LogUnderTest> OpenLog(const std::string& directory) {
  const std::string path = directory + "/log.db";
  MQTTPUSH_ASSIGN_OR_RETURN(auto log,
                            SqliteEventLog::Open(path, Clock::Real()));
  MQTTPUSH_ASSIGN_OR_RETURN(auto reader, SqliteHistoryReader::Open(path));
  return LogUnderTest{std::move(reader), std::move(log)};
}

}  // namespace mqttpush::bench
