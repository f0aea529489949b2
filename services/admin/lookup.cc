#include "services/admin/lookup.h"

#include "services/api/errors.h"
#include "services/api/resource_names.h"

namespace mqttpush {
namespace {

absl::Status BadName(absl::string_view field, absl::string_view format) {
  return InvalidField(std::string(field), std::string(format));
}

}  // namespace

absl::StatusOr<const TenantRecord*> LookUpTenant(const ConfigSnapshot& snapshot,
                                                 absl::string_view name,
                                                 absl::string_view field) {
  const auto parsed = ParseTenantName(name);
  if (!parsed) return BadName(field, kTenantFormat);
  const TenantRecord* tenant = snapshot.FindTenant(parsed->tenant);
  if (tenant == nullptr) return errors::TenantNotFound(name);
  return tenant;
}

absl::StatusOr<const BrokerRecord*> LookUpBroker(const ConfigSnapshot& snapshot,
                                                 absl::string_view name,
                                                 absl::string_view field) {
  const auto parsed = ParseBrokerName(name);
  if (!parsed) return BadName(field, kBrokerFormat);
  const TenantRecord* tenant = snapshot.FindTenant(parsed->tenant);
  const BrokerRecord* broker =
      tenant == nullptr ? nullptr
                        : snapshot.FindBroker(tenant->uid, parsed->broker);
  if (broker == nullptr) return errors::BrokerNotFound(name);
  return broker;
}

absl::StatusOr<const SubscriptionRecord*> LookUpSubscription(
    const ConfigSnapshot& snapshot, absl::string_view name,
    absl::string_view field) {
  const auto parsed = ParseSubscriptionName(name);
  if (!parsed) return BadName(field, kSubscriptionFormat);
  const TenantRecord* tenant = snapshot.FindTenant(parsed->tenant);
  const SubscriptionRecord* subscription =
      tenant == nullptr
          ? nullptr
          : snapshot.FindSubscription(tenant->uid, parsed->subscription);
  if (subscription == nullptr) return errors::SubscriptionNotFound(name);
  return subscription;
}

TenantRecord LookUpParent(const ConfigSnapshot& snapshot,
                          absl::string_view parent, Violations* violations) {
  TenantRecord unknown;
  const auto parsed = ParseTenantName(parent);
  if (!parsed) {
    violations->Add("parent", std::string(kTenantFormat));
    return unknown;
  }
  const TenantRecord* tenant = snapshot.FindTenant(parsed->tenant);
  unknown.id = parsed->tenant;
  return tenant == nullptr ? unknown : *tenant;
}

absl::Status CheckParent(const TenantRecord& tenant) {
  if (tenant.uid != 0) return absl::OkStatus();
  return errors::TenantNotFound(TenantName(tenant.id));
}

std::vector<const SubscriptionRecord*> SubscriptionsOf(
    const ConfigSnapshot& snapshot, const BrokerRecord& broker) {
  std::vector<const SubscriptionRecord*> found =
      snapshot.SubscriptionsOf(broker.tenant_uid);
  std::erase_if(found, [&](const SubscriptionRecord* subscription) {
    return subscription->broker_uid != broker.uid;
  });
  return found;
}

std::string NameOf(const ConfigSnapshot& snapshot, const BrokerRecord& broker) {
  return BrokerName(snapshot.FindTenant(broker.tenant_uid)->id, broker.id);
}

std::string NameOf(const ConfigSnapshot& snapshot,
                   const SubscriptionRecord& subscription) {
  return SubscriptionName(snapshot.FindTenant(subscription.tenant_uid)->id,
                          subscription.id);
}

}  // namespace mqttpush
