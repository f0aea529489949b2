#include "storage/sqlite/sqlite_replay_store.h"

#include "absl/algorithm/container.h"
#include "absl/strings/string_view.h"
#include "common/limits.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

#define MQTTPUSH_REPLAY_COLUMNS                                           \
  "uid, tenant_uid, subscription_uid, subscription_id, start_time_us, "   \
  "end_time_us, object_type, asset_id, event_id, topic, of_parked, "      \
  "of_delivered, max_per_second, create_time_us, matched_count, "         \
  "matched_bytes, state, position_event_seq, position_subscription_uid, " \
  "requested_count, skipped_count, finish_time_us, error"

constexpr absl::string_view kCountRunning =
    "SELECT count(*) FROM replay WHERE tenant_uid = ? AND state = 1";
constexpr absl::string_view kInsert =
    "INSERT INTO replay (" MQTTPUSH_REPLAY_COLUMNS
    ") SELECT NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
    " 1, 0, 0, 0, 0, NULL, '' FROM tenant WHERE uid = ?1 RETURNING uid";
constexpr absl::string_view kDropOld =
    "DELETE FROM replay WHERE tenant_uid = ?1 AND state != 1 AND uid <="
    " (SELECT uid FROM replay WHERE tenant_uid = ?1"
    " ORDER BY uid DESC LIMIT 1 OFFSET ?2)";
constexpr absl::string_view kSelectOne =
    "SELECT " MQTTPUSH_REPLAY_COLUMNS
    " FROM replay WHERE tenant_uid = ? AND uid = ?";
constexpr absl::string_view kSelectPage =
    "SELECT " MQTTPUSH_REPLAY_COLUMNS
    " FROM replay WHERE tenant_uid = ? AND uid < ? ORDER BY uid DESC LIMIT ?";
constexpr absl::string_view kSelectRunning =
    "SELECT " MQTTPUSH_REPLAY_COLUMNS
    " FROM replay WHERE state = 1 ORDER BY uid";
// What stands on the right is the row as it was.
constexpr absl::string_view kUpdate =
    "UPDATE replay SET requested_count = ?3, skipped_count = ?4,"
    " position_event_seq = ?5, position_subscription_uid = ?6,"
    " state = iif(state = 1, ?7, state),"
    " finish_time_us = iif(state = 1, ?8, finish_time_us),"
    " error = iif(state = 1, ?9, error)"
    " WHERE tenant_uid = ?1 AND uid = ?2 RETURNING state";
constexpr absl::string_view kCancel =
    "UPDATE replay SET state = 3, finish_time_us = ?3, error = ''"
    " WHERE tenant_uid = ?1 AND uid = ?2 AND state = 1";

void BindTime(int parameter, absl::Time time, Statement* statement) {
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) {
    statement->BindNull(parameter);
  } else {
    statement->Bind(parameter, time);
  }
}

void BindFixed(const ReplayRecord& replay, Statement* insert) {
  const HistoryQuery& query = replay.query;
  insert->Bind(0, query.tenant_uid);
  query.subscription_uid ? insert->Bind(1, *query.subscription_uid)
                         : insert->BindNull(1);
  insert->Bind(2, replay.subscription_id);
  BindTime(3, query.start_time, insert);
  BindTime(4, query.end_time, insert);
  query.object_type ? insert->Bind(5, static_cast<int>(*query.object_type))
                    : insert->BindNull(5);
  const auto wants = [&](DeliveryState state) {
    return absl::c_linear_search(replay.states, state);
  };
  insert->Bind(6, query.asset_id)
      .Bind(7, query.event_id)
      .Bind(8, query.topic)
      .Bind(9, wants(DeliveryState::kParked))
      .Bind(10, wants(DeliveryState::kDelivered))
      .Bind(11, replay.max_per_second)
      .Bind(12, replay.create_time)
      .Bind(13, replay.matched_count)
      .Bind(14, replay.matched_bytes);
}

HistoryQuery ReadQuery(const Statement& row) {
  HistoryQuery query;
  query.tenant_uid = row.Int64(1);
  if (!row.IsNull(2)) query.subscription_uid = row.Int64(2);
  if (!row.IsNull(4)) query.start_time = row.Time(4);
  if (!row.IsNull(5)) query.end_time = row.Time(5);
  if (!row.IsNull(6)) query.object_type = static_cast<ObjectType>(row.Int(6));
  query.asset_id = row.Text(7);
  query.event_id = row.Text(8);
  query.topic = row.Text(9);
  return query;
}

ReplayRecord ReadReplay(const Statement& row) {
  ReplayRecord replay;
  replay.uid = row.Int64(0);
  replay.query = ReadQuery(row);
  replay.subscription_id = row.Text(3);
  if (row.Bool(10)) replay.states.push_back(DeliveryState::kParked);
  if (row.Bool(11)) replay.states.push_back(DeliveryState::kDelivered);
  replay.max_per_second = row.Int(12);
  replay.create_time = row.Time(13);
  replay.matched_count = row.Int64(14);
  replay.matched_bytes = row.Int64(15);
  replay.state = static_cast<ReplayState>(row.Int(16));
  replay.position = {row.Int64(17), row.Int64(18)};
  replay.requested_count = row.Int64(19);
  replay.skipped_count = row.Int64(20);
  if (!row.IsNull(21)) replay.finish_time = row.Time(21);
  replay.error = row.Text(22);
  return replay;
}

