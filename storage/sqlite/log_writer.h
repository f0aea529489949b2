// LogWriter: the one thread that writes log.db, with group commit.
//
// Commands that arrive while a commit is on its way to the disk are taken
// together into the next one: the busier, the larger the group, and no timer.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_WRITER_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_WRITER_H_

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "storage/event_log.h"
#include "storage/sqlite/database.h"

namespace mqttpush {

// Thread-safe.
class LogWriter {
 public:
  // `db` is open for writing and migrated. `clock` must outlive the writer.
  static absl::StatusOr<std::unique_ptr<LogWriter>> Start(Database db,
                                                          const Clock* clock);
  // Commits what is queued, calls its callbacks, and ends the thread.
  ~LogWriter();

  // As in EventLog.
  void Append(std::vector<NewEvent> events, EventLog::AppendDone done);
  void Commit(std::vector<DeliveryUpdate> updates, EventLog::CommitDone done);
  void SetAppendListener(EventLog::AppendListener listener);

 private:
  struct AppendCommand {
    std::vector<NewEvent> events;
    EventLog::AppendDone done;
    std::vector<AppendOutcome> outcomes;
    size_t bytes = 0;      // of the payloads
    bool refused = false;  // the queue was full; `events` is empty
  };
  struct CommitCommand {
    std::vector<DeliveryUpdate> updates;
    EventLog::CommitDone done;
  };
  using Command = std::variant<AppendCommand, CommitCommand>;
  // What one transaction adds to a subscription's row.
  struct Accepted {
    const SubscriptionRef* subscription = nullptr;
    int64_t tenant_uid = 0;
    int64_t first_seq = 0;
    int64_t count = 0;
  };

  explicit LogWriter(Database db, const Clock* clock)
      : clock_(clock), db_(std::move(db)) {}
  absl::Status PrepareStatements();
  void Enqueue(Command command);

  // On the writer's thread from here on.
  void Run();
  // Waits for commands; empty when the writer is to end.
  std::vector<Command> TakeGroup();
  absl::Status WriteGroup(std::vector<Command>& group);
  void Finish(std::vector<Command>& group, const absl::Status& status);

  absl::Status WriteAppend(AppendCommand& command, absl::Time accept_time);
  absl::StatusOr<AppendOutcome> WriteEvent(const NewEvent& event,
                                           absl::Time accept_time);
  absl::Status WriteAccepted();
  absl::Status WriteUpdate(const DeliveryUpdate& update);
  absl::Status WriteAttempt(const AttemptRecord& attempt);
  absl::Status WriteException(int64_t subscription_uid,
                              const DeliveryException& exception);
  // Now, but never before the accept time of an earlier event.
  absl::Time NextAcceptTime();

  const Clock* const clock_;
  EventLog::AppendListener listener_;

  Mutex mutex_;
  CondVar changed_;
  std::vector<Command> queue_ ABSL_GUARDED_BY(mutex_);
  size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // payloads of appends
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  // The writer's thread only.
  Database db_;
  std::unique_ptr<Statement> insert_event_;
  std::unique_ptr<Statement> add_accepted_;
  std::unique_ptr<Statement> insert_attempt_;
  std::unique_ptr<Statement> put_exception_;
  std::unique_ptr<Statement> erase_exception_;
  std::unique_ptr<Statement> update_subscription_;
  std::map<int64_t, Accepted> accepted_;  // of this transaction, by uid
  absl::Time last_accept_time_ = absl::InfinitePast();

  std::thread thread_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_WRITER_H_
