// From rows of the log to the messages of the history service.
#ifndef MQTTPUSH_SERVICES_HISTORY_HISTORY_CONVERTERS_H_
#define MQTTPUSH_SERVICES_HISTORY_HISTORY_CONVERTERS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "mqttpush/v1/history_service.pb.h"
#include "storage/history_reader.h"
#include "storage/replay_store.h"

namespace mqttpush {

v1::Delivery ToProto(const DeliveryRow& row, absl::string_view tenant,
                     std::string state_reason);
v1::Attempt ToProto(const AttemptRow& row, absl::string_view tenant);
v1::Replay ToProto(const ReplayRecord& replay, absl::string_view tenant);

// When a delivery ended. InfinitePast: it has not, or the log does not know.
absl::Time CompleteTime(const DeliveryRow& row);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_HISTORY_CONVERTERS_H_
