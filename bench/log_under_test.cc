#include "bench/log_under_test.h"

#include <utility>

#include "common/clock.h"
#include "common/status_macros.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/log/sqlite_history_reader.h"

namespace mqttpush::bench {

absl::StatusOr<LogUnderTest> OpenLog(const std::string& directory) {
  MQTTPUSH_ASSIGN_OR_RETURN(
      auto log, SqliteEventLog::Open(directory + "/log", Clock::Real()));
  auto reader = std::make_unique<SqliteHistoryReader>(log.get());
  return LogUnderTest{std::move(reader), std::move(log)};
}

}  // namespace mqttpush::bench
