#include "storage/sqlite/sqlite_event_log.h"

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/event_rows.h"

namespace mqttpush {

extern const absl::string_view kLogSchema0001;
extern const absl::string_view kLogSchema0002;
extern const absl::string_view kLogSchema0003;

namespace {

// More than gRPC has threads for admin calls at once, so that dispatch never
// waits for a reader.
constexpr int kReaders = 16;
// A subscription that takes few of its tenant's events is read in steps of
// so many, so that one read stays short.
constexpr int kMaxScannedEvents = 2000;

constexpr char kSelectStateSql[] =
    "SELECT uid, tenant_uid, subscription_id, cursor, sent_through, "
    "accepted_count, delivered_count, parked_count, "
    "(SELECT count(*) FROM delivery_exception "
    "WHERE subscription_uid = subscription.uid AND state = 4), "
    "expired_count, discarded_count "
    "FROM subscription WHERE uid = ?";

// Ordered by uid.
constexpr char kSelectUndeliveredSql[] =
    "SELECT uid, tenant_uid FROM subscription WHERE accepted_count > "
    "delivered_count + parked_count + expired_count + discarded_count "
    "ORDER BY uid";

constexpr char kSelectExceptionsSql[] =
    "SELECT event_seq, state, reason, time_us, sent, attempt_count, "
    "rejection_count, next_attempt_time_us, "
    "coalesce((SELECT error_class FROM attempt "
    "WHERE attempt.subscription_uid = ?1 "
    "AND attempt.event_seq = delivery_exception.event_seq "
    "ORDER BY number DESC LIMIT 1), 0) "
    "FROM delivery_exception WHERE subscription_uid = ?1 AND state = 4 "
    "UNION ALL "
    "SELECT event_seq, state, reason, time_us, sent, attempt_count, "
    "rejection_count, next_attempt_time_us, 0 "
    "FROM delivery_exception WHERE subscription_uid = ?1 AND event_seq > ?2 "
    "AND state != 4 ORDER BY event_seq";

constexpr char kSelectAttemptedSql[] =
    "SELECT event_seq, max(number), max(succeeded) FROM attempt "
    "WHERE subscription_uid = ? AND event_seq > ? "
    "GROUP BY event_seq ORDER BY event_seq";

constexpr char kSelectNextSql[] =
    "SELECT " MQTTPUSH_EVENT_COLUMNS
    ", event.payload FROM event WHERE tenant_uid = ? AND seq > ? "
    "ORDER BY seq LIMIT ?";

constexpr char kSelectEventSql[] =
    "SELECT " MQTTPUSH_EVENT_COLUMNS ", event.payload FROM event WHERE seq = ?";

absl::StatusOr<SubscriptionState> SelectState(Reader& reader, int64_t uid) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, reader.Get(kSelectStateSql));
  StatementReset reset(select);
  select->Bind(0, uid);
  MQTTPUSH_ASSIGN_OR_RETURN(bool found, select->Step());
  SubscriptionState state;
  state.uid = uid;
  if (!found) return state;
  state.tenant_uid = select->Int64(1);
  state.id = select->Text(2);
  state.cursor = select->Int64(3);
  state.sent_through = select->Int64(4);
  state.accepted_count = select->Int64(5);
  state.delivered_count = select->Int64(6);
  state.parked_count = select->Int64(7);
  state.retrying_count = select->Int64(8);
  state.expired_count = select->Int64(9);
  state.discarded_count = select->Int64(10);
  return state;
}

absl::StatusOr<int64_t> SelectNewestSeq(Reader& reader) {
  MQTTPUSH_ASSIGN_OR_RETURN(
      Statement * select,
      reader.Get("SELECT coalesce(max(seq), 0) FROM event"));
  StatementReset reset(select);
  MQTTPUSH_RETURN_IF_ERROR(select->Step().status());
  return select->Int64(0);
}

absl::StatusOr<std::vector<DeliveryException>> SelectExceptions(
    Reader& reader, int64_t uid, int64_t cursor) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select,
                            reader.Get(kSelectExceptionsSql));
  StatementReset reset(select);
  select->Bind(0, uid).Bind(1, cursor);
  std::vector<DeliveryException> exceptions;
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(bool row, select->Step());
    if (!row) return exceptions;
    DeliveryException& exception = exceptions.emplace_back();
    exception.event_seq = select->Int64(0);
    exception.state = static_cast<DeliveryState>(select->Int(1));
    exception.ending.reason = static_cast<EndReason>(select->Int(2));
    exception.end_time = select->Time(3);
    exception.sent = select->Bool(4);
    exception.attempt_count = select->Int(5);
    exception.rejection_count = select->Int(6);
    exception.next_attempt_time = select->Time(7);
    exception.answered =
        static_cast<ErrorClass>(select->Int(8)) == ErrorClass::kRejected;
  }
}

absl::StatusOr<std::vector<AttemptedEvent>> SelectAttempted(Reader& reader,
                                                            int64_t uid,
                                                            int64_t cursor) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select,
                            reader.Get(kSelectAttemptedSql));
  StatementReset reset(select);
  select->Bind(0, uid).Bind(1, cursor);
  std::vector<AttemptedEvent> attempted;
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(bool row, select->Step());
    if (!row) return attempted;
    attempted.push_back({select->Int64(0), select->Int(1), select->Bool(2)});
  }
}

