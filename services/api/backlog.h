// ComputeBacklog: what of a subscription is not delivered yet.
#ifndef MQTTPUSH_SERVICES_API_BACKLOG_H_
#define MQTTPUSH_SERVICES_API_BACKLOG_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "common/delivery_status.h"
#include "mqttpush/v1/resources.pb.h"
#include "storage/event_log.h"
#include "storage/records.h"

namespace mqttpush {

// The events of a subscription that have not come to an end. Parked ones count:
// they are kept to be sent by hand.
int64_t UndeliveredCount(const SubscriptionState& state);

// As of now: the log and the workers are asked one after the other, so under
// load the counts may be some milliseconds apart; none is ever negative. Cheap
// when nothing waits; otherwise reads some events after the cursor. UNAVAILABLE
// (LOG_UNAVAILABLE) when the log cannot be read.
absl::StatusOr<v1::Backlog> ComputeBacklog(
    const SubscriptionRecord& subscription, const DeliveryStatus& status,
    EventLog* log);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_API_BACKLOG_H_
