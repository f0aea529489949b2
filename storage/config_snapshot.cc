#include "storage/config_snapshot.h"

namespace mqttpush {
namespace {

template <typename Map, typename Key>
auto* FindOrNull(const Map& map, const Key& key) {
  auto it = map.find(key);
  return it == map.end() ? nullptr : it->second.get();
}

// The id of a record does not change, so a record of the same uid has the same
// key in `by_key`.
template <typename Record, typename ByKey, typename ByUid>
void PutChild(Record record, ByKey* by_key, ByUid* by_uid) {
  auto shared = std::make_shared<const Record>(std::move(record));
  by_key->insert_or_assign({shared->tenant_uid, shared->id}, shared);
  by_uid->insert_or_assign(shared->uid, shared);
}

template <typename ByKey, typename ByUid>
void EraseChild(int64_t uid, ByKey* by_key, ByUid* by_uid) {
  auto it = by_uid->find(uid);
  if (it == by_uid->end()) return;
  by_key->erase({it->second->tenant_uid, it->second->id});
  by_uid->erase(it);
}

}  // namespace

const TenantRecord* ConfigSnapshot::FindTenant(absl::string_view id) const {
  return FindOrNull(tenants_, id);
}

const TenantRecord* ConfigSnapshot::FindTenant(int64_t uid) const {
  return FindOrNull(tenants_by_uid_, uid);
}

const TenantRecord* ConfigSnapshot::FindTenantByOwnerId(
    absl::string_view owner_id) const {
  return FindOrNull(tenants_by_owner_id_, owner_id);
}

const BrokerRecord* ConfigSnapshot::FindBroker(int64_t tenant_uid,
                                               absl::string_view id) const {
  return FindOrNull(brokers_, ChildKey(tenant_uid, id));
}

const BrokerRecord* ConfigSnapshot::FindBroker(int64_t uid) const {
  return FindOrNull(brokers_by_uid_, uid);
}

const SubscriptionRecord* ConfigSnapshot::FindSubscription(
    int64_t tenant_uid, absl::string_view id) const {
  return FindOrNull(subscriptions_, ChildKey(tenant_uid, id));
}

const SubscriptionRecord* ConfigSnapshot::FindSubscription(int64_t uid) const {
  return FindOrNull(subscriptions_by_uid_, uid);
}

std::vector<const SubscriptionRecord*> ConfigSnapshot::SubscriptionsOf(
    int64_t tenant_uid) const {
  std::vector<const SubscriptionRecord*> result;
  for (auto it = subscriptions_.lower_bound({tenant_uid, ""});
       it != subscriptions_.end() && it->first.first == tenant_uid; ++it) {
    result.push_back(it->second.get());
  }
  return result;
}

void ConfigSnapshot::Put(TenantRecord tenant) {
  // The owner ids that the tenant had may not be those that it has.
  EraseTenant(tenant.uid);
  auto shared = std::make_shared<const TenantRecord>(std::move(tenant));
  for (const std::string& owner_id : shared->owner_ids) {
    tenants_by_owner_id_.insert_or_assign(owner_id, shared);
  }
  tenants_.insert_or_assign(shared->id, shared);
  tenants_by_uid_.insert_or_assign(shared->uid, shared);
}

void ConfigSnapshot::Put(BrokerRecord broker) {
  PutChild(std::move(broker), &brokers_, &brokers_by_uid_);
}

void ConfigSnapshot::Put(SubscriptionRecord subscription) {
  PutChild(std::move(subscription), &subscriptions_, &subscriptions_by_uid_);
}

void ConfigSnapshot::EraseTenant(int64_t uid) {
  auto it = tenants_by_uid_.find(uid);
  if (it == tenants_by_uid_.end()) return;
  const TenantPtr tenant = it->second;
  for (const std::string& owner_id : tenant->owner_ids) {
    tenants_by_owner_id_.erase(owner_id);
  }
  tenants_.erase(tenant->id);
  tenants_by_uid_.erase(it);
}

void ConfigSnapshot::EraseChildren(int64_t tenant_uid) {
  for (const SubscriptionRecord* subscription : SubscriptionsOf(tenant_uid)) {
    EraseSubscription(subscription->uid);
  }
  for (auto it = brokers_.lower_bound({tenant_uid, ""});
       it != brokers_.end() && it->first.first == tenant_uid;) {
    EraseBroker((it++)->second->uid);
  }
}

void ConfigSnapshot::EraseBroker(int64_t uid) {
  EraseChild(uid, &brokers_, &brokers_by_uid_);
}

void ConfigSnapshot::EraseSubscription(int64_t uid) {
  EraseChild(uid, &subscriptions_, &subscriptions_by_uid_);
}

}  // namespace mqttpush
