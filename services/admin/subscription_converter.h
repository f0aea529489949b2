// Subscriptions between the API and storage.
#ifndef MQTTPUSH_SERVICES_ADMIN_SUBSCRIPTION_CONVERTER_H_
#define MQTTPUSH_SERVICES_ADMIN_SUBSCRIPTION_CONVERTER_H_

#include "absl/strings/string_view.h"
#include "mqttpush/v1/resources.pb.h"
#include "services/api/violations.h"
#include "storage/config_snapshot.h"
#include "storage/records.h"

namespace mqttpush {

// The first that holds: DISABLED, PAUSED (it or its tenant), INCOMPATIBLE,
// ACTIVE. What an operator asked for comes before what the broker offers.
v1::Subscription::State StateOf(const SubscriptionRecord& subscription,
                                const TenantRecord& tenant, bool incompatible);

// Without the backlog. `incompatibility`: DeliveryStatus::GetIncompatibility.
v1::Subscription SubscriptionToProto(const SubscriptionRecord& subscription,
                                     const ConfigSnapshot& snapshot,
                                     absl::string_view incompatibility = "");

// `base`, a subscription of a tenant in `snapshot`, with the fields that
// callers may set taken from `proto`. Adds a violation for each rule of
// resources.proto that they break, that the broker exists included.
SubscriptionRecord SubscriptionFromProto(const v1::Subscription& proto,
                                         SubscriptionRecord base,
                                         const TenantRecord& tenant,
                                         const ConfigSnapshot& snapshot,
                                         Violations* violations);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_SUBSCRIPTION_CONVERTER_H_
