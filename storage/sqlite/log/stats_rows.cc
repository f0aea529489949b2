#include "storage/sqlite/log/stats_rows.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

constexpr const char* kCounters[] = {
    "accepted", "accepted_bytes", "delivered", "delivered_bytes",
    "failed",   "parked",         "expired",   "discarded"};

// The columns of all counts, in order: the counters, then "latency_0" and on.
const std::vector<std::string>& CountColumns() {
  static const auto* const columns = [] {
    auto* names = new std::vector<std::string>(std::begin(kCounters),
                                               std::end(kCounters));
    for (int i = 0; i < LatencyHistogram::kBuckets; ++i) {
      names->push_back(absl::StrCat("latency_", i));
    }
    return names;
  }();
  return *columns;
}

std::string Joined(absl::string_view before, absl::string_view after) {
  return absl::StrJoin(CountColumns(), ", ",
                       [&](std::string* out, const std::string& column) {
                         absl::StrAppend(out, before, column, after);
                       });
}

std::string MakeAddMinuteSql() {
  const std::string add = absl::StrJoin(
      CountColumns(), ", ", [](std::string* out, const std::string& column) {
        absl::StrAppend(out, column, " = ", column, " + excluded.", column);
      });
  std::string parameters = "?, ?, ?";
  for (size_t i = 0; i < CountColumns().size(); ++i) {
    absl::StrAppend(&parameters, ", ?");
  }
  return absl::StrCat("INSERT INTO stats_minute (subscription_uid, minute, ",
                      "object_type, ", Joined("", ""), ") VALUES (", parameters,
                      ") ON CONFLICT DO UPDATE SET ", add);
}

constexpr char kSelectSlotsSql[] =
    "SELECT subscription_uid, hour, topic FROM stats_topic";

}  // namespace

TopicCounts& StatsOfCommit::AtTopic(int64_t subscription_uid, absl::Time time,
                                    absl::string_view topic) {
  const int64_t hour = absl::ToUnixSeconds(time) / 3600;
  const int64_t key = TopicSlots::KeyOf(subscription_uid, topic);
  const auto [position, added] = topic_positions_.try_emplace(
      std::make_tuple(subscription_uid, hour, key), topics_.size());
  if (added) topics_.push_back({subscription_uid, hour, key, topic, {}});
  return topics_[position->second].counts;
}

const std::string& AddMinuteSql() {
  static const auto* const sql = new std::string(MakeAddMinuteSql());
  return *sql;
}

void BindMinute(const StatsOfCommit::Key& key, const DeliveryCounts& counts,
                Statement* add) {
  add->Bind(0, key.subscription_uid)
      .Bind(1, key.minute)
      .Bind(2, static_cast<int>(key.object_type))
      .Bind(3, counts.accepted)
      .Bind(4, counts.accepted_bytes)
      .Bind(5, counts.delivered)
      .Bind(6, counts.delivered_bytes)
      .Bind(7, counts.failed)
      .Bind(8, counts.parked)
      .Bind(9, counts.expired)
      .Bind(10, counts.discarded);
  for (int i = 0; i < LatencyHistogram::kBuckets; ++i) {
    add->Bind(11 + i, counts.latency.count(i));
  }
}

void BindTopic(const StatsOfCommit::TopicTally& tally, Statement* add) {
  add->Bind(0, tally.subscription_uid)
      .Bind(1, tally.hour)
      .Bind(2, tally.topic)
      .Bind(3, tally.counts.delivered)
      .Bind(4, tally.counts.delivered_bytes)
      .Bind(5, tally.counts.failed)
      .Bind(6, tally.counts.parked);
}

absl::Status LoadTopicSlots(Database& db, TopicSlots& slots) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement select, db.Prepare(kSelectSlotsSql));
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return absl::OkStatus();
    const int64_t uid = select.Int64(0);
    slots.Take(uid, select.Int64(1), TopicSlots::KeyOf(uid, select.Bytes(2)));
  }
}

const std::string& FillHoursSql() {
  static const auto* const sql = new std::string(absl::StrCat(
      "INSERT INTO stats_hour (subscription_uid, hour, object_type, ",
      Joined("", ""), ") SELECT subscription_uid, minute / 60, object_type, ",
      Joined("sum(", ")"),
      " FROM stats_minute GROUP BY subscription_uid, minute / 60, "
      "object_type"));
  return *sql;
}

const std::string& SelectStatsSql(StatsTable table) {
  static const auto* const minutes = new std::string(absl::StrCat(
      "SELECT minute, object_type, ", Joined("", ""),
      " FROM stats_minute WHERE subscription_uid = ? AND minute >= ? "
      "AND minute < ?"));
  static const auto* const hours = new std::string(
      absl::StrCat("SELECT hour, object_type, ", Joined("", ""),
                   " FROM stats_hour WHERE subscription_uid = ? AND hour >= ? "
                   "AND hour < ?"));
  static const auto* const by_hour = new std::string(absl::StrCat(
      "SELECT minute / 60, object_type, ", Joined("sum(", ")"),
      " FROM stats_minute WHERE subscription_uid = ?1 AND minute >= ?2 * 60 "
      "AND minute < ?3 * 60 GROUP BY minute / 60, object_type"));
  if (table == StatsTable::kMinutes) return *minutes;
  return table == StatsTable::kHours ? *hours : *by_hour;
}

DeliveryCounts ReadCounts(const Statement& row) {
  DeliveryCounts counts = {.accepted = row.Int64(2),
                           .accepted_bytes = row.Int64(3),
                           .delivered = row.Int64(4),
                           .delivered_bytes = row.Int64(5),
                           .failed = row.Int64(6),
                           .parked = row.Int64(7),
                           .expired = row.Int64(8),
                           .discarded = row.Int64(9)};
  for (int i = 0; i < LatencyHistogram::kBuckets; ++i) {
    counts.latency.set_count(i, row.Int64(10 + i));
  }
  return counts;
}

const std::string& SelectTopicsSql() {
  static const auto* const sql = new std::string(
      "SELECT topic, delivered, delivered_bytes, failed, parked "
      "FROM stats_topic WHERE subscription_uid = ? AND hour >= ? AND hour < ?");
  return *sql;
}

TopicCounts ReadTopicCounts(const Statement& row) {
  return {.delivered = row.Int64(1),
          .delivered_bytes = row.Int64(2),
          .failed = row.Int64(3),
          .parked = row.Int64(4)};
}

}  // namespace mqttpush
