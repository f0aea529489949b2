// Whether a delivery can be sent again because a person asks for it.
#ifndef MQTTPUSH_SERVICES_HISTORY_RETRY_RULES_H_
#define MQTTPUSH_SERVICES_HISTORY_RETRY_RULES_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/history_reader.h"
#include "storage/records.h"

namespace mqttpush {

// DELIVERY_NOT_RETRYABLE, unless it is PARKED or DELIVERED and its subscription
// sends. `subscription`: nullptr when it was deleted. `name`: the delivery's.
absl::Status CheckRetryable(absl::string_view name, const DeliveryRow& row,
                            const SubscriptionRecord* subscription);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_RETRY_RULES_H_
