#include "services/admin/changes.h"

#include "services/api/errors.h"

namespace mqttpush {

const TenantRecord* FindCurrent(const ConfigSnapshot& snapshot,
                                const TenantRecord& record) {
  return snapshot.FindTenant(record.uid);
}

const BrokerRecord* FindCurrent(const ConfigSnapshot& snapshot,
                                const BrokerRecord& record) {
  return snapshot.FindBroker(record.uid);
}

const SubscriptionRecord* FindCurrent(const ConfigSnapshot& snapshot,
                                      const SubscriptionRecord& record) {
  return snapshot.FindSubscription(record.uid);
}

absl::Time StoredTime(absl::Time now) {
  return absl::FromUnixMicros(absl::ToUnixMicros(now));
}

absl::StatusOr<ConfigStore::Applied> ApplyChange(const AdminContext& context,
                                                 ConfigStore::Decide decide) {
  absl::Status refused;
  absl::StatusOr<ConfigStore::Applied> applied = context.config->Apply(
      [&](const ConfigSnapshot& snapshot) -> absl::StatusOr<ConfigChange> {
        absl::StatusOr<ConfigChange> change = decide(snapshot);
        refused = change.status();
        return change;
      });
  if (applied.ok() || !refused.ok()) return applied;
  return errors::ConfigUnavailable(applied.status());
}

absl::Status DeleteRecord(const AdminContext& context, bool validate_only,
                          ConfigStore::Decide decide) {
  if (validate_only) return decide(*context.config->Snapshot()).status();
  return ApplyChange(context, decide).status();
}

}  // namespace mqttpush
