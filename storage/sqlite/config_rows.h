// The configuration's records as rows of config.db.
//
// Thread-compatible, as Database. The writers want a transaction around them.
// Errors are those of Database.
#ifndef MQTTPUSH_STORAGE_SQLITE_CONFIG_ROWS_H_
#define MQTTPUSH_STORAGE_SQLITE_CONFIG_ROWS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/config_snapshot.h"
#include "storage/records.h"
#include "storage/sqlite/database.h"

namespace mqttpush {

// Reads everything.
absl::StatusOr<ConfigSnapshot> LoadConfig(Database* db);

// Inserts a record with uid 0, replaces the row of that uid otherwise. Returns
// the uid.
absl::StatusOr<int64_t> PutTenant(const TenantRecord& tenant, Database* db);
absl::StatusOr<int64_t> PutBroker(const BrokerRecord& broker, Database* db);
absl::StatusOr<int64_t> PutSubscription(const SubscriptionRecord& subscription,
                                        Database* db);

// ALREADY_EXISTS (a constraint) when something still refers to it.
absl::Status DeleteTenant(int64_t uid, Database* db);
// The brokers and subscriptions of a tenant.
absl::Status DeleteChildren(int64_t tenant_uid, Database* db);
absl::Status DeleteBroker(int64_t uid, Database* db);
absl::Status DeleteSubscription(int64_t uid, Database* db);

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_CONFIG_ROWS_H_
