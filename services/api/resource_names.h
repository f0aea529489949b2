// Resource names: "tenants/acme/brokers/main" and its parts.
//
// Parsers return nullopt for what is not a well-formed name; the caller adds
// the violation with the field's name and the format (kTenantFormat …).
#ifndef MQTTPUSH_SERVICES_API_RESOURCE_NAMES_H_
#define MQTTPUSH_SERVICES_API_RESOURCE_NAMES_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace mqttpush {

// For violations.
inline constexpr absl::string_view kTenantFormat =
    "must have the format tenants/{tenant}";
inline constexpr absl::string_view kBrokerFormat =
    "must have the format tenants/{tenant}/brokers/{broker}";
inline constexpr absl::string_view kSubscriptionFormat =
    "must have the format tenants/{tenant}/subscriptions/{subscription}";
inline constexpr absl::string_view kDeliveryFormat =
    "must have the format tenants/{tenant}/deliveries/{delivery}";
inline constexpr absl::string_view kReplayFormat =
    "must have the format tenants/{tenant}/replays/{replay}";
inline constexpr absl::string_view kResourceIdRule =
    "must match [a-z]([a-z0-9-]{0,61}[a-z0-9])?";

// Whether `id` matches [a-z]([a-z0-9-]{0,61}[a-z0-9])?.
bool IsResourceId(absl::string_view id);

std::string TenantName(absl::string_view tenant);
std::string BrokerName(absl::string_view tenant, absl::string_view broker);
std::string SubscriptionName(absl::string_view tenant,
                             absl::string_view subscription);
// {delivery} is "{event seq}-{subscription uid}".
std::string DeliveryName(absl::string_view tenant, int64_t event_seq,
                         int64_t subscription_uid);
std::string AttemptName(absl::string_view tenant, int64_t event_seq,
                        int64_t subscription_uid, int number);
// {replay} is "{uid}".
std::string ReplayName(absl::string_view tenant, int64_t uid);

// {tenant} of the name of a tenant or of anything of it; "" when it has none.
// Nothing else of it is looked at.
absl::string_view TenantIdIn(absl::string_view name);

struct ParsedTenantName {
  std::string tenant;
};
struct ParsedBrokerName {
  std::string tenant;
  std::string broker;
};
struct ParsedSubscriptionName {
  std::string tenant;
  std::string subscription;
};
struct ParsedDeliveryName {
  std::string tenant;
  int64_t event_seq = 0;
  int64_t subscription_uid = 0;
};
struct ParsedReplayName {
  std::string tenant;
  int64_t uid = 0;
};

std::optional<ParsedTenantName> ParseTenantName(absl::string_view name);
std::optional<ParsedBrokerName> ParseBrokerName(absl::string_view name);
std::optional<ParsedSubscriptionName> ParseSubscriptionName(
    absl::string_view name);
std::optional<ParsedDeliveryName> ParseDeliveryName(absl::string_view name);
std::optional<ParsedReplayName> ParseReplayName(absl::string_view name);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_API_RESOURCE_NAMES_H_
