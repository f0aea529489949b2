// ChangeRecord and DeleteRecord: the frame of every change of the
// configuration. The handlers give the rules, this gives validate_only,
// revisions, times, and the words for a store that cannot write.
#ifndef MQTTPUSH_SERVICES_ADMIN_CHANGES_H_
#define MQTTPUSH_SERVICES_ADMIN_CHANGES_H_

#include <memory>
#include <utility>
#include <variant>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/status_macros.h"
#include "services/admin/context.h"
#include "storage/config_snapshot.h"
#include "storage/config_store.h"
#include "storage/records.h"

namespace mqttpush {

// A record as it is after the change, and the configuration around it.
template <typename Record>
struct Changed {
  std::shared_ptr<const ConfigSnapshot> snapshot;
  Record record;
};

// nullptr for a record that is to be created (uid 0).
const TenantRecord* FindCurrent(const ConfigSnapshot& snapshot,
                                const TenantRecord& record);
const BrokerRecord* FindCurrent(const ConfigSnapshot& snapshot,
                                const BrokerRecord& record);
const SubscriptionRecord* FindCurrent(const ConfigSnapshot& snapshot,
                                      const SubscriptionRecord& record);

// `now` as storage keeps it, so that a record is the same before and after a
// restart.
absl::Time StoredTime(absl::Time now);

// Numbers and dates `next`; Keep if it is equal to the current record.
template <typename Record>
ConfigChange StampChange(const ConfigSnapshot& snapshot, Record next,
                         absl::Time now) {
  const Record* current = FindCurrent(snapshot, next);
  if (current != nullptr && next == *current) {
    return {ConfigChange::Keep{next.uid}};
  }
  next.revision = current == nullptr ? 1 : current->revision + 1;
  next.update_time = StoredTime(now);
  if (current == nullptr) next.create_time = next.update_time;
  return {std::move(next)};
}

// Applies `decide`. A failure that is not `decide`'s own is the store's:
// CONFIG_UNAVAILABLE.
absl::StatusOr<ConfigStore::Applied> ApplyChange(const AdminContext& context,
                                                 ConfigStore::Decide decide);

// `decide` checks every rule and returns the record as it shall be, with uid 0
// to create one. With `validate_only` nothing is changed.
template <typename Record>
absl::StatusOr<Changed<Record>> ChangeRecord(
    const AdminContext& context, bool validate_only,
    absl::FunctionRef<absl::StatusOr<Record>(const ConfigSnapshot&)> decide) {
  const auto stamped =
      [&](const ConfigSnapshot& snapshot) -> absl::StatusOr<ConfigChange> {
    MQTTPUSH_ASSIGN_OR_RETURN(Record next, decide(snapshot));
    return StampChange(snapshot, std::move(next), context.clock->Now());
  };
  if (validate_only) {
    auto snapshot = context.config->Snapshot();
    MQTTPUSH_ASSIGN_OR_RETURN(ConfigChange change, stamped(*snapshot));
    if (auto* next = std::get_if<Record>(&change.change)) {
      return Changed<Record>{snapshot, std::move(*next)};
    }
    Record key;
    key.uid = std::get<ConfigChange::Keep>(change.change).uid;
    return Changed<Record>{snapshot, *FindCurrent(*snapshot, key)};
  }
  MQTTPUSH_ASSIGN_OR_RETURN(ConfigStore::Applied applied,
                            ApplyChange(context, stamped));
  Record key;
  key.uid = applied.uid;
  const Record& record = *FindCurrent(*applied.snapshot, key);
  return Changed<Record>{applied.snapshot, record};
}

// `decide` checks every rule and returns the deletion.
absl::Status DeleteRecord(const AdminContext& context, bool validate_only,
                          ConfigStore::Decide decide);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_CHANGES_H_
