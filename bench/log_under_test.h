// LogUnderTest: the log as the service opens it. The only place of the bench
// that knows how it is stored.
#ifndef MQTTPUSH_BENCH_LOG_UNDER_TEST_H_
#define MQTTPUSH_BENCH_LOG_UNDER_TEST_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/event_log.h"
#include "storage/history_reader.h"

namespace mqttpush::bench {

struct LogUnderTest {
  std::unique_ptr<HistoryReader> reader;
  std::unique_ptr<EventLog> log;  // ends first
};

// `directory` exists, and is empty or holds the log of an earlier one.
absl::StatusOr<LogUnderTest> OpenLog(const std::string& directory);

}  // namespace mqttpush::bench

#endif  // MQTTPUSH_BENCH_LOG_UNDER_TEST_H_
