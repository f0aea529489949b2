// LogWriter: the one thread that writes the log, with group commit.
//
// Commands that arrive while a commit is on its way to the disk are taken
// together into the next one: the busier, the larger the group, and no timer.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_LOG_WRITER_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_LOG_WRITER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "storage/event_log.h"
#include "storage/sqlite/log/attempt_stamps.h"
#include "storage/sqlite/log/log_commit.h"
#include "storage/sqlite/log/log_options.h"
#include "storage/sqlite/log/log_retention.h"
#include "storage/sqlite/log/log_sealer.h"
#include "storage/sqlite/log/segment_store.h"
#include "storage/sqlite/log/segment_writer.h"

namespace mqttpush {

// Thread-safe.
class LogWriter {
 public:
  // All must outlive the writer.
  static absl::StatusOr<std::unique_ptr<LogWriter>> Start(
      SegmentStore* store, LogSealer* sealer, const LogOptions& options,
      const Clock* clock);
  // Commits what is queued, calls its callbacks, and ends the thread.
  ~LogWriter();

  // As in EventLog.
  void Append(std::vector<NewEvent> events, EventLog::AppendDone done);
  void Commit(std::vector<DeliveryUpdate> updates, EventLog::CommitDone done);
  void SetAppendListener(EventLog::AppendListener listener);
  // As in SqliteEventLog.
  const AttemptStamps& stamps() const { return stamps_; }

  using AttemptListener = std::function<void(std::vector<int64_t> tenant_uids)>;
  void SetAttemptListener(AttemptListener listener);

 private:
  struct AppendCommand {
    std::vector<NewEvent> events;
    EventLog::AppendDone done;
    std::vector<AppendOutcome> outcomes;
    size_t bytes = 0;  // of the payloads
  };
  struct CommitCommand {
    std::vector<DeliveryUpdate> updates;
    EventLog::CommitDone done;
  };
  using Command = std::variant<AppendCommand, CommitCommand>;

  LogWriter(SegmentStore* store, LogSealer* sealer, const LogOptions& options,
            const Clock* clock);
  absl::Status OpenNewest();
  // Whether so many bytes of payloads may still wait; they count then.
  bool AdmitToQueue(size_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);
  void Enqueue(Command command);

  // On the writer's thread from here on.
  void Run();
  // Waits for commands, or until retention is to be applied; absent when the
  // writer is to end.
  std::optional<std::vector<Command>> TakeGroup();
  void WriteAndFinish(std::vector<Command>& commands);
  static std::vector<Command> TakeCommits(std::vector<Command>& commands);
  absl::Status WriteGroup(std::vector<Command>& commands);
  absl::Status WriteRows(std::vector<Command>& commands, LogCommit& commit);
  void TellListeners(const LogCommit& commit);
  void TakeIntoMemory(const std::vector<Command>& commands, LogCommit& commit);
  void Finish(std::vector<Command>& commands, const absl::Status& status);

  // Drops what has been kept long enough, at most once in kRetentionInterval.
  void ApplyRetention();
  RetentionDecision DecideRetention(const Segments& segments, absl::Time now);
  bool TookEventAfter(const Segment& segment, int64_t subscription_uid,
                      int64_t after_seq);
  absl::Status Drop(const std::vector<SegmentPtr>& segments);
  void ForgetFilters(const Segments& segments, absl::Time now);

  bool NewestIsFull() const;
  // Begins the next segment and hands the newest one over to be sealed.
  absl::Status BeginSegment();

  // Now, but never before the accept time of an earlier event.
  absl::Time NextAcceptTime();

  SegmentStore* const store_;
  LogSealer* const sealer_;
  const LogOptions options_;
  const Clock* const clock_;
  EventLog::AppendListener listener_;
  AttemptListener attempt_listener_;

  Mutex mutex_;
  CondVar changed_;
  std::vector<Command> queue_ ABSL_GUARDED_BY(mutex_);
  size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // payloads of appends
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  // The writer's thread only.
  std::unique_ptr<SegmentWriter> writer_;
  SegmentPtr newest_;
  bool damaged_ = false;  // the newest one cannot be written any more
  int64_t next_segment_number_ = 1;
  NextSeqs next_;
  absl::Time last_accept_time_;
  AttemptStamps stamps_;  // others only ask it what is settled
  DroppedSegments dropped_;
  absl::Time next_retention_ = absl::InfinitePast();
  int held_by_undelivered_ = 0;  // segments, when retention was applied last

  std::thread thread_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_LOG_WRITER_H_
