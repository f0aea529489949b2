#include "storage/sqlite/log/segment_writer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "storage/sqlite/database_files.h"
#include "storage/sqlite/log/attempt_stamps.h"
#include "storage/sqlite/log/log_rows.h"
#include "storage/sqlite/log/segment_opening.h"

namespace mqttpush {

extern const absl::string_view kSegmentSchema0002;

namespace {

constexpr char kBeginSegmentSql[] =
    "INSERT INTO segment (id, first_event_seq, first_attempt_seq, "
    "create_time_us, last_accept_time_us, last_recorded_ticks) "
    "VALUES (1, ?, ?, ?, ?, ?)";

constexpr char kInsertEventSql[] =
    "INSERT INTO event (seq, tenant_uid, event_id, object_type, object_id, "
    "asset_id, owner_id, accept_time_us, subscription_uids, payload) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

constexpr char kAddAcceptedSql[] =
    "INSERT INTO subscription (" MQTTPUSH_SUBSCRIPTION_COLUMNS
    ") VALUES (" MQTTPUSH_SUBSCRIPTION_PARAMETERS
    ") ON CONFLICT (uid) DO UPDATE SET "
    "accepted_count = accepted_count + excluded.accepted_count";

constexpr char kInsertAttemptSql[] =
    "INSERT INTO attempt (" MQTTPUSH_ATTEMPT_COLUMNS
    ", " MQTTPUSH_RECORDING_COLUMNS ") VALUES (" MQTTPUSH_ATTEMPT_PARAMETERS
    ", " MQTTPUSH_RECORDING_PARAMETERS ")";

constexpr char kNoteHourSql[] =
    "INSERT OR IGNORE INTO recorded_hour (tenant_uid, hour) VALUES (?, ?)";

constexpr char kPutExceptionSql[] =
    "INSERT OR REPLACE INTO delivery_exception (" MQTTPUSH_EXCEPTION_COLUMNS
    ") VALUES (" MQTTPUSH_EXCEPTION_PARAMETERS ")";

constexpr char kUpdateSubscriptionSql[] =
    "UPDATE subscription SET cursor = ?, sent_through = ?, "
    "delivered_count = delivered_count + ?, parked_count = parked_count + ?, "
    "expired_count = expired_count + ?, "
    "discarded_count = discarded_count + ? WHERE uid = ?";

constexpr char kPutDroppedSql[] =
    "INSERT OR REPLACE INTO dropped_tally (" MQTTPUSH_TALLY_COLUMNS
    ") VALUES (?, ?, ?, ?, ?, ?)";

constexpr char kAddDroppedSql[] =
    "INSERT INTO dropped_tally (" MQTTPUSH_TALLY_COLUMNS
    ") VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
    "event_count = event_count + excluded.event_count, "
    "success_count = success_count + excluded.success_count, "
    "parked_count = parked_count + excluded.parked_count, "
    "expired_count = expired_count + excluded.expired_count, "
    "discarded_count = discarded_count + excluded.discarded_count";

constexpr char kParkedHereSql[] =
    "SELECT 1 FROM delivery_exception WHERE tenant_uid = ? AND event_seq = ? "
    "AND subscription_uid = ? AND state = 5 AND carried = 0";

constexpr char kInsertAttemptedSql[] =
    "INSERT INTO attempted_event (subscription_uid, event_seq, attempt_count, "
    "delivered) VALUES (?, ?, ?, ?)";

// In a file that is new. (Version 1 was that of segments before the first
// release.)
absl::Status MakeTables(Database& db, const std::string& path) {
  MQTTPUSH_ASSIGN_OR_RETURN(const int64_t version,
                            db.QueryInt64("PRAGMA user_version"));
  if (version != 0) return CheckVersion(version, path);
  MQTTPUSH_ASSIGN_OR_RETURN(Transaction step, Transaction::Begin(&db));
  MQTTPUSH_RETURN_IF_ERROR(db.Execute(std::string(kSegmentSchema0002)));
  MQTTPUSH_RETURN_IF_ERROR(
      db.Execute(absl::StrCat("PRAGMA user_version=", kSegmentSchemaVersion)));
  return step.Commit();
}

}  // namespace

absl::StatusOr<std::unique_ptr<SegmentWriter>> SegmentWriter::Create(
    const std::string& path, const SegmentBeginning& beginning) {
  MQTTPUSH_RETURN_IF_ERROR(RemoveDatabaseFiles(path));
  auto writer = Open(path);
  absl::Status status = writer.status();
  if (status.ok()) status = (*writer)->WriteBeginning(beginning);
  if (status.ok()) status = SyncDirectoryOf(path);
  if (status.ok()) return writer;
  writer = status;  // closes the file
  RemoveDatabaseFiles(path).IgnoreError();
  return status;
}

absl::StatusOr<std::unique_ptr<SegmentWriter>> SegmentWriter::Resume(
    const std::string& path) {
  MQTTPUSH_ASSIGN_OR_RETURN(std::unique_ptr<SegmentWriter> writer, Open(path));
  MQTTPUSH_RETURN_IF_ERROR(LoadTopicSlots(writer->db_, writer->topic_slots_));
  return writer;
}

absl::StatusOr<std::unique_ptr<SegmentWriter>> SegmentWriter::Open(
    const std::string& path) {
  MQTTPUSH_ASSIGN_OR_RETURN(Database db,
                            Database::Open(path, Database::Mode::kReadWrite));
  MQTTPUSH_RETURN_IF_ERROR(MakeTables(db, path));
  std::unique_ptr<SegmentWriter> writer(new SegmentWriter(std::move(db)));
  const std::pair<std::unique_ptr<Statement>*, absl::string_view> all[] = {
      {&writer->insert_event_, kInsertEventSql},
      {&writer->add_accepted_, kAddAcceptedSql},
      {&writer->insert_attempt_, kInsertAttemptSql},
      {&writer->note_hour_, kNoteHourSql},
      {&writer->put_exception_, kPutExceptionSql},
      {&writer->update_subscription_, kUpdateSubscriptionSql},
      {&writer->add_minute_, AddMinuteSql()},
      {&writer->add_topic_, kAddTopicSql}};
  for (auto& [statement, sql] : all) {
    MQTTPUSH_ASSIGN_OR_RETURN(Statement prepared, writer->db_.Prepare(sql));
    *statement = std::make_unique<Statement>(std::move(prepared));
  }
  return writer;
}

absl::Status SegmentWriter::WriteBeginning(const SegmentBeginning& beginning) {
  MQTTPUSH_RETURN_IF_ERROR(Begin());
  MQTTPUSH_ASSIGN_OR_RETURN(Statement begin, db_.Prepare(kBeginSegmentSql));
  begin.Bind(0, beginning.first_event_seq)
      .Bind(1, beginning.first_attempt_seq)
      .Bind(2, beginning.create_time)
      .Bind(3, beginning.last_accept_time)
      .Bind(4, beginning.last_recorded_ticks);
  MQTTPUSH_RETURN_IF_ERROR(begin.Run());
  for (const SubscriptionRecovery& recovery : beginning.subscriptions) {
    MQTTPUSH_RETURN_IF_ERROR(CarryOver(recovery));
  }
  MQTTPUSH_RETURN_IF_ERROR(WriteDropped(beginning.dropped));
  return Commit();
}

absl::Status SegmentWriter::CarryOver(const SubscriptionRecovery& recovery) {
  const SubscriptionState& state = recovery.state;
  BindSubscription(state, add_accepted_.get());
  MQTTPUSH_RETURN_IF_ERROR(add_accepted_->Run());
  for (const DeliveryException& exception : recovery.exceptions) {
    MQTTPUSH_RETURN_IF_ERROR(
        WriteException(state.tenant_uid, state.uid, exception, true));
  }
  if (recovery.attempted.empty()) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(Statement insert, db_.Prepare(kInsertAttemptedSql));
  for (const AttemptedEvent& attempted : recovery.attempted) {
    insert.Bind(0, state.uid)
        .Bind(1, attempted.event_seq)
        .Bind(2, attempted.attempt_count)
        .Bind(3, attempted.delivered);
    MQTTPUSH_RETURN_IF_ERROR(insert.Run());
  }
  return absl::OkStatus();
}

absl::Status SegmentWriter::Begin() {
  if (transaction_ != nullptr) Rollback();
  MQTTPUSH_ASSIGN_OR_RETURN(Transaction begun, Transaction::Begin(&db_));
  transaction_ = std::make_unique<Transaction>(std::move(begun));
  return absl::OkStatus();
}

absl::Status SegmentWriter::Commit() {
  MQTTPUSH_RETURN_IF_ERROR(transaction_->Commit());
  transaction_.reset();
  return absl::OkStatus();
}

void SegmentWriter::Rollback() {
  transaction_.reset();
  noted_hours_.clear();
}

absl::Status SegmentWriter::WriteEvent(int64_t seq, const NewEvent& event,
                                       absl::Time accept_time) {
  const std::string uids = EncodeSubscriptionUids(*event.route);
  insert_event_->Bind(0, seq)
      .Bind(1, event.tenant_uid)
      .Bind(2, event.event_id)
      .Bind(3, static_cast<int>(event.object_type))
      .Bind(4, event.object_id)
      .Bind(5, event.asset_id)
      .Bind(6, event.owner_id)
      .Bind(7, accept_time)
      .Bind(8, uids)
      .BindBlob(9, event.payload);
  return insert_event_->Run();
}

absl::Status SegmentWriter::AddAccepted(const SubscriptionRef& subscription,
                                        int64_t tenant_uid, int64_t first_seq,
                                        int64_t count) {
  // It must stay until the statement has run.
  const SubscriptionState state = {.uid = subscription.uid,
                                   .tenant_uid = tenant_uid,
                                   .id = subscription.id,
                                   .cursor = first_seq - 1,
                                   .sent_through = first_seq - 1,
                                   .accepted_count = count};
  BindSubscription(state, add_accepted_.get());
  return add_accepted_->Run();
}

absl::Status SegmentWriter::WriteAttempt(int64_t attempt_seq,
                                         int64_t tenant_uid,
                                         const AttemptRecord& attempt,
                                         const AttemptRecording& recording) {
  BindAttempt(attempt_seq, tenant_uid, attempt, insert_attempt_.get());
  BindRecording(recording, insert_attempt_.get());
  MQTTPUSH_RETURN_IF_ERROR(insert_attempt_->Run());
  return NoteHour(tenant_uid, recording.ticks);
}

absl::Status SegmentWriter::NoteHour(int64_t tenant_uid,
                                     int64_t recorded_ticks) {
  const int64_t hour = recorded_ticks / kTicksPerHour;
  const auto [noted, added] = noted_hours_.try_emplace(tenant_uid, hour);
  if (!added && noted->second == hour) return absl::OkStatus();
  noted->second = hour;
  note_hour_->Bind(0, tenant_uid).Bind(1, hour);
  return note_hour_->Run();
}

absl::Status SegmentWriter::WriteException(int64_t tenant_uid,
                                           int64_t subscription_uid,
                                           const DeliveryException& exception,
                                           bool carried) {
  BindException(tenant_uid, subscription_uid, exception, carried,
                put_exception_.get());
  return put_exception_->Run();
}

absl::Status SegmentWriter::UpdateSubscription(const DeliveryUpdate& update) {
  update_subscription_->Bind(0, update.cursor)
      .Bind(1, update.sent_through)
      .Bind(2, update.newly_delivered)
      .Bind(3, update.newly_parked)
      .Bind(4, update.newly_expired)
      .Bind(5, update.newly_discarded)
      .Bind(6, update.subscription_uid);
  return update_subscription_->Run();
}

absl::Status SegmentWriter::AddStats(const StatsOfCommit& stats) {
  for (const auto& [key, counts] : stats.counts()) {
    BindMinute(key, counts, add_minute_.get());
    MQTTPUSH_RETURN_IF_ERROR(add_minute_->Run());
  }
  for (const StatsOfCommit::TopicTally& tally : stats.topics()) {
    if (!HasSlot(tally)) continue;
    BindTopic(tally, add_topic_.get());
    MQTTPUSH_RETURN_IF_ERROR(add_topic_->Run());
  }
  return absl::OkStatus();
}

bool SegmentWriter::HasSlot(const StatsOfCommit::TopicTally& tally) {
  return tally.topic.size() <= limits::kMaxStatsTopicBytes &&
         topic_slots_.Take(tally.subscription_uid, tally.hour, tally.topic_key);
}

absl::StatusOr<bool> SegmentWriter::ParkedHere(int64_t tenant_uid,
                                               int64_t event_seq,
                                               int64_t subscription_uid) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement select, db_.Prepare(kParkedHereSql));
  select.Bind(0, tenant_uid).Bind(1, event_seq).Bind(2, subscription_uid);
  return select.Step();
}

