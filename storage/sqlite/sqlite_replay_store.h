// SqliteReplayStore: the ReplayStore in config.db.
#ifndef MQTTPUSH_STORAGE_SQLITE_SQLITE_REPLAY_STORE_H_
#define MQTTPUSH_STORAGE_SQLITE_SQLITE_REPLAY_STORE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "storage/replay_store.h"
#include "storage/sqlite/database.h"

namespace mqttpush {

// Thread-safe. A connection of its own, so that a change of the configuration
// waits for a replay's commit only as SQLite does. Each change is fsynced.
class SqliteReplayStore : public ReplayStore {
 public:
  // Of a file that SqliteConfigStore has opened, and so brought up to date.
  static absl::StatusOr<std::unique_ptr<SqliteReplayStore>> Open(
      const std::string& path);

  absl::StatusOr<ReplayRecord> Create(ReplayRecord replay) override;
  absl::StatusOr<ReplayRecord> Get(int64_t tenant_uid, int64_t uid) override;
  absl::StatusOr<std::vector<ReplayRecord>> List(int64_t tenant_uid,
                                                 int64_t before,
                                                 int limit) override;
  absl::StatusOr<std::vector<ReplayRecord>> ListRunning() override;
  absl::StatusOr<ReplayState> Update(const ReplayRecord& replay) override;
  absl::StatusOr<ReplayRecord> Cancel(int64_t tenant_uid, int64_t uid,
                                      absl::Time now) override;

 private:
  explicit SqliteReplayStore(Database db) : db_(std::move(db)) {}
  absl::StatusOr<ReplayRecord> Find(int64_t tenant_uid, int64_t uid)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  Database db_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_SQLITE_REPLAY_STORE_H_
