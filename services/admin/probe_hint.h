// ProbeHint: what a person can do about a step of a probe.
#ifndef MQTTPUSH_SERVICES_ADMIN_PROBE_HINT_H_
#define MQTTPUSH_SERVICES_ADMIN_PROBE_HINT_H_

#include "absl/strings/string_view.h"
#include "common/broker_probe.h"
#include "storage/records.h"

namespace mqttpush {

// Empty when nothing is needed, or nothing is known. Pure.
absl::string_view ProbeHint(const ProbeFinding& finding,
                            const BrokerRecord& broker);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_PROBE_HINT_H_