absl::Status SegmentWriter::AddToDropped(const Tallies& tallies) {
  if (tallies.empty()) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(Statement add, db_.Prepare(kAddDroppedSql));
  for (const auto& [uid, tally] : tallies) {
    BindTallyCounts(uid, tally, &add);
    MQTTPUSH_RETURN_IF_ERROR(add.Run());
  }
  return absl::OkStatus();
}

absl::Status SegmentWriter::WriteDropped(const DroppedSegments& dropped) {
  MQTTPUSH_RETURN_IF_ERROR(db_.Execute("DELETE FROM dropped_segment"));
  for (int64_t number : dropped.numbers) {
    MQTTPUSH_RETURN_IF_ERROR(db_.Execute(
        absl::StrCat("INSERT INTO dropped_segment VALUES (", number, ")")));
  }
  MQTTPUSH_ASSIGN_OR_RETURN(Statement put, db_.Prepare(kPutDroppedSql));
  for (const auto& [uid, tally] : dropped.tallies) {
    BindTallyCounts(uid, tally, &put);
    MQTTPUSH_RETURN_IF_ERROR(put.Run());
  }
  return absl::OkStatus();
}

Database SegmentWriter::TakeDatabase() && {
  transaction_.reset();
  for (auto* statement :
       {&insert_event_, &add_accepted_, &insert_attempt_, &note_hour_,
        &put_exception_, &update_subscription_, &add_minute_, &add_topic_}) {
    statement->reset();
  }
  return std::move(db_);
}

}  // namespace mqttpush
