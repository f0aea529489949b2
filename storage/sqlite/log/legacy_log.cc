#include "storage/sqlite/log/legacy_log.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/database_files.h"
#include "storage/sqlite/log/attempt_stamps.h"
#include "storage/sqlite/log/log_options.h"
#include "storage/sqlite/log/log_rows.h"
#include "storage/sqlite/log/segment_writer.h"

namespace mqttpush {

extern const absl::string_view kLegacyLogSchema0001;
extern const absl::string_view kLegacyLogSchema0002;
extern const absl::string_view kLegacyLogSchema0003;

namespace {

// In the order of today's columns.
constexpr char kEventsSql[] =
    "SELECT seq, tenant_uid, event_id, object_type, object_id, asset_id, "
    "owner_id, accept_time_us, subscription_uids, payload "
    "FROM event ORDER BY seq";

// Nobody could ask for one.
constexpr char kAttemptsSql[] =
    "SELECT attempt_seq, tenant_uid, subscription_uid, event_seq, number, "
    "start_time_us, duration_us, topic, qos, coalesce(requested_qos, qos), "
    "succeeded, error_class, error_message, reason_code, reason_string, "
    "warning, packet_id, duplicate_flag, session_present, broker_address, "
    "connection, pubrec_time_us, ack_time_us, subscription_revision, "
    "broker_revision, 0, 0, succeeded OR EXISTS (SELECT 1 "
    "FROM delivery_exception AS ended "
    "WHERE ended.subscription_uid = attempt.subscription_uid "
    "AND ended.event_seq = attempt.event_seq AND ended.state = 5 "
    "AND ended.attempt_count = attempt.number), NULL "
    "FROM attempt ORDER BY attempt_seq";

constexpr char kSubscriptionsSql[] =
    "SELECT uid, tenant_uid, subscription_id, cursor, sent_through, "
    "accepted_count, delivered_count, parked_count, expired_count, "
    "discarded_count FROM subscription ORDER BY uid";

constexpr char kAttemptedSql[] =
    "SELECT event_seq, max(number), max(succeeded) FROM attempt "
    "WHERE subscription_uid = ? AND event_seq > ? GROUP BY event_seq";

// 1: the broker answered its last attempt (ErrorClass::kRejected).
constexpr char kExceptionsSql[] =
    "SELECT tenant_uid, event_seq, subscription_uid, state, reason, time_us, "
    "sent, coalesce((SELECT error_class FROM attempt "
    "WHERE attempt.subscription_uid = delivery_exception.subscription_uid "
    "AND attempt.event_seq = delivery_exception.event_seq "
    "ORDER BY number DESC LIMIT 1), 0) = 1, attempt_count, rejection_count, "
    "next_attempt_time_us, lifetime_us, wait_cause "
    "FROM delivery_exception JOIN subscription ON uid = subscription_uid";

// Writes the segments of an import, one after the other.
class Importer {
 public:
  Importer(Database* legacy, std::string directory)
      : legacy_(legacy), directory_(std::move(directory)) {}

  // An attempt follows its event as soon as those before it allow.
  absl::Status Run() {
    MQTTPUSH_ASSIGN_OR_RETURN(Statement events, legacy_->Prepare(kEventsSql));
    MQTTPUSH_ASSIGN_OR_RETURN(Statement attempts,
                              legacy_->Prepare(kAttemptsSql));
    MQTTPUSH_ASSIGN_OR_RETURN(bool attempt, attempts.Step());
    MQTTPUSH_RETURN_IF_ERROR(BeginSegment());
    while (true) {
      MQTTPUSH_ASSIGN_OR_RETURN(const bool event, events.Step());
      if (!event) break;
      MQTTPUSH_RETURN_IF_ERROR(CopyEvent(events));
      while (attempt && attempts.Int64(3) <= last_event_seq_) {
        MQTTPUSH_RETURN_IF_ERROR(CopyAttempt(attempts));
        MQTTPUSH_ASSIGN_OR_RETURN(attempt, attempts.Step());
      }
    }
    MQTTPUSH_RETURN_IF_ERROR(EndSegment());
    return WriteLastSegment();
  }

  int64_t rows() const { return rows_; }

 private:
  absl::Status BeginSegment(std::vector<SubscriptionRecovery> states = {}) {
    const SegmentBeginning beginning = {
        .first_event_seq = last_event_seq_ + 1,
        .first_attempt_seq = last_attempt_seq_ + 1,
        .create_time = last_accept_time_,
        .last_accept_time = last_accept_time_,
        .last_recorded_ticks = last_recorded_ticks_,
        .subscriptions = std::move(states)};
    MQTTPUSH_ASSIGN_OR_RETURN(
        writer_,
        SegmentWriter::Create(
            absl::StrFormat("%s/%010d.db", directory_, ++number_), beginning));
    rows_in_segment_ = 0;
    return writer_->Begin();
  }
  absl::Status EndSegment() {
    MQTTPUSH_RETURN_IF_ERROR(writer_->Commit());
    writer_ = nullptr;
    return absl::OkStatus();
  }
  absl::Status CountRow() {
    ++rows_;
    if (++rows_in_segment_ < LogOptions().segment_rows) return absl::OkStatus();
    MQTTPUSH_RETURN_IF_ERROR(EndSegment());
    return BeginSegment();
  }

