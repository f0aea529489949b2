// SqliteConfigStore: the ConfigStore in one SQLite file, config.db.
#ifndef MQTTPUSH_STORAGE_SQLITE_SQLITE_CONFIG_STORE_H_
#define MQTTPUSH_STORAGE_SQLITE_SQLITE_CONFIG_STORE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "common/mutex.h"
#include "storage/config_store.h"
#include "storage/sqlite/database.h"

namespace mqttpush {

// Thread-safe. Everything is in memory as a snapshot; a change is written
// (synchronous=FULL) before the next snapshot is shown.
class SqliteConfigStore : public ConfigStore {
 public:
  // The newest version of the schema that this program knows.
  static constexpr int64_t kSchemaVersion = 5;

  // The last uids that were given when it was opened: the log must not hold
  // higher ones.
  struct LastUids {
    int64_t tenant = 0;
    int64_t subscription = 0;
  };
  const LastUids& last_uids_at_open() const { return last_uids_; }

  // Creates or migrates the file (mode 0600) and loads everything. Errors are
  // those of Database.
  static absl::StatusOr<std::unique_ptr<SqliteConfigStore>> Open(
      const std::string& path);

  std::shared_ptr<const ConfigSnapshot> Snapshot() const override;
  absl::StatusOr<Applied> Apply(Decide decide) override;
  void SetListener(Listener listener) override;

 private:
  SqliteConfigStore(Database db, ConfigSnapshot snapshot, LastUids last_uids)
      : last_uids_(last_uids),
        db_(std::move(db)),
        snapshot_(std::make_shared<const ConfigSnapshot>(std::move(snapshot))) {
  }

  // Commits `change`; returns the uid of its record.
  absl::StatusOr<int64_t> Write(const ConfigChange& change)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(change_mutex_);

  const LastUids last_uids_;
  Mutex change_mutex_;  // one change at a time; taken before snapshot_mutex_
  Database db_ ABSL_GUARDED_BY(change_mutex_);
  Listener listener_ ABSL_GUARDED_BY(change_mutex_);

  mutable Mutex snapshot_mutex_;
  std::shared_ptr<const ConfigSnapshot> snapshot_
      ABSL_GUARDED_BY(snapshot_mutex_);
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_SQLITE_CONFIG_STORE_H_
