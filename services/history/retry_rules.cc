#include "services/history/retry_rules.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "mqttpush/v1/history_service.pb.h"
#include "services/api/errors.h"

namespace mqttpush {

absl::Status CheckRetryable(absl::string_view name, const DeliveryRow& row,
                            const SubscriptionRecord* subscription) {
  // The numbers are those of the API; history_converters_test compares them.
  const std::string& state =
      v1::Delivery::State_Name(static_cast<v1::Delivery::State>(row.state));
  if (row.state != DeliveryState::kParked &&
      row.state != DeliveryState::kDelivered) {
    return errors::DeliveryNotRetryable(
        name, state,
        absl::StrCat("is ", state,
                     ": only PARKED and DELIVERED ones can be sent again"));
  }
  if (subscription == nullptr) {
    return errors::DeliveryNotRetryable(name, state,
                                        "has no subscription any more");
  }
  if (subscription->disabled) {
    return errors::DeliveryNotRetryable(
        name, state,
        "would be discarded: its subscription is disabled; enable it first");
  }
  return absl::OkStatus();
}

}  // namespace mqttpush
