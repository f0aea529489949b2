#include "storage/records.h"

namespace mqttpush {

absl::string_view ObjectTypeName(ObjectType type) {
  switch (type) {
    case ObjectType::kAsset:
      return "asset";
    case ObjectType::kLocation:
      return "location";
    case ObjectType::kSensorData:
      return "sensordata";
    case ObjectType::kReeferData:
      return "reeferdata";
    case ObjectType::kGensetData:
      return "gensetdata";
    case ObjectType::kGtoemData:
      return "gtoemdata";
  }
  return "";  // not a value of the enum
}

bool HasEnded(DeliveryState state) {
  return state != DeliveryState::kWaiting &&
         state != DeliveryState::kInFlight && state != DeliveryState::kRetrying;
}

}  // namespace mqttpush
