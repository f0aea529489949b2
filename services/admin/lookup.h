// From resource names to records.
#ifndef MQTTPUSH_SERVICES_ADMIN_LOOKUP_H_
#define MQTTPUSH_SERVICES_ADMIN_LOOKUP_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/api/violations.h"
#include "storage/config_snapshot.h"

namespace mqttpush {

// `field` is where `name` stands in the request. INVALID_ARGUMENT with a
// violation when it is not such a name, NOT_FOUND when there is no such record.
// The record lives as long as `snapshot`; never nullptr.
absl::StatusOr<const TenantRecord*> LookUpTenant(const ConfigSnapshot& snapshot,
                                                 absl::string_view name,
                                                 absl::string_view field);
absl::StatusOr<const BrokerRecord*> LookUpBroker(const ConfigSnapshot& snapshot,
                                                 absl::string_view name,
                                                 absl::string_view field);
absl::StatusOr<const SubscriptionRecord*> LookUpSubscription(
    const ConfigSnapshot& snapshot, absl::string_view name,
    absl::string_view field);

// The tenant under which something is to be created. When there is none: one
// with uid 0, so that the other fields are checked all the same. Adds the
// violation when `parent` is not a tenant's name.
TenantRecord LookUpParent(const ConfigSnapshot& snapshot,
                          absl::string_view parent, Violations* violations);
// Once the fields are in order: NOT_FOUND when there is no such tenant.
absl::Status CheckParent(const TenantRecord& tenant);

// The subscriptions that refer to a broker, in order of id.
std::vector<const SubscriptionRecord*> SubscriptionsOf(
    const ConfigSnapshot& snapshot, const BrokerRecord& broker);

// The name of a record.
std::string NameOf(const ConfigSnapshot& snapshot, const BrokerRecord& broker);
std::string NameOf(const ConfigSnapshot& snapshot,
                   const SubscriptionRecord& subscription);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_LOOKUP_H_
