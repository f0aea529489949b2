// SqliteEventLog: the EventLog as a sequence of segments, each a SQLite file.
//
// The newest segment is written, by one thread (log_writer.h), without any
// index on disk; its index is in memory (memory_index.h). When it is full the
// next one begins and it is sealed in the background (log_sealer.h): its index
// is packed into it (posting_block.h), and it never changes again. segment.h
// tells what there is, read_session.h how it is read.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_SQLITE_EVENT_LOG_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_SQLITE_EVENT_LOG_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "storage/event_log.h"
#include "storage/sqlite/log/log_options.h"
#include "storage/sqlite/log/log_sealer.h"
#include "storage/sqlite/log/log_writer.h"
#include "storage/sqlite/log/segment_store.h"

namespace mqttpush {

// Thread-safe. Reads see every commit whose callback has been called.
class SqliteEventLog : public EventLog {
 public:
  // Opens the log in the folder, which is made when it is missing. `clock` must
  // outlive the log.
  static absl::StatusOr<std::unique_ptr<SqliteEventLog>> Open(
      const std::string& directory, const LogOptions& options,
      const Clock* clock);
  static absl::StatusOr<std::unique_ptr<SqliteEventLog>> Open(
      const std::string& directory, const Clock* clock) {
    return Open(directory, LogOptions(), clock);
  }
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
  Outbox GetOutbox(int64_t tenant_uid) const override;
  absl::StatusOr<NextEvents> ReadNext(int64_t tenant_uid,
                                      int64_t subscription_uid,
                                      int64_t after_seq, int limit) override;
  absl::StatusOr<EventRecord> ReadEvent(int64_t seq) override;
  absl::StatusOr<EventHold> HoldEvent(int64_t seq) override;

  // Called after each commit of attempts, with the tenants whose they are, on
  // the writer's thread; must not block. What it tells of can be read. Set
  // once, before the first Commit.
  void SetAttemptListener(LogWriter::AttemptListener listener) {
    writer_->SetAttemptListener(std::move(listener));
  }

  // For who reads the same log; both live as long as this.
  const AttemptStamps& stamps() const { return writer_->stamps(); }
  SegmentStore* store() { return store_.get(); }
  // Waits until all full segments are sealed. For tests.
  void WaitUntilSealed() { sealer_->WaitUntilIdle(); }
  const LogSealer& sealer() const { return *sealer_; }

 private:
  explicit SqliteEventLog(std::unique_ptr<SegmentStore> store)
      : store_(std::move(store)),
        sealer_(std::make_unique<LogSealer>(store_.get())) {}

  const std::unique_ptr<SegmentStore> store_;
  const std::unique_ptr<LogSealer> sealer_;
  std::unique_ptr<LogWriter> writer_;  // ends first
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_SQLITE_EVENT_LOG_H_
