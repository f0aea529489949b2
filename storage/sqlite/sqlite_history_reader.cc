#include "storage/sqlite/sqlite_history_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "storage/sqlite/delivery_lookup.h"
#include "storage/sqlite/event_rows.h"

namespace mqttpush {
namespace {

// Long queries of support must not wait for each other only.
constexpr int kReaders = 4;

constexpr char kFirstSeqSql[] =
    "SELECT seq FROM event WHERE accept_time_us >= ? "
    "ORDER BY accept_time_us, seq LIMIT 1";

constexpr char kPayloadSql[] = "SELECT payload FROM event WHERE seq = ?";

// The events to look at, newest first; parameters: tenant, newest seq, oldest
// seq, then what the shape adds.
constexpr char kEventsSql[] =
    "SELECT " MQTTPUSH_EVENT_COLUMNS
    " FROM event WHERE tenant_uid = ?1 AND seq <= ?2 AND seq >= ?3 "
    "ORDER BY seq DESC";
constexpr char kEventsByEventIdSql[] =
    "SELECT " MQTTPUSH_EVENT_COLUMNS
    " FROM event WHERE tenant_uid = ?1 AND event_id = ?4 "
    "AND seq <= ?2 AND seq >= ?3 ORDER BY seq DESC";
constexpr char kEventsByAssetSql[] =
    "SELECT " MQTTPUSH_EVENT_COLUMNS
    " FROM event WHERE tenant_uid = ?1 AND asset_id = ?4 "
    "AND seq <= ?2 AND seq >= ?3 ORDER BY seq DESC";
#define MQTTPUSH_EXCEPTIONAL_EVENTS(newest)                    \
  "SELECT " MQTTPUSH_EVENT_COLUMNS                             \
  " FROM event WHERE tenant_uid = ?1 AND seq IN ("             \
  "SELECT delivery_exception.event_seq FROM subscription "     \
  "CROSS JOIN delivery_exception "                             \
  "ON delivery_exception.subscription_uid = subscription.uid " \
  "WHERE subscription.tenant_uid = ?1 "                        \
  "AND delivery_exception.event_seq <= " newest                \
  " AND delivery_exception.event_seq >= ?3) "
constexpr char kExceptionalEventsSql[] =
    MQTTPUSH_EXCEPTIONAL_EVENTS("?2") "ORDER BY seq DESC";
// ?4: at or below it only exceptions are not delivered.
constexpr char kUndeliveredEventsSql[] =
    "SELECT " MQTTPUSH_EVENT_COLUMNS
    " FROM event WHERE tenant_uid = ?1 AND seq <= ?2 "
    "AND seq >= max(?3, ?4 + 1) UNION ALL " MQTTPUSH_EXCEPTIONAL_EVENTS(
        "min(?2, ?4)") "ORDER BY seq DESC";
constexpr char kLowestOpenCursorSql[] =
    "SELECT min(cursor) FROM subscription WHERE tenant_uid = ? "
    "AND accepted_count > "
    "delivered_count + parked_count + expired_count + discarded_count";

#define MQTTPUSH_ATTEMPT_ROW_COLUMNS                           \
  MQTTPUSH_ATTEMPT_COLUMNS                                     \
  ", attempt.attempt_seq, event.event_id, event.object_type, " \
  "subscription.subscription_id, event.asset_id"

// The attempts to look at, newest first; parameters: tenant, key to go on after
// (start time, attempt_seq), oldest start time, then what the shape adds.
#define MQTTPUSH_ATTEMPT_RANGE                               \
  "(attempt.start_time_us, attempt.attempt_seq) < (?2, ?3) " \
  "AND attempt.start_time_us >= ?4 "                         \
  "ORDER BY attempt.start_time_us DESC, attempt.attempt_seq DESC"

constexpr char kAttemptsSql[] =
    "SELECT " MQTTPUSH_ATTEMPT_ROW_COLUMNS
    " FROM attempt CROSS JOIN event ON event.seq = attempt.event_seq "
    "CROSS JOIN subscription ON subscription.uid = attempt.subscription_uid "
    "WHERE attempt.tenant_uid = ?1 AND " MQTTPUSH_ATTEMPT_RANGE;

#define MQTTPUSH_ATTEMPTS_OF_EVENTS                                    \
  "SELECT " MQTTPUSH_ATTEMPT_ROW_COLUMNS                               \
  " FROM event CROSS JOIN subscription "                               \
  "ON subscription.tenant_uid = event.tenant_uid "                     \
  "CROSS JOIN attempt ON attempt.subscription_uid = subscription.uid " \
  "AND attempt.event_seq = event.seq WHERE event.tenant_uid = ?1 AND "
constexpr char kAttemptsByEventSeqSql[] =
    MQTTPUSH_ATTEMPTS_OF_EVENTS "event.seq = ?5 AND " MQTTPUSH_ATTEMPT_RANGE;
constexpr char kAttemptsByEventIdSql[] = MQTTPUSH_ATTEMPTS_OF_EVENTS
    "event.event_id = ?5 AND " MQTTPUSH_ATTEMPT_RANGE;
constexpr char kAttemptsByAssetSql[] = MQTTPUSH_ATTEMPTS_OF_EVENTS
    "event.asset_id = ?5 AND " MQTTPUSH_ATTEMPT_RANGE;

int64_t ToMicros(absl::Time time) {
  if (time == absl::InfinitePast()) return 0;
  if (time == absl::InfiniteFuture()) {
    return std::numeric_limits<int64_t>::max();
  }
  return absl::ToUnixMicros(time);
}

// The seq of the first event accepted at or after `time`; accept times never
// decrease with seq, so a range of times is a range of seqs.
absl::StatusOr<int64_t> FirstSeqAt(Reader& reader, absl::Time time) {
  if (time == absl::InfinitePast()) return 0;
  if (time == absl::InfiniteFuture()) {
    return std::numeric_limits<int64_t>::max();
  }
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, reader.Get(kFirstSeqSql));
  StatementReset reset(select);
  select->Bind(0, ToMicros(time));
  MQTTPUSH_ASSIGN_OR_RETURN(bool found, select->Step());
  return found ? select->Int64(0) : std::numeric_limits<int64_t>::max();
}

// Deliveries of these states have an exception row. A discarded one need not:
// an overlay may say so.
bool OnlyExceptional(const std::vector<DeliveryState>& states) {
  return !states.empty() && absl::c_all_of(states, [](DeliveryState state) {
    return state == DeliveryState::kRetrying ||
           state == DeliveryState::kParked || state == DeliveryState::kExpired;
  });
}

bool OnlyUndelivered(const std::vector<DeliveryState>& states) {
  return !states.empty() &&
         !absl::c_linear_search(states, DeliveryState::kDelivered);
}

// The seq at or below which a tenant's deliveries are over, or exceptions.
absl::StatusOr<int64_t> LowestOpenCursor(Reader& reader, int64_t tenant_uid) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select,
                            reader.Get(kLowestOpenCursorSql));
  StatementReset reset(select);
  select->Bind(0, tenant_uid);
  MQTTPUSH_RETURN_IF_ERROR(select->Step().status());
  return select->IsNull(0) ? std::numeric_limits<int64_t>::max() - 1
                           : select->Int64(0);
}

