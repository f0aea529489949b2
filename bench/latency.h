// How long deliveries took, by the evidence of the history.
#ifndef MQTTPUSH_BENCH_LATENCY_H_
#define MQTTPUSH_BENCH_LATENCY_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/installation.h"

namespace mqttpush::bench {

// Milliseconds from the making of each event (SampleEvents::Make) to the
// outcome of its attempt: written (QoS 0), PUBACK (QoS 1), PUBCOMP (QoS 2). Of
// the attempts that were started after `since`, of some ten tenants.
absl::StatusOr<std::vector<double>> ReadLatencies(Installation& installation,
                                                  absl::Time since);

}  // namespace mqttpush::bench

#endif  // MQTTPUSH_BENCH_LATENCY_H_
