// LogUnderTest: the log as the service opens it. The only place of the bench
// that knows how it is stored.
#ifndef MQTTPUSH_BENCH_LOG_UNDER_TEST_H_
#define MQTTPUSH_BENCH_LOG_UNDER_TEST_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/event_log.h"
#include "storage/history_reader.h"

namespace mqttpush::bench {

struct LogUnderTest {
  struct SealCost {
    double segments = 0;
    double wall_ms_per_segment = 0;
    double cpu_us_per_row = 0;
    double index_bytes_per_row = 0;
  };

  std::unique_ptr<HistoryReader> reader;
  std::unique_ptr<EventLog> log;  // ends first
  // Whether a segment is being sealed; what sealing has cost, once idle.
  std::function<bool()> sealing;
  std::function<SealCost()> seal_cost;
  std::function<int64_t()> segments;
};

// `directory` exists, and is empty or holds the log of an earlier one.
// `retention_bytes`: as LogOptions.
absl::StatusOr<LogUnderTest> OpenLog(const std::string& directory,
                                     int64_t retention_bytes = 0);

}  // namespace mqttpush::bench

#endif  // MQTTPUSH_BENCH_LOG_UNDER_TEST_H_