absl::StatusOr<Statement*> SelectEvents(
    Reader& reader, const HistoryQuery& query,
    const std::vector<DeliveryState>& states, int64_t newest, int64_t oldest) {
  Statement* select = nullptr;
  if (!query.event_id.empty()) {
    MQTTPUSH_ASSIGN_OR_RETURN(select, reader.Get(kEventsByEventIdSql));
    select->Bind(3, query.event_id);
  } else if (OnlyExceptional(states)) {
    MQTTPUSH_ASSIGN_OR_RETURN(select, reader.Get(kExceptionalEventsSql));
  } else if (!query.asset_id.empty()) {
    MQTTPUSH_ASSIGN_OR_RETURN(select, reader.Get(kEventsByAssetSql));
    select->Bind(3, query.asset_id);
  } else if (OnlyUndelivered(states)) {
    MQTTPUSH_ASSIGN_OR_RETURN(const int64_t cursor,
                              LowestOpenCursor(reader, query.tenant_uid));
    MQTTPUSH_ASSIGN_OR_RETURN(select, reader.Get(kUndeliveredEventsSql));
    select->Bind(3, cursor);
  } else {
    MQTTPUSH_ASSIGN_OR_RETURN(select, reader.Get(kEventsSql));
  }
  select->Bind(0, query.tenant_uid).Bind(1, newest).Bind(2, oldest);
  return select;
}

