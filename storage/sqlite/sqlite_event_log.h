// SqliteEventLog: the EventLog in one SQLite file, log.db.
#ifndef MQTTPUSH_STORAGE_SQLITE_SQLITE_EVENT_LOG_H_
#define MQTTPUSH_STORAGE_SQLITE_SQLITE_EVENT_LOG_H_

#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "storage/event_log.h"
#include "storage/sqlite/log_writer.h"
#include "storage/sqlite/reader_pool.h"

namespace mqttpush {

// Thread-safe. Reads see every commit whose callback has been called.
class SqliteEventLog : public EventLog {
 public:
  // Creates or migrates the file. `clock` must outlive the log.
  static absl::StatusOr<std::unique_ptr<SqliteEventLog>> Open(
      const std::string& path, const Clock* clock);
  // Commits what was handed in, and calls its callbacks, first.
  ~SqliteEventLog() override = default;

  void Append(std::vector<NewEvent> events, AppendDone done) override;
  void Commit(std::vector<DeliveryUpdate> updates, CommitDone done) override;
  void SetAppendListener(AppendListener listener) override;
  absl::StatusOr<SubscriptionState> GetSubscriptionState(
      int64_t subscription_uid) override;
  absl::StatusOr<SubscriptionRecovery> Recover(
      int64_t subscription_uid) override;
  absl::StatusOr<std::vector<SubscriptionState>> ListUndelivered() override;
  absl::StatusOr<NextEvents> ReadNext(int64_t tenant_uid,
                                      int64_t subscription_uid,
                                      int64_t after_seq, int limit) override;
  absl::StatusOr<EventRecord> ReadEvent(int64_t seq) override;

 private:
  SqliteEventLog(std::unique_ptr<ReaderPool> readers,
                 std::unique_ptr<LogWriter> writer)
      : readers_(std::move(readers)), writer_(std::move(writer)) {}

  const std::unique_ptr<ReaderPool> readers_;
  const std::unique_ptr<LogWriter> writer_;  // ends before the readers
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_SQLITE_EVENT_LOG_H_