  absl::Status CopyEvent(const Statement& row) {
    EventRecord record = ReadEventColumns(row);
    Route route;
    for (int64_t uid : record.subscription_uids) route.push_back({uid, ""});
    const NewEvent event = {
        .tenant_uid = record.tenant_uid,
        .event_id = std::move(record.event_id),
        .object_type = record.object_type,
        .object_id = std::move(record.object_id),
        .asset_id = std::move(record.asset_id),
        .owner_id = std::move(record.owner_id),
        .payload = row.Text(kEventColumnCount),
        .route = std::make_shared<const Route>(std::move(route))};
    MQTTPUSH_RETURN_IF_ERROR(
        writer_->WriteEvent(record.seq, event, record.accept_time));
    last_event_seq_ = record.seq;
    last_accept_time_ = record.accept_time;
    return CountRow();
  }
  absl::Status CopyAttempt(const Statement& row) {
    last_attempt_seq_ = row.Int64(0);
    const AttemptRecord attempt = ReadAttemptColumns(row);
    AttemptRecording recording = ReadRecordingColumns(row);
    // Nobody noted when; it was not before its end.
    recording.ticks = std::max(last_recorded_ticks_ + 1,
                               ToTicks(attempt.start_time + attempt.duration));
    last_recorded_ticks_ = recording.ticks;
    MQTTPUSH_RETURN_IF_ERROR(writer_->WriteAttempt(
        last_attempt_seq_, row.Int64(1), attempt, recording));
    return CountRow();
  }

  // The states of all deliveries, which begin to count with it.
  absl::Status WriteLastSegment() {
    std::vector<SubscriptionRecovery> states;
    MQTTPUSH_ASSIGN_OR_RETURN(Statement select,
                              legacy_->Prepare(kSubscriptionsSql));
    while (true) {
      MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) break;
      SubscriptionRecovery recovery;
      recovery.state = ReadSubscriptionColumns(select);
      MQTTPUSH_ASSIGN_OR_RETURN(recovery.attempted,
                                ReadAttempted(recovery.state));
      states.push_back(std::move(recovery));
    }
    MQTTPUSH_RETURN_IF_ERROR(BeginSegment(std::move(states)));
    MQTTPUSH_RETURN_IF_ERROR(CopyExceptions());
    return EndSegment();
  }
  absl::StatusOr<std::vector<AttemptedEvent>> ReadAttempted(
      const SubscriptionState& state) {
    MQTTPUSH_ASSIGN_OR_RETURN(Statement select,
                              legacy_->Prepare(kAttemptedSql));
    select.Bind(0, state.uid).Bind(1, state.cursor);
    std::vector<AttemptedEvent> attempted;
    while (true) {
      MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) return attempted;
      attempted.push_back({select.Int64(0), select.Int(1), select.Bool(2)});
    }
  }
  absl::Status CopyExceptions() {
    MQTTPUSH_ASSIGN_OR_RETURN(Statement select,
                              legacy_->Prepare(kExceptionsSql));
    while (true) {
      MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) return absl::OkStatus();
      MQTTPUSH_RETURN_IF_ERROR(writer_->WriteException(
          select.Int64(0), select.Int64(2), ReadExceptionColumns(select)));
    }
  }

  Database* const legacy_;
  const std::string directory_;
  std::unique_ptr<SegmentWriter> writer_;
  int64_t number_ = 0;
  int64_t rows_in_segment_ = 0;
  int64_t rows_ = 0;
  int64_t last_event_seq_ = 0;
  int64_t last_attempt_seq_ = 0;
  absl::Time last_accept_time_ = absl::UnixEpoch();
  int64_t last_recorded_ticks_ = 0;
};

absl::Status Import(const std::string& legacy_path,
                    const std::string& directory) {
  MQTTPUSH_ASSIGN_OR_RETURN(
      Database legacy, Database::Open(legacy_path, Database::Mode::kReadWrite));
  MQTTPUSH_RETURN_IF_ERROR(Migrate(
      &legacy,
      {kLegacyLogSchema0001, kLegacyLogSchema0002, kLegacyLogSchema0003}));
  Importer importer(&legacy, directory);
  MQTTPUSH_RETURN_IF_ERROR(importer.Run());
  Log::Info("log_imported", {{"from", legacy_path}, {"rows", importer.rows()}});
  return absl::OkStatus();
}

absl::Status Renamed(std::error_code error, const std::string& path) {
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot rename ", path, ": ", error.message()));
}

}  // namespace

absl::Status ImportLegacyLog(const std::string& legacy_path,
                             const std::string& directory) {
  namespace fs = std::filesystem;
  if (!fs::exists(legacy_path)) return absl::OkStatus();
  // The last step of an import that a crash interrupted is the rename.
  const std::string imported = legacy_path + ".imported";
  if (!fs::exists(directory)) {
    const std::string unfinished = directory + ".importing";
    std::error_code error;
    fs::remove_all(unfinished, error);
    fs::create_directory(unfinished, error);
    fs::permissions(unfinished, fs::perms::owner_all, error);
    MQTTPUSH_RETURN_IF_ERROR(Import(legacy_path, unfinished));
    fs::rename(unfinished, directory, error);
    MQTTPUSH_RETURN_IF_ERROR(Renamed(error, unfinished));
    MQTTPUSH_RETURN_IF_ERROR(SyncDirectoryOf(directory));
  }
  return MoveDatabaseFiles(legacy_path, imported);
}

}  // namespace mqttpush