bool Matches(const HistoryQuery& query, const EventRecord& event) {
  if (query.object_type.has_value() &&
      event.object_type != *query.object_type) {
    return false;
  }
  return query.asset_id.empty() || event.asset_id == query.asset_id;
}

bool Matches(const HistoryQuery& query,
             const std::vector<DeliveryState>& states, const DeliveryRow& row) {
  if (!states.empty() && !absl::c_linear_search(states, row.state)) {
    return false;
  }
  return query.topic.empty() || (row.last_attempt.has_value() &&
                                 row.last_attempt->topic == query.topic);
}

// Adds the matching deliveries of one event; false when the page is full.
absl::StatusOr<bool> AddDeliveries(DeliveryLookup& lookup,
                                   const HistoryQuery& query,
                                   const std::vector<DeliveryState>& states,
                                   std::optional<DeliveryKey> after, int limit,
                                   EventRecord event, DeliveryPage& page) {
  std::vector<int64_t> uids = std::move(event.subscription_uids);
  std::sort(uids.rbegin(), uids.rend());
  for (int64_t uid : uids) {
    if (query.subscription_uid.value_or(uid) != uid) continue;
    if (after.has_value() && event.seq == after->event_seq &&
        uid >= after->subscription_uid) {
      continue;
    }
    if (static_cast<int>(page.rows.size()) == limit) return false;
    page.next = DeliveryKey{event.seq, uid};
    MQTTPUSH_ASSIGN_OR_RETURN(DeliveryRow row, lookup.Find(event, uid));
    if (Matches(query, states, row)) page.rows.push_back(std::move(row));
  }
  return true;
}

absl::StatusOr<Statement*> SelectAttempts(Reader& reader,
                                          const HistoryQuery& query,
                                          std::optional<AttemptKey> after) {
  Statement* select = nullptr;
  if (query.event_seq.has_value()) {
    MQTTPUSH_ASSIGN_OR_RETURN(select, reader.Get(kAttemptsByEventSeqSql));
    select->Bind(4, *query.event_seq);
  } else if (!query.event_id.empty()) {
    MQTTPUSH_ASSIGN_OR_RETURN(select, reader.Get(kAttemptsByEventIdSql));
    select->Bind(4, query.event_id);
  } else if (!query.asset_id.empty()) {
    MQTTPUSH_ASSIGN_OR_RETURN(select, reader.Get(kAttemptsByAssetSql));
    select->Bind(4, query.asset_id);
  } else {
    MQTTPUSH_ASSIGN_OR_RETURN(select, reader.Get(kAttemptsSql));
  }
  // "Before the end time" is: after the key (end time, 0).
  const AttemptKey from = after.value_or(AttemptKey{query.end_time, 0});
  select->Bind(0, query.tenant_uid)
      .Bind(1, ToMicros(from.start_time))
      .Bind(2, from.attempt_seq)
      .Bind(3, ToMicros(query.start_time));
  return select;
}

AttemptRow ReadAttemptRow(const Statement& row) {
  AttemptRow attempt;
  attempt.attempt = ReadAttemptColumns(row, 0);
  attempt.attempt_seq = row.Int64(kAttemptColumnCount);
  attempt.event_id = row.Text(kAttemptColumnCount + 1);
  attempt.object_type =
      static_cast<ObjectType>(row.Int(kAttemptColumnCount + 2));
  attempt.subscription_id = row.Text(kAttemptColumnCount + 3);
  attempt.asset_id = row.Text(kAttemptColumnCount + 4);
  return attempt;
}