EventRecord ReadEventWithPayload(const Statement& row) {
  EventRecord event = ReadEventColumns(row, 0);
  event.payload = row.Text(kEventColumnCount);
  return event;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteEventLog>> SqliteEventLog::Open(
    const std::string& path, const Clock* clock) {
  MQTTPUSH_ASSIGN_OR_RETURN(Database db,
                            Database::Open(path, Database::Mode::kReadWrite));
  MQTTPUSH_RETURN_IF_ERROR(
      Migrate(&db, {kLogSchema0001, kLogSchema0002, kLogSchema0003}));
  MQTTPUSH_ASSIGN_OR_RETURN(auto readers, ReaderPool::Open(path, kReaders));
  MQTTPUSH_ASSIGN_OR_RETURN(auto writer,
                            LogWriter::Start(std::move(db), clock));
  return std::unique_ptr<SqliteEventLog>(
      new SqliteEventLog(std::move(readers), std::move(writer)));
}

void SqliteEventLog::Append(std::vector<NewEvent> events, AppendDone done) {
  writer_->Append(std::move(events), std::move(done));
}

void SqliteEventLog::Commit(std::vector<DeliveryUpdate> updates,
                            CommitDone done) {
  writer_->Commit(std::move(updates), std::move(done));
}

void SqliteEventLog::SetAppendListener(AppendListener listener) {
  writer_->SetAppendListener(std::move(listener));
}

absl::StatusOr<SubscriptionState> SqliteEventLog::GetSubscriptionState(
    int64_t subscription_uid) {
  auto reader = readers_->Borrow();
  return SelectState(*reader.operator->(), subscription_uid);
}

absl::StatusOr<SubscriptionRecovery> SqliteEventLog::Recover(
    int64_t subscription_uid) {
  auto lease = readers_->Borrow();
  Reader& reader = *lease.operator->();
  SubscriptionRecovery recovery;
  // Before the state: if there is none yet, whatever the subscription takes
  // later lies above this seq.
  MQTTPUSH_ASSIGN_OR_RETURN(int64_t newest_seq, SelectNewestSeq(reader));
  MQTTPUSH_ASSIGN_OR_RETURN(recovery.state,
                            SelectState(reader, subscription_uid));
  if (recovery.state.accepted_count == 0) {
    recovery.state.cursor = newest_seq;
    recovery.state.sent_through = newest_seq;
  }
  MQTTPUSH_ASSIGN_OR_RETURN(
      recovery.exceptions,
      SelectExceptions(reader, subscription_uid, recovery.state.cursor));
  MQTTPUSH_ASSIGN_OR_RETURN(
      recovery.attempted,
      SelectAttempted(reader, subscription_uid, recovery.state.cursor));
  // A retried one may lie above the cursor; it is an exception, not waiting.
  std::erase_if(recovery.attempted, [&](const AttemptedEvent& attempted) {
    return absl::c_any_of(recovery.exceptions, [&](const auto& exception) {
      return exception.event_seq == attempted.event_seq;
    });
  });
  return recovery;
}

absl::StatusOr<std::vector<SubscriptionState>>
SqliteEventLog::ListUndelivered() {
  auto reader = readers_->Borrow();
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select,
                            reader->Get(kSelectUndeliveredSql));
  StatementReset reset(select);
  std::vector<SubscriptionState> undelivered;
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(bool row, select->Step());
    if (!row) return undelivered;
    undelivered.push_back(
        {.uid = select->Int64(0), .tenant_uid = select->Int64(1)});
  }
}

absl::StatusOr<EventLog::NextEvents> SqliteEventLog::ReadNext(
    int64_t tenant_uid, int64_t subscription_uid, int64_t after_seq,
    int limit) {
  auto reader = readers_->Borrow();
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, reader->Get(kSelectNextSql));
  StatementReset reset(select);
  select->Bind(0, tenant_uid).Bind(1, after_seq).Bind(2, kMaxScannedEvents);
  NextEvents next;
  next.scanned_through = after_seq;
  const std::string wanted = absl::StrCat(",", subscription_uid, ",");
  int scanned = 0;
  size_t bytes = 0;
  while (static_cast<int>(next.events.size()) < limit && bytes < kReadBytes) {
    MQTTPUSH_ASSIGN_OR_RETURN(bool row, select->Step());
    if (!row) {
      next.at_end = scanned < kMaxScannedEvents;
      break;
    }
    ++scanned;
    next.scanned_through = select->Int64(0);
    // The last of the event columns holds the subscriptions.
    if (absl::StrContains(select->Bytes(kEventColumnCount - 1), wanted)) {
      next.events.push_back(ReadEventWithPayload(*select));
      bytes += next.events.back().payload.size();
    }
  }
  return next;
}

absl::StatusOr<EventRecord> SqliteEventLog::ReadEvent(int64_t seq) {
  auto reader = readers_->Borrow();
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, reader->Get(kSelectEventSql));
  StatementReset reset(select);
  select->Bind(0, seq);
  MQTTPUSH_ASSIGN_OR_RETURN(bool found, select->Step());
  if (!found) {
    return absl::NotFoundError(absl::StrCat("no event of seq ", seq));
  }
  return ReadEventWithPayload(*select);
}

}  // namespace mqttpush
