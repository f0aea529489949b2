// What a probe found, for the API.
#ifndef MQTTPUSH_SERVICES_ADMIN_PROBE_CONVERTER_H_
#define MQTTPUSH_SERVICES_ADMIN_PROBE_CONVERTER_H_

#include "absl/time/time.h"
#include "common/broker_probe.h"
#include "mqttpush/v1/admin_service.pb.h"

namespace mqttpush {

// Without outcome and hint.
v1::ProbeStep FindingToProto(const ProbeFinding& finding, absl::Time now);

// Whole days from `now`; negative: days since.
int DaysUntil(absl::Time time, absl::Time now);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_PROBE_CONVERTER_H_
