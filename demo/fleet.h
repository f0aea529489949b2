// Fleet: the sample events of the demo, read from demo/fleet.jsonl.
#ifndef MQTTPUSH_DEMO_FLEET_H_
#define MQTTPUSH_DEMO_FLEET_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mqttpush/v1/resources.pb.h"

namespace mqttpush::demo {

struct FleetEvent {
  std::string event_id;
  v1::ObjectType object_type = v1::OBJECT_TYPE_UNSPECIFIED;
  std::string owner_id;
  std::string asset_id;  // of an Asset object its own id
  std::string payload;   // the bytes of the file, untouched
};

// Reads a file of one Flowcore envelope per line. INVALID_ARGUMENT names the
// first line that is none; NOT_FOUND when there is no such file.
absl::StatusOr<std::vector<FleetEvent>> LoadFleet(const std::string& path);

// The lower-case name that topics carry, as "sensordata".
std::string TopicName(v1::ObjectType type);

}  // namespace mqttpush::demo

#endif  // MQTTPUSH_DEMO_FLEET_H_
