// PlanProbe: from a ProbeBrokerRequest to what is to be done.
#ifndef MQTTPUSH_SERVICES_ADMIN_PROBE_PLAN_H_
#define MQTTPUSH_SERVICES_ADMIN_PROBE_PLAN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/broker_probe.h"
#include "mqttpush/v1/admin_service.pb.h"
#include "storage/config_snapshot.h"
#include "storage/records.h"

namespace mqttpush {

struct ProbePlan {
  // With its secrets: for the probe only.
  BrokerRecord broker;
  // What its subscriptions ask for, by their names; without disabled ones.
  struct Demand {
    std::string name;
    SubscriptionRecord subscription;
  };
  std::vector<Demand> demands;
  ProbeOrder order;
  bool publish = false;
  int left_out = 0;  // publications beyond kMaxProbePublications
};

// INVALID_ARGUMENT with all violations; NOT_FOUND when there is neither such a
// broker nor settings of one. Pure.
absl::StatusOr<ProbePlan> PlanProbe(const ConfigSnapshot& snapshot,
                                    const v1::ProbeBrokerRequest& request);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_PROBE_PLAN_H_
