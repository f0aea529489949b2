// SendFleet: hands the fleet to the ingest service, as a producer does.
#ifndef MQTTPUSH_DEMO_SENDER_H_
#define MQTTPUSH_DEMO_SENDER_H_

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "demo/fleet.h"
#include "mqttpush/v1/ingest_service.grpc.pb.h"

namespace mqttpush::demo {

// Sends the first half by PublishEvents and the rest over one StreamEvents, in
// order and in batches. Returns a result per event. `progress` hears how many
// were answered so far.
absl::StatusOr<std::vector<v1::EventResult>> SendFleet(
    const std::vector<FleetEvent>& fleet,
    v1::IngestService::StubInterface& ingest,
    const std::function<void(size_t answered)>& progress);

}  // namespace mqttpush::demo

#endif  // MQTTPUSH_DEMO_SENDER_H_
