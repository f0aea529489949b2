// RoundPlan: what a seed decides.
#ifndef MQTTPUSH_TESTS_FAULT_ROUND_PLAN_H_
#define MQTTPUSH_TESTS_FAULT_ROUND_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/fault/faults.h"

namespace mqttpush::fault {

struct RoundPlan {
  uint64_t seed = 0;
  int events = 0;          // of each tenant
  int batch_size = 0;      // events
  absl::Duration span;     // how long the load lasts when nothing delays it
  absl::Duration latency;  // of every path, in each direction
  std::vector<Strike> strikes;  // in order of time

  // "cut(v4/plain) @120 ms for 400 ms, ..." with the names of `links`.
  std::string Describe(const std::vector<std::string>& links) const;
};

// Draws one to four of `kinds`, and the rest. The same seed, kinds and number
// of links give the same plan, on every machine.
RoundPlan DrawPlan(uint64_t seed, const std::vector<const FaultKind*>& kinds,
                   size_t links);

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_ROUND_PLAN_H_
