// MakeProbeResponse: the steps of a probe, made and not made, and the verdicts.
#ifndef MQTTPUSH_SERVICES_ADMIN_PROBE_STEPS_H_
#define MQTTPUSH_SERVICES_ADMIN_PROBE_STEPS_H_

#include "absl/time/time.h"
#include "common/broker_probe.h"
#include "mqttpush/v1/admin_service.pb.h"
#include "services/admin/probe_plan.h"

namespace mqttpush {

// Pure.
v1::ProbeBrokerResponse MakeProbeResponse(const ProbePlan& plan,
                                          const ProbeReport& report,
                                          absl::Time now);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_PROBE_STEPS_H_
