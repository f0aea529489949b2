#include "services/ingest/routing_table.h"

#include <algorithm>
#include <utility>

namespace mqttpush {
namespace {

bool Takes(const SubscriptionRecord& subscription, ObjectType type) {
  const auto& types = subscription.object_types;
  return types.empty() ||
         std::find(types.begin(), types.end(), type) != types.end();
}

size_t IndexOf(ObjectType type) { return static_cast<size_t>(type) - 1; }

}  // namespace

RoutingTable::RoutingTable(const ConfigSnapshot& config,
                           const QuotaRules& rules) {
  for (const auto& [id, tenant] : config.tenants()) {
    tenants_[tenant->uid] = {tenant->uid, id,
                             EffectiveQuota(tenant->quota, rules)};
    const auto routes =
        std::make_shared<const TenantRoutes>(MakeRoutes(config, tenant->uid));
    for (const std::string& owner_id : tenant->owner_ids) {
      by_owner_id_.emplace(owner_id, routes);
    }
  }
}

RoutingTable::TenantRoutes RoutingTable::MakeRoutes(
    const ConfigSnapshot& config, int64_t tenant_uid) {
  TenantRoutes routes{.tenant_uid = tenant_uid, .by_type = {}};
  const auto subscriptions = config.SubscriptionsOf(tenant_uid);
  for (const ObjectType type :
       {ObjectType::kAsset, ObjectType::kLocation, ObjectType::kSensorData,
        ObjectType::kReeferData, ObjectType::kGensetData,
        ObjectType::kGtoemData}) {
    Route route;
    for (const SubscriptionRecord* subscription : subscriptions) {
      if (!Takes(*subscription, type)) continue;
      route.push_back({.uid = subscription->uid, .id = subscription->id});
    }
    if (route.empty()) continue;
    routes.by_type[IndexOf(type)] =
        std::make_shared<const Route>(std::move(route));
  }
  return routes;
}

RoutingTable::Destination RoutingTable::Find(absl::string_view owner_id,
                                             ObjectType type) const {
  const auto found = by_owner_id_.find(owner_id);
  if (found == by_owner_id_.end()) return {};
  const TenantRoutes& routes = *found->second;
  return {.tenant_uid = routes.tenant_uid,
          .route = routes.by_type[IndexOf(type)]};
}

int64_t RoutingTable::FindTenant(absl::string_view owner_id) const {
  const auto found = by_owner_id_.find(owner_id);
  return found == by_owner_id_.end() ? 0 : found->second->tenant_uid;
}

}  // namespace mqttpush
