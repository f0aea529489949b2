// RoutingTable: where an object goes, by its owner id and object type.
#ifndef MQTTPUSH_SERVICES_INGEST_ROUTING_TABLE_H_
#define MQTTPUSH_SERVICES_INGEST_ROUTING_TABLE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "storage/config_snapshot.h"
#include "storage/event_log.h"
#include "storage/records.h"
#include "storage/tenant_quota.h"

namespace mqttpush {

// A tenant with the quota in force for it.
struct RoutedTenant {
  int64_t uid = 0;
  std::string id;
  TenantQuota quota;
};

// The routes of one configuration. Immutable, thread-safe. Paused tenants and
// subscriptions have routes too: their events are accepted and held.
class RoutingTable {
 public:
  explicit RoutingTable(const ConfigSnapshot& config,
                        const QuotaRules& rules = {});

  struct Destination {
    int64_t tenant_uid = 0;
    // Not empty; nullptr when no tenant owns the owner id or none of its
    // subscriptions takes the object type.
    std::shared_ptr<const Route> route;
  };
  Destination Find(absl::string_view owner_id, ObjectType type) const;
  // The uid of the tenant that owns the owner id; 0: none does.
  int64_t FindTenant(absl::string_view owner_id) const;
  // One of those that Find names.
  const RoutedTenant& TenantOf(int64_t uid) const { return tenants_.at(uid); }

 private:
  struct TenantRoutes {
    int64_t tenant_uid = 0;
    std::array<std::shared_ptr<const Route>, 6> by_type;  // as ObjectType
  };
  static TenantRoutes MakeRoutes(const ConfigSnapshot& config,
                                 int64_t tenant_uid);

  absl::flat_hash_map<std::string, std::shared_ptr<const TenantRoutes>>
      by_owner_id_;
  absl::flat_hash_map<int64_t, RoutedTenant> tenants_;  // by uid
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_ROUTING_TABLE_H_
