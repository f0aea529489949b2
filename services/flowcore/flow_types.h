// FlowTypes: which object type the events of a Flowcore flow type hold.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_FLOW_TYPES_H_
#define MQTTPUSH_SERVICES_FLOWCORE_FLOW_TYPES_H_

#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/records.h"

namespace mqttpush {

// Immutable.
class FlowTypes {
 public:
  static constexpr char kDefault[] =
      "asset.0=ASSET,location.0=LOCATION,sensordata.0=SENSOR_DATA,"
      "reeferdata.0=REEFER_DATA,gensetdata.0=GENSET_DATA,gtoemdata.0=GTOEM_"
      "DATA";

  // As kDefault. INVALID_ARGUMENT, in words that follow the name of the
  // setting, for what is no such table.
  static absl::StatusOr<FlowTypes> Parse(absl::string_view table);

  std::optional<ObjectType> Find(absl::string_view flow_type) const;
  // The first that holds the type; "" when none does.
  absl::string_view NameOf(ObjectType type) const;
  // "asset.0, location.0", for messages.
  std::string Names() const;

 private:
  std::map<std::string, ObjectType, std::less<>> types_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_FLOW_TYPES_H_
