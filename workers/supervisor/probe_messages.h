// Conversions between what services know of a probe and the messages to and
// from its process.
#ifndef MQTTPUSH_WORKERS_SUPERVISOR_PROBE_MESSAGES_H_
#define MQTTPUSH_WORKERS_SUPERVISOR_PROBE_MESSAGES_H_

#include "absl/time/time.h"
#include "common/broker_probe.h"
#include "mqttpush/worker/v1/probe.pb.h"
#include "storage/records.h"

namespace mqttpush {

// Holds the broker's secrets: send it to that process only, never log it.
worker::v1::ProbeRequest MakeProbeRequest(
    const BrokerRecord& broker, const ProbeOrder& order,
    const std::vector<std::string>& allowed_networks);

// What the process may take of an order's time; the rest is for its start and
// for what it has to say.
absl::Duration TimeForProbe(absl::Duration timeout);

// Of what goes beyond workers/link/probe_bounds.h, the beginning.
ProbeFinding ToFinding(const worker::v1::ProbeFinding& proto);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_SUPERVISOR_PROBE_MESSAGES_H_
