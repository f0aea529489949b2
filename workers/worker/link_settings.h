// What is said of a link, and what its settings ask for, in the words of
// worker_link.proto.
#ifndef MQTTPUSH_WORKERS_WORKER_LINK_SETTINGS_H_
#define MQTTPUSH_WORKERS_WORKER_LINK_SETTINGS_H_

#include "workers/worker/link_state.h"
#include "workers/worker/mqtt_client.h"
#include "workers/worker/wire.h"

namespace mqttpush {

wire::LinkStatus::State ToProto(WorkerLinkState state);
wire::BrokerLimits ToProto(const BrokerLimits& limits);

// Whether the two ask for the same connection; the rest of the settings can
// change under it.
bool SameConnection(wire::Configure a, wire::Configure b);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_LINK_SETTINGS_H_
