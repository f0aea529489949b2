// ConfigSnapshot: the whole configuration at one moment, immutable and shared.
//
// Thread-safe, as all const data is. Readers keep the shared_ptr for as long as
// they look; a later change makes a new snapshot.
#ifndef MQTTPUSH_STORAGE_CONFIG_SNAPSHOT_H_
#define MQTTPUSH_STORAGE_CONFIG_SNAPSHOT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "storage/records.h"

namespace mqttpush {

class ConfigSnapshot {
 public:
  using TenantPtr = std::shared_ptr<const TenantRecord>;
  using BrokerPtr = std::shared_ptr<const BrokerRecord>;
  using SubscriptionPtr = std::shared_ptr<const SubscriptionRecord>;

  // All lookups return nullptr when there is no such record.
  const TenantRecord* FindTenant(absl::string_view id) const;
  const TenantRecord* FindTenant(int64_t uid) const;
  const TenantRecord* FindTenantByOwnerId(absl::string_view owner_id) const;
  const BrokerRecord* FindBroker(int64_t tenant_uid,
                                 absl::string_view id) const;
  const BrokerRecord* FindBroker(int64_t uid) const;
  const SubscriptionRecord* FindSubscription(int64_t tenant_uid,
                                             absl::string_view id) const;
  const SubscriptionRecord* FindSubscription(int64_t uid) const;

  // Ordered by id (of the tenant's own ones by (tenant uid, id)): the order of
  // the list methods and of their page tokens.
  const std::map<std::string, TenantPtr, std::less<>>& tenants() const {
    return tenants_;
  }
  using ChildKey = std::pair<int64_t, std::string>;  // (tenant uid, id)
  const std::map<ChildKey, BrokerPtr>& brokers() const { return brokers_; }
  const std::map<ChildKey, SubscriptionPtr>& subscriptions() const {
    return subscriptions_;
  }

  // The subscriptions of a tenant, in order of id.
  std::vector<const SubscriptionRecord*> SubscriptionsOf(
      int64_t tenant_uid) const;

  // For the store that builds the next snapshot from a copy. A record of the
  // same uid is replaced.
  void Put(TenantRecord tenant);
  void Put(BrokerRecord broker);
  void Put(SubscriptionRecord subscription);
  void EraseTenant(int64_t uid);
  // The brokers and subscriptions of a tenant.
  void EraseChildren(int64_t tenant_uid);
  void EraseBroker(int64_t uid);
  void EraseSubscription(int64_t uid);

 private:
  std::map<std::string, TenantPtr, std::less<>> tenants_;
  std::map<ChildKey, BrokerPtr> brokers_;
  std::map<ChildKey, SubscriptionPtr> subscriptions_;
  absl::flat_hash_map<int64_t, TenantPtr> tenants_by_uid_;
  absl::flat_hash_map<int64_t, BrokerPtr> brokers_by_uid_;
  absl::flat_hash_map<int64_t, SubscriptionPtr> subscriptions_by_uid_;
  absl::flat_hash_map<std::string, TenantPtr> tenants_by_owner_id_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_CONFIG_SNAPSHOT_H_
