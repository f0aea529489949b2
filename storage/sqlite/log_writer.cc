#include "storage/sqlite/log_writer.h"

#include <algorithm>
#include <utility>

#include "common/logging.h"
#include "common/status_macros.h"
#include "storage/sqlite/event_rows.h"

namespace mqttpush {
namespace {

// More would only make the first of a group wait for the last.
constexpr size_t kMaxEventsPerGroup = 5000;
constexpr size_t kMaxBytesPerGroup = 8 << 20;

// What may wait for a disk that is slow or hangs; then producers are told.
constexpr size_t kMaxQueuedBytes = 64 << 20;

constexpr char kInsertEventSql[] =
    "INSERT INTO event (tenant_uid, event_id, object_type, object_id, "
    "asset_id, owner_id, accept_time_us, subscription_uids, payload) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (tenant_uid, event_id) DO NOTHING RETURNING seq";

constexpr char kAddAcceptedSql[] =
    "INSERT INTO subscription (uid, tenant_uid, subscription_id, cursor, "
    "sent_through, accepted_count, delivered_count, parked_count) "
    "VALUES (?1, ?2, ?3, ?4, ?4, ?5, 0, 0) "
    "ON CONFLICT (uid) DO UPDATE SET "
    "accepted_count = accepted_count + excluded.accepted_count";

constexpr char kInsertAttemptSql[] =
    "INSERT INTO attempt (tenant_uid, subscription_uid, event_seq, number, "
    "start_time_us, duration_us, topic, qos, succeeded, error_class, "
    "error_message, reason_code, packet_id, duplicate_flag, "
    "session_present, broker_address, subscription_revision, "
    "broker_revision, requested_qos, reason_string, warning, connection, "
    "pubrec_time_us, ack_time_us) VALUES ("
    "(SELECT tenant_uid FROM subscription WHERE uid = ?1), "
    "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, "
    "?17, ?18, ?19, ?20, ?21, ?22, ?23)";

constexpr char kPutExceptionSql[] =
    "INSERT OR REPLACE INTO delivery_exception (subscription_uid, event_seq, "
    "state, reason, time_us, sent, attempt_count, rejection_count, "
    "next_attempt_time_us, lifetime_us, wait_cause) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

constexpr char kEraseExceptionSql[] =
    "DELETE FROM delivery_exception "
    "WHERE subscription_uid = ? AND event_seq = ?";

constexpr char kUpdateSubscriptionSql[] =
    "UPDATE subscription SET cursor = ?, sent_through = ?, "
    "delivered_count = delivered_count + ?, parked_count = parked_count + ?, "
    "expired_count = expired_count + ?, "
    "discarded_count = discarded_count + ? WHERE uid = ?";

void BindTimeOrNever(int parameter, absl::Time time, Statement* statement) {
  if (time == absl::InfinitePast()) {
    statement->BindNull(parameter);
  } else {
    statement->Bind(parameter, time);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<LogWriter>> LogWriter::Start(
    Database db, const Clock* clock) {
  std::unique_ptr<LogWriter> writer(new LogWriter(std::move(db), clock));
  MQTTPUSH_RETURN_IF_ERROR(writer->PrepareStatements());
  writer->thread_ = std::thread([raw = writer.get()] { raw->Run(); });
  return writer;
}

LogWriter::~LogWriter() {
  if (!thread_.joinable()) return;
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

absl::Status LogWriter::PrepareStatements() {
  const std::pair<std::unique_ptr<Statement>*, const char*> all[] = {
      {&insert_event_, kInsertEventSql},
      {&add_accepted_, kAddAcceptedSql},
      {&insert_attempt_, kInsertAttemptSql},
      {&put_exception_, kPutExceptionSql},
      {&erase_exception_, kEraseExceptionSql},
      {&update_subscription_, kUpdateSubscriptionSql}};
  for (auto& [statement, sql] : all) {
    MQTTPUSH_ASSIGN_OR_RETURN(Statement prepared, db_.Prepare(sql));
    *statement = std::make_unique<Statement>(std::move(prepared));
  }
  MQTTPUSH_ASSIGN_OR_RETURN(
      Statement newest,
      db_.Prepare(
          "SELECT accept_time_us FROM event ORDER BY seq DESC LIMIT 1"));
  MQTTPUSH_ASSIGN_OR_RETURN(bool found, newest.Step());
  if (found) last_accept_time_ = newest.Time(0);
  return absl::OkStatus();
}

void LogWriter::SetAppendListener(EventLog::AppendListener listener) {
  listener_ = std::move(listener);
}

void LogWriter::Append(std::vector<NewEvent> events,
                       EventLog::AppendDone done) {
  AppendCommand command = {std::move(events), std::move(done)};
  for (const NewEvent& event : command.events) {
    command.bytes += event.payload.size();
  }
  {
    MutexLock lock(&mutex_);
    command.refused = queued_bytes_ + command.bytes > kMaxQueuedBytes;
    if (command.refused) command.bytes = 0;
    queued_bytes_ += command.bytes;
  }
  if (command.refused) command.events.clear();
  Enqueue(std::move(command));
}

void LogWriter::Commit(std::vector<DeliveryUpdate> updates,
                       EventLog::CommitDone done) {
  Enqueue(CommitCommand{std::move(updates), std::move(done)});
}

void LogWriter::Enqueue(Command command) {
  MutexLock lock(&mutex_);
  queue_.push_back(std::move(command));
  if (queue_.size() == 1) changed_.Signal();
}

void LogWriter::Run() {
  while (true) {
    std::vector<Command> group = TakeGroup();
    if (group.empty()) return;
    absl::Status status = WriteGroup(group);
    if (!status.ok()) {
      Log::Error("log_commit_failed", {{"error", status.message()}});
      status = absl::UnavailableError(
          absl::StrCat("the log cannot be written: ", status.message()));
    }
    Finish(group, status);
  }
}

std::vector<LogWriter::Command> LogWriter::TakeGroup() {
  MutexLock lock(&mutex_);
  while (queue_.empty() && !stopping_) changed_.Wait(&mutex_);
  size_t events = 0;
  size_t bytes = 0;
  auto end = queue_.begin();
  while (end != queue_.end() && events < kMaxEventsPerGroup &&
         bytes < kMaxBytesPerGroup) {
    if (auto* append = std::get_if<AppendCommand>(&*end)) {
      events += append->events.size();
      bytes += append->bytes;
    }
    ++end;
  }
  queued_bytes_ -= bytes;
  std::vector<Command> group(std::make_move_iterator(queue_.begin()),
                             std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  return group;
}

absl::Status LogWriter::WriteGroup(std::vector<Command>& group) {
  accepted_.clear();
  MQTTPUSH_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(&db_));
  const absl::Time accept_time = NextAcceptTime();
  for (Command& command : group) {
    if (auto* append = std::get_if<AppendCommand>(&command)) {
      MQTTPUSH_RETURN_IF_ERROR(WriteAppend(*append, accept_time));
    } else {
      for (const auto& update : std::get<CommitCommand>(command).updates) {
        MQTTPUSH_RETURN_IF_ERROR(WriteUpdate(update));
      }
    }
  }
  MQTTPUSH_RETURN_IF_ERROR(WriteAccepted());
  return transaction.Commit();
}

void LogWriter::Finish(std::vector<Command>& group,
                       const absl::Status& status) {
  // Dispatch starts on the events while their producers are being answered.
  if (status.ok() && !accepted_.empty() && listener_) {
    std::vector<int64_t> uids;
    for (const auto& [uid, accepted] : accepted_) uids.push_back(uid);
    listener_(std::move(uids));
  }
  for (Command& command : group) {
    if (auto* append = std::get_if<AppendCommand>(&command)) {
      if (append->refused) {
        append->done(absl::UnavailableError(
            "the log is behind: the disk is slow; try again later"));
      } else if (status.ok()) {
        append->done(std::move(append->outcomes));
      } else {
        append->done(status);
      }
    } else {
      std::get<CommitCommand>(command).done(status);
    }
  }
}

absl::Status LogWriter::WriteAppend(AppendCommand& command,
                                    absl::Time accept_time) {
  command.outcomes.clear();
  for (const NewEvent& event : command.events) {
    MQTTPUSH_ASSIGN_OR_RETURN(AppendOutcome outcome,
                              WriteEvent(event, accept_time));
    command.outcomes.push_back(outcome);
  }
  return absl::OkStatus();
}

absl::StatusOr<AppendOutcome> LogWriter::WriteEvent(const NewEvent& event,
                                                    absl::Time accept_time) {
  const std::string uids = EncodeSubscriptionUids(*event.route);
  insert_event_->Bind(0, event.tenant_uid)
      .Bind(1, event.event_id)
      .Bind(2, static_cast<int>(event.object_type))
      .Bind(3, event.object_id)
      .Bind(4, event.asset_id)
      .Bind(5, event.owner_id)
      .Bind(6, accept_time)
      .Bind(7, uids)
      .BindBlob(8, event.payload);
  MQTTPUSH_ASSIGN_OR_RETURN(bool inserted, insert_event_->Step());
  if (!inserted) return AppendOutcome::kDuplicate;
  const int64_t seq = insert_event_->Int64(0);
  MQTTPUSH_RETURN_IF_ERROR(insert_event_->Run());  // to the end, and resets
  for (const SubscriptionRef& ref : *event.route) {
    Accepted& accepted = accepted_[ref.uid];
    if (accepted.count++ == 0) {
      accepted.subscription = &ref;
      accepted.tenant_uid = event.tenant_uid;
      accepted.first_seq = seq;
    }
  }
  return AppendOutcome::kAccepted;
}

absl::Status LogWriter::WriteAccepted() {
  for (const auto& [uid, accepted] : accepted_) {
    add_accepted_->Bind(0, uid)
        .Bind(1, accepted.tenant_uid)
        .Bind(2, accepted.subscription->id)
        .Bind(3, accepted.first_seq - 1)
        .Bind(4, accepted.count);
    MQTTPUSH_RETURN_IF_ERROR(add_accepted_->Run());
  }
  return absl::OkStatus();
}

absl::Status LogWriter::WriteUpdate(const DeliveryUpdate& update) {
  for (const AttemptRecord& attempt : update.attempts) {
    MQTTPUSH_RETURN_IF_ERROR(WriteAttempt(attempt));
  }
  for (const DeliveryException& exception : update.put_exceptions) {
    MQTTPUSH_RETURN_IF_ERROR(
        WriteException(update.subscription_uid, exception));
  }
  for (int64_t event_seq : update.erase_exceptions) {
    erase_exception_->Bind(0, update.subscription_uid).Bind(1, event_seq);
    MQTTPUSH_RETURN_IF_ERROR(erase_exception_->Run());
  }
  update_subscription_->Bind(0, update.cursor)
      .Bind(1, update.sent_through)
      .Bind(2, update.newly_delivered)
      .Bind(3, update.newly_parked)
      .Bind(4, update.newly_expired)
      .Bind(5, update.newly_discarded)
      .Bind(6, update.subscription_uid);
  return update_subscription_->Run();
}

absl::Status LogWriter::WriteAttempt(const AttemptRecord& attempt) {
  insert_attempt_->Bind(0, attempt.subscription_uid)
      .Bind(1, attempt.event_seq)
      .Bind(2, attempt.number)
      .Bind(3, attempt.start_time)
      .Bind(4, absl::ToInt64Microseconds(attempt.duration))
      .Bind(5, attempt.topic)
      .Bind(6, static_cast<int>(attempt.qos))
      .Bind(7, attempt.succeeded)
      .Bind(8, static_cast<int>(attempt.error_class))
      .Bind(9, attempt.error_message)
      .Bind(10, attempt.reason_code)
      .Bind(11, attempt.packet_id)
      .Bind(12, attempt.duplicate_flag)
      .Bind(13, attempt.session_present)
      .Bind(14, attempt.broker_address)
      .Bind(15, attempt.subscription_revision)
      .Bind(16, attempt.broker_revision)
      .Bind(17, static_cast<int>(attempt.requested_qos))
      .Bind(18, attempt.reason_string)
      .Bind(19, attempt.warning)
      .Bind(20, attempt.connection);
  BindTimeOrNever(21, attempt.pubrec_time, insert_attempt_.get());
  BindTimeOrNever(22, attempt.ack_time, insert_attempt_.get());
  return insert_attempt_->Run();
}

absl::Status LogWriter::WriteException(int64_t subscription_uid,
                                       const DeliveryException& exception) {
  const bool retrying = exception.state == DeliveryState::kRetrying;
  put_exception_->Bind(0, subscription_uid)
      .Bind(1, exception.event_seq)
      .Bind(2, static_cast<int>(exception.state))
      .Bind(3, static_cast<int>(exception.ending.reason))
      .Bind(4, retrying ? absl::UnixEpoch() : exception.end_time)
      .Bind(5, exception.sent)
      .Bind(6, exception.attempt_count)
      .Bind(7, exception.rejection_count)
      .Bind(8, retrying ? exception.next_attempt_time : absl::UnixEpoch())
      .Bind(9, absl::ToInt64Microseconds(exception.ending.lifetime))
      .Bind(10, static_cast<int>(exception.ending.wait_cause));
  return put_exception_->Run();
}

absl::Time LogWriter::NextAcceptTime() {
  last_accept_time_ = std::max(last_accept_time_, clock_->Now());
  return last_accept_time_;
}

}  // namespace mqttpush