bool Matches(const HistoryQuery& query, std::optional<bool> succeeded,
             const AttemptRow& row) {
  const AttemptRecord& attempt = row.attempt;
  return query.subscription_uid.value_or(attempt.subscription_uid) ==
             attempt.subscription_uid &&
         succeeded.value_or(attempt.succeeded) == attempt.succeeded &&
         query.object_type.value_or(row.object_type) == row.object_type &&
         (query.asset_id.empty() || row.asset_id == query.asset_id) &&
         (query.event_id.empty() || row.event_id == query.event_id) &&
         (query.topic.empty() || attempt.topic == query.topic);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteHistoryReader>> SqliteHistoryReader::Open(
    const std::string& path) {
  MQTTPUSH_ASSIGN_OR_RETURN(auto readers, ReaderPool::Open(path, kReaders));
  return std::unique_ptr<SqliteHistoryReader>(
      new SqliteHistoryReader(std::move(readers)));
}

absl::StatusOr<DeliveryPage> SqliteHistoryReader::ListDeliveries(
    const HistoryQuery& query, const std::vector<DeliveryState>& states,
    const StateOverlay& overlay, std::optional<DeliveryKey> after, int limit) {
  auto lease = readers_->Borrow();
  Reader& reader = *lease.operator->();
  MQTTPUSH_ASSIGN_OR_RETURN(
      DeliveryLookup lookup,
      DeliveryLookup::Make(&reader, query.tenant_uid, &overlay));
  MQTTPUSH_ASSIGN_OR_RETURN(int64_t oldest,
                            FirstSeqAt(reader, query.start_time));
  MQTTPUSH_ASSIGN_OR_RETURN(int64_t end, FirstSeqAt(reader, query.end_time));
  int64_t newest = end - 1;
  if (after.has_value()) newest = std::min(newest, after->event_seq);
  MQTTPUSH_ASSIGN_OR_RETURN(
      Statement * select, SelectEvents(reader, query, states, newest, oldest));
  StatementReset reset(select);
  DeliveryPage page;
  for (int looked_at = 0; looked_at < kMaxLookedAt; ++looked_at) {
    MQTTPUSH_ASSIGN_OR_RETURN(bool found, select->Step());
    if (!found) {
      page.next = std::nullopt;
      return page;
    }
    EventRecord event = ReadEventColumns(*select, 0);
    if (!Matches(query, event)) {
      page.next = DeliveryKey{event.seq, 0};
      continue;
    }
    MQTTPUSH_ASSIGN_OR_RETURN(bool room,
                              AddDeliveries(lookup, query, states, after, limit,
                                            std::move(event), page));
    if (!room) return page;
  }
  return page;
}

absl::StatusOr<DeliveryRow> SqliteHistoryReader::GetDelivery(
    int64_t tenant_uid, DeliveryKey key, const StateOverlay& overlay) {
  auto lease = readers_->Borrow();
  Reader& reader = *lease.operator->();
  MQTTPUSH_ASSIGN_OR_RETURN(
      DeliveryLookup lookup,
      DeliveryLookup::Make(&reader, tenant_uid, &overlay));
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, reader.Get(kEventsSql));
  StatementReset reset(select);
  select->Bind(0, tenant_uid).Bind(1, key.event_seq).Bind(2, key.event_seq);
  MQTTPUSH_ASSIGN_OR_RETURN(bool found, select->Step());
  EventRecord event;
  if (found) event = ReadEventColumns(*select, 0);
  if (!absl::c_linear_search(event.subscription_uids, key.subscription_uid)) {
    return absl::NotFoundError("no such delivery");
  }
  MQTTPUSH_ASSIGN_OR_RETURN(DeliveryRow row,
                            lookup.Find(event, key.subscription_uid));
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * payload, reader.Get(kPayloadSql));
  StatementReset reset_payload(payload);
  payload->Bind(0, key.event_seq);
  MQTTPUSH_RETURN_IF_ERROR(payload->Step().status());
  row.event.payload = payload->Text(0);
  return row;
}

absl::StatusOr<AttemptPage> SqliteHistoryReader::ListAttempts(
    const HistoryQuery& query, std::optional<bool> succeeded,
    std::optional<AttemptKey> after, int limit) {
  auto lease = readers_->Borrow();
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select,
                            SelectAttempts(*lease.operator->(), query, after));
  StatementReset reset(select);
  AttemptPage page;
  for (int looked_at = 0; looked_at < kMaxLookedAt; ++looked_at) {
    MQTTPUSH_ASSIGN_OR_RETURN(bool found, select->Step());
    if (!found) {
      page.next = std::nullopt;
      return page;
    }
    if (static_cast<int>(page.rows.size()) == limit) return page;
    AttemptRow row = ReadAttemptRow(*select);
    page.next = AttemptKey{row.attempt.start_time, row.attempt_seq};
    if (Matches(query, succeeded, row)) page.rows.push_back(std::move(row));
  }
  return page;
}

}  // namespace mqttpush
