// RunRound: load, faults, healing, draining, and the comparison.
#ifndef MQTTPUSH_TESTS_FAULT_ROUND_H_
#define MQTTPUSH_TESTS_FAULT_ROUND_H_

#include <atomic>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "demo/fleet.h"
#include "tests/fault/bench.h"
#include "tests/fault/round_plan.h"
#include "tests/fault/round_verdict.h"

namespace mqttpush::fault {

// What rounds share.
struct RoundContext {
  const std::vector<demo::FleetEvent>* fleet = nullptr;
  // Set by SIGINT: ends a round early, with CANCELLED.
  const std::atomic<bool>* interrupted = nullptr;
};

// `first_number` is that of the round's first event; numbers and the bench's
// earlier rounds must not overlap. An error: the round could not be carried
// through, as when something hangs; that is a failure as well.
absl::StatusOr<RoundVerdict> RunRound(Bench& bench, const RoundPlan& plan,
                                      int64_t first_number,
                                      const RoundContext& context);

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_ROUND_H_