absl::StatusOr<std::vector<ReplayRecord>> ReadAll(Statement& select) {
  std::vector<ReplayRecord> replays;
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return replays;
    replays.push_back(ReadReplay(select));
  }
}

// The one number that a statement returns; NOT_FOUND when it has no row.
absl::StatusOr<int64_t> ReadNumber(Statement& statement) {
  MQTTPUSH_ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) return absl::NotFoundError("there is no such row");
  const int64_t number = statement.Int64(0);
  MQTTPUSH_RETURN_IF_ERROR(statement.Step().status());  // to its end
  return number;
}

absl::Status CheckRoom(int64_t tenant_uid, Database& db) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement count, db.Prepare(kCountRunning));
  count.Bind(0, tenant_uid);
  MQTTPUSH_ASSIGN_OR_RETURN(const int64_t running, ReadNumber(count));
  if (running < limits::kMaxRunningReplays) return absl::OkStatus();
  return absl::ResourceExhaustedError("too many replays are running");
}

absl::Status DropOld(int64_t tenant_uid, Database& db) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement drop, db.Prepare(kDropOld));
  return drop.Bind(0, tenant_uid).Bind(1, limits::kMaxKeptReplays).Run();
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteReplayStore>> SqliteReplayStore::Open(
    const std::string& path) {
  MQTTPUSH_ASSIGN_OR_RETURN(Database db,
                            Database::Open(path, Database::Mode::kReadWrite));
  return std::unique_ptr<SqliteReplayStore>(
      new SqliteReplayStore(std::move(db)));
}

absl::StatusOr<ReplayRecord> SqliteReplayStore::Create(ReplayRecord replay) {
  const int64_t tenant_uid = replay.query.tenant_uid;
  MutexLock lock(&mutex_);
  MQTTPUSH_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(&db_));
  MQTTPUSH_RETURN_IF_ERROR(CheckRoom(tenant_uid, db_));
  MQTTPUSH_ASSIGN_OR_RETURN(Statement insert, db_.Prepare(kInsert));
  BindFixed(replay, &insert);
  MQTTPUSH_ASSIGN_OR_RETURN(const int64_t uid, ReadNumber(insert));
  MQTTPUSH_RETURN_IF_ERROR(DropOld(tenant_uid, db_));
  MQTTPUSH_RETURN_IF_ERROR(transaction.Commit());
  return Find(tenant_uid, uid);
}

absl::StatusOr<ReplayRecord> SqliteReplayStore::Find(int64_t tenant_uid,
                                                     int64_t uid) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement select, db_.Prepare(kSelectOne));
  select.Bind(0, tenant_uid).Bind(1, uid);
  MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row) return absl::NotFoundError("there is no such replay");
  return ReadReplay(select);
}

absl::StatusOr<ReplayRecord> SqliteReplayStore::Get(int64_t tenant_uid,
                                                    int64_t uid) {
  MutexLock lock(&mutex_);
  return Find(tenant_uid, uid);
}

absl::StatusOr<std::vector<ReplayRecord>> SqliteReplayStore::List(
    int64_t tenant_uid, int64_t before, int limit) {
  MutexLock lock(&mutex_);
  MQTTPUSH_ASSIGN_OR_RETURN(Statement select, db_.Prepare(kSelectPage));
  select.Bind(0, tenant_uid).Bind(1, before).Bind(2, limit);
  return ReadAll(select);
}

absl::StatusOr<std::vector<ReplayRecord>> SqliteReplayStore::ListRunning() {
  MutexLock lock(&mutex_);
  MQTTPUSH_ASSIGN_OR_RETURN(Statement select, db_.Prepare(kSelectRunning));
  return ReadAll(select);
}

absl::StatusOr<ReplayState> SqliteReplayStore::Update(
    const ReplayRecord& replay) {
  MutexLock lock(&mutex_);
  MQTTPUSH_ASSIGN_OR_RETURN(Statement update, db_.Prepare(kUpdate));
  update.Bind(0, replay.query.tenant_uid)
      .Bind(1, replay.uid)
      .Bind(2, replay.requested_count)
      .Bind(3, replay.skipped_count)
      .Bind(4, replay.position.event_seq)
      .Bind(5, replay.position.subscription_uid)
      .Bind(6, static_cast<int>(replay.state));
  BindTime(7, replay.finish_time.value_or(absl::InfinitePast()), &update);
  update.Bind(8, replay.error);
  MQTTPUSH_ASSIGN_OR_RETURN(const int64_t state, ReadNumber(update));
  return static_cast<ReplayState>(state);
}

absl::StatusOr<ReplayRecord> SqliteReplayStore::Cancel(int64_t tenant_uid,
                                                       int64_t uid,
                                                       absl::Time now) {
  MutexLock lock(&mutex_);
  MQTTPUSH_ASSIGN_OR_RETURN(Statement cancel, db_.Prepare(kCancel));
  MQTTPUSH_RETURN_IF_ERROR(
      cancel.Bind(0, tenant_uid).Bind(1, uid).Bind(2, now).Run());
  return Find(tenant_uid, uid);
}

}  // namespace mqttpush
