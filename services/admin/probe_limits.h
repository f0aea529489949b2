// JudgeLimits: what a broker offers, held against what is asked of it.
#ifndef MQTTPUSH_SERVICES_ADMIN_PROBE_LIMITS_H_
#define MQTTPUSH_SERVICES_ADMIN_PROBE_LIMITS_H_

#include "common/broker_offer.h"
#include "mqttpush/v1/admin_service.pb.h"
#include "services/admin/probe_plan.h"

namespace mqttpush {

// The LIMITS step of a probe. Pure.
v1::ProbeStep JudgeLimits(const BrokerOffer& offer, const ProbePlan& plan);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_PROBE_LIMITS_H_
