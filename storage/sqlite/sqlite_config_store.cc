#include "storage/sqlite/sqlite_config_store.h"

#include <variant>

#include "absl/strings/string_view.h"
#include "common/status_macros.h"
#include "storage/sqlite/config_rows.h"

namespace mqttpush {

extern const absl::string_view kConfigSchema0001;
extern const absl::string_view kConfigSchema0002;
extern const absl::string_view kConfigSchema0003;
extern const absl::string_view kConfigSchema0004;
extern const absl::string_view kConfigSchema0005;

namespace {

struct RowWriter {
  Database* db;

  absl::StatusOr<int64_t> operator()(const TenantRecord& tenant) const {
    return PutTenant(tenant, db);
  }
  absl::StatusOr<int64_t> operator()(const BrokerRecord& broker) const {
    return PutBroker(broker, db);
  }
  absl::StatusOr<int64_t> operator()(
      const SubscriptionRecord& subscription) const {
    return PutSubscription(subscription, db);
  }
  absl::StatusOr<int64_t> operator()(
      const ConfigChange::DeleteTenant& change) const {
    if (change.with_children) {
      MQTTPUSH_RETURN_IF_ERROR(DeleteChildren(change.uid, db));
    }
    MQTTPUSH_RETURN_IF_ERROR(DeleteTenant(change.uid, db));
    return change.uid;
  }
  absl::StatusOr<int64_t> operator()(
      const ConfigChange::DeleteBroker& change) const {
    MQTTPUSH_RETURN_IF_ERROR(DeleteBroker(change.uid, db));
    return change.uid;
  }
  absl::StatusOr<int64_t> operator()(
      const ConfigChange::DeleteSubscription& change) const {
    MQTTPUSH_RETURN_IF_ERROR(DeleteSubscription(change.uid, db));
    return change.uid;
  }
  absl::StatusOr<int64_t> operator()(const ConfigChange::Keep& keep) const {
    return keep.uid;
  }
};

struct SnapshotWriter {
  ConfigSnapshot* snapshot;
  int64_t uid;

  template <typename Record>
  void operator()(Record& record) const {
    record.uid = uid;
    snapshot->Put(std::move(record));
  }
  void operator()(ConfigChange::DeleteTenant&) const {
    snapshot->EraseChildren(uid);
    snapshot->EraseTenant(uid);
  }
  void operator()(ConfigChange::DeleteBroker&) const {
    snapshot->EraseBroker(uid);
  }
  void operator()(ConfigChange::DeleteSubscription&) const {
    snapshot->EraseSubscription(uid);
  }
  void operator()(ConfigChange::Keep&) const {}
};

absl::StatusOr<int64_t> LastUidOf(absl::string_view table, Database& db) {
  return db.QueryInt64(absl::StrCat(
      "SELECT seq FROM sqlite_sequence WHERE name = '", table, "'"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteConfigStore>> SqliteConfigStore::Open(
    const std::string& path) {
  MQTTPUSH_ASSIGN_OR_RETURN(Database db,
                            Database::Open(path, Database::Mode::kReadWrite));
  const absl::string_view migrations[kSchemaVersion] = {
      kConfigSchema0001, kConfigSchema0002, kConfigSchema0003,
      kConfigSchema0004, kConfigSchema0005};
  MQTTPUSH_RETURN_IF_ERROR(Migrate(&db, migrations));
  MQTTPUSH_ASSIGN_OR_RETURN(ConfigSnapshot snapshot, LoadConfig(&db));
  LastUids last;
  MQTTPUSH_ASSIGN_OR_RETURN(last.tenant, LastUidOf("tenant", db));
  MQTTPUSH_ASSIGN_OR_RETURN(last.subscription, LastUidOf("subscription", db));
  return std::unique_ptr<SqliteConfigStore>(
      new SqliteConfigStore(std::move(db), std::move(snapshot), last));
}

std::shared_ptr<const ConfigSnapshot> SqliteConfigStore::Snapshot() const {
  MutexLock lock(&snapshot_mutex_);
  return snapshot_;
}

absl::StatusOr<ConfigStore::Applied> SqliteConfigStore::Apply(Decide decide) {
  MutexLock change_lock(&change_mutex_);
  const std::shared_ptr<const ConfigSnapshot> current = Snapshot();
  MQTTPUSH_ASSIGN_OR_RETURN(ConfigChange change, decide(*current));
  if (const auto* keep = std::get_if<ConfigChange::Keep>(&change.change)) {
    return Applied{current, keep->uid};
  }
  MQTTPUSH_ASSIGN_OR_RETURN(const int64_t uid, Write(change));

  auto next = std::make_shared<ConfigSnapshot>(*current);
  std::visit(SnapshotWriter{next.get(), uid}, change.change);
  {
    MutexLock lock(&snapshot_mutex_);
    snapshot_ = next;
  }
  if (listener_) listener_(next);
  return Applied{std::move(next), uid};
}

void SqliteConfigStore::SetListener(Listener listener) {
  MutexLock lock(&change_mutex_);
  listener_ = std::move(listener);
}

absl::StatusOr<int64_t> SqliteConfigStore::Write(const ConfigChange& change) {
  MQTTPUSH_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(&db_));
  MQTTPUSH_ASSIGN_OR_RETURN(const int64_t uid,
                            std::visit(RowWriter{&db_}, change.change));
  MQTTPUSH_RETURN_IF_ERROR(transaction.Commit());
  return uid;
}

}  // namespace mqttpush
