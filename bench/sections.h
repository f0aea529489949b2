// The sections of the bench. Each prints its tables and sets its figures; its
// status says what kept it from measuring.
#ifndef MQTTPUSH_BENCH_SECTIONS_H_
#define MQTTPUSH_BENCH_SECTIONS_H_

#include <string>

#include "absl/status/status.h"
#include "bench/figures.h"
#include "bench/sample_events.h"
#include "bench/scale.h"

namespace mqttpush::bench {

struct Bench {
  const Scale scale;
  const SampleEvents samples;
  // As "qos1_100_tenants": the only case of relay; empty: all.
  const std::string relay_case;
  Figures figures;
};

absl::Status RunRelay(Bench& bench);
absl::Status RunLog(Bench& bench);
absl::Status RunCatchUp(Bench& bench);
absl::Status RunTenants(Bench& bench);
absl::Status RunIngest(Bench& bench);

}  // namespace mqttpush::bench

#endif  // MQTTPUSH_BENCH_SECTIONS_H_
