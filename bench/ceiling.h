// The ceiling: what bare Paho loops reach against the same broker, storing
// nothing.
#ifndef MQTTPUSH_BENCH_CEILING_H_
#define MQTTPUSH_BENCH_CEILING_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/sample_events.h"
#include "tests/support/mosquitto_broker.h"

namespace mqttpush::bench {

struct CeilingOptions {
  int processes = 1;     // one per tenant
  int qos = 1;           // 0, 1, 2
  int64_t messages = 0;  // of all together
};

struct CeilingResult {
  double per_second = 0;  // of all together
  absl::Duration processes_cpu;
  absl::Duration broker_cpu;
  absl::Duration elapsed;
};

// Starts the processes (ceiling_main.cc), waits until all are connected, lets
// them go at the same moment, and measures until the last message of the last
// one has ended. INTERNAL when one fails or takes longer than two minutes.
absl::StatusOr<CeilingResult> RunCeiling(const CeilingOptions& options,
                                         const SampleEvents& samples,
                                         const MosquittoBroker& broker);

}  // namespace mqttpush::bench

#endif  // MQTTPUSH_BENCH_CEILING_H_
