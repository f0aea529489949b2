// Subscriptions between the API and storage.
#ifndef MQTTPUSH_SERVICES_ADMIN_SUBSCRIPTION_CONVERTER_H_
#define MQTTPUSH_SERVICES_ADMIN_SUBSCRIPTION_CONVERTER_H_

#include "mqttpush/v1/resources.pb.h"
#include "services/api/violations.h"
#include "storage/config_snapshot.h"
#include "storage/records.h"

namespace mqttpush {

// Without the backlog.
v1::Subscription SubscriptionToProto(const SubscriptionRecord& subscription,
                                     const ConfigSnapshot& snapshot);

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
