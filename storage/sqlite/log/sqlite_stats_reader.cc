#include "storage/sqlite/log/sqlite_stats_reader.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "common/status_macros.h"
#include "storage/sqlite/log/read_session.h"
#include "storage/sqlite/log/segment_store.h"
#include "storage/sqlite/log/stats_rows.h"

namespace mqttpush {
namespace {

// By (number of the minute or hour, object type).
using Counts = std::map<std::pair<int64_t, ObjectType>, DeliveryCounts>;

// What a segment counts happened while it was the newest one, but for what the
// clock did meanwhile.
constexpr absl::Duration kClockMayJump = absl::Hours(24);

// The first one that begins at or after `time`.
int64_t FirstFrom(absl::Time time, absl::Duration step) {
  const absl::Duration since =
      std::clamp(time, absl::UnixEpoch(), absl::FromUnixSeconds(1LL << 36)) -
      absl::UnixEpoch();
  return absl::Ceil(since, step) / step;
}

absl::Status AddFrom(ReadSession& session, const Segment& segment,
                     const std::string& sql, int64_t subscription_uid,
                     int64_t first, int64_t end, Counts& counts) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, session.Get(segment, sql));
  StatementReset reset(select);
  select->Bind(0, subscription_uid).Bind(1, first).Bind(2, end);
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select->Step());
    if (!row) return absl::OkStatus();
    const auto type = static_cast<ObjectType>(select->Int(1));
    counts[{select->Int64(0), type}].Add(ReadCounts(*select));
  }
}

// Adds up topics. Beyond so many, which a year of a topic for each asset may
// have, those with the fewest attempts are left out.
class TopicSums {
 public:
  absl::Status AddFrom(ReadSession& session, const Segment& segment,
                       int64_t subscription_uid, int64_t first, int64_t end) {
    MQTTPUSH_ASSIGN_OR_RETURN(Statement * select,
                              session.Get(segment, SelectTopicsSql()));
    StatementReset reset(select);
    select->Bind(0, subscription_uid).Bind(1, first).Bind(2, end);
    while (true) {
      MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select->Step());
      if (!row) return absl::OkStatus();
      sums_[select->Bytes(0)].Add(ReadTopicCounts(*select));
      if (sums_.size() > kMost) KeepMostUsed();
    }
  }
  std::vector<TopicRow> Take() && {
    std::vector<TopicRow> rows;
    rows.reserve(sums_.size());
    for (const auto& [topic, counts] : sums_) rows.push_back({topic, counts});
    return rows;
  }

 private:
  static constexpr size_t kMost = 10'000;

  void KeepMostUsed() {
    std::vector<TopicRow> rows = std::move(*this).Take();
    const auto middle = rows.begin() + kMost / 2;
    std::nth_element(rows.begin(), middle, rows.end(),
                     [](const TopicRow& a, const TopicRow& b) {
                       return a.counts.attempts() > b.counts.attempts();
                     });
    sums_.clear();
    for (auto row = rows.begin(); row != middle; ++row) {
      sums_.emplace(std::move(row->topic), row->counts);
    }
  }

  absl::flat_hash_map<std::string, TopicCounts> sums_;
};

std::vector<int64_t> UidsOf(SegmentStore& store, const StatsScope& scope) {
  if (scope.subscription_uid.has_value()) return {*scope.subscription_uid};
  std::vector<int64_t> uids;
  for (const auto& state : store.states().OfTenant(scope.tenant_uid)) {
    uids.push_back(state.uid);
  }
  return uids;
}

// Whether anything in the segment can have happened then.
bool MayHold(const Segments& segments, size_t at, absl::Time start,
             absl::Time end) {
  if (segments[at]->create_time - kClockMayJump > end) return false;
  return at + 1 == segments.size() ||
         segments[at + 1]->create_time + kClockMayJump >= start;
}

// Who took nothing and was tried nothing in a sealed segment has no counts in
// it, and it need not be opened.
bool HasPart(const Segment& segment, int64_t subscription_uid) {
  return !segment.sealed() ||
         segment.summary.tallies.contains(subscription_uid);
}

StatsTable TableOf(const Segment& segment, StatsResolution resolution) {
  if (resolution == StatsResolution::kMinute) return StatsTable::kMinutes;
  return segment.sealed() ? StatsTable::kHours : StatsTable::kMinutesByHour;
}

absl::StatusOr<Stats> StatsOf(SegmentStore& store, const StatsScope& scope,
                              absl::Time start, absl::Time end,
                              StatsResolution resolution) {
  const absl::Duration step =
      resolution == StatsResolution::kHour ? absl::Hours(1) : absl::Minutes(1);
  const int64_t first = FirstFrom(start, step);
  const int64_t after_last = FirstFrom(end, step);
  const std::vector<int64_t> uids = UidsOf(store, scope);
  ReadSession session(&store);
  Counts counts;
  TopicSums topics;
  const Segments& segments = session.segments();
  for (size_t i = 0; i < segments.size(); ++i) {
    if (!MayHold(segments, i, start, end)) continue;
    const std::string& sql = SelectStatsSql(TableOf(*segments[i], resolution));
    for (int64_t uid : uids) {
      if (!HasPart(*segments[i], uid)) continue;
      // Before the rows, which grow meanwhile.
      if (resolution == StatsResolution::kHour) {
        MQTTPUSH_RETURN_IF_ERROR(
            topics.AddFrom(session, *segments[i], uid, first, after_last));
      }
      MQTTPUSH_RETURN_IF_ERROR(
          AddFrom(session, *segments[i], sql, uid, first, after_last, counts));
    }
  }
  Stats stats = {.topics = std::move(topics).Take()};
  for (auto& [key, sum] : counts) {
    stats.rows.push_back(
        {absl::UnixEpoch() + key.first * step, key.second, sum});
  }
  return stats;
}

}  // namespace

absl::StatusOr<Stats> SqliteStatsReader::ReadStats(const StatsScope& scope,
                                                   absl::Time start,
                                                   absl::Time end,
                                                   StatsResolution resolution) {
  return ReadAgainIfChanged(store_->list(), [&] {
    return StatsOf(*store_, scope, start, end, resolution);
  });
}

}  // namespace mqttpush
