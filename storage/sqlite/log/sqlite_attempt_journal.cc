#include "storage/sqlite/log/sqlite_attempt_journal.h"

#include <algorithm>
#include <optional>

#include "common/status_macros.h"
#include "storage/sqlite/log/log_statements.h"
#include "storage/sqlite/log/read_session.h"
#include "storage/sqlite/log/sqlite_attempt_follower.h"

namespace mqttpush {
namespace {

// The first of [`first`, `end`) for which `is_before` does not hold, as it does
// for all in front of that; `end` when it holds for all.
template <typename IsBefore>
absl::StatusOr<int64_t> Halve(int64_t first, int64_t end, IsBefore is_before) {
  while (first < end) {
    const int64_t middle = first + (end - first) / 2;
    MQTTPUSH_ASSIGN_OR_RETURN(const bool before, is_before(middle));
    if (before) {
      first = middle + 1;
    } else {
      end = middle;
    }
  }
  return first;
}

struct Attempts {
  const Segment* segment;
  int64_t first;
  int64_t last;
};

// Of the segments that have any.
std::vector<Attempts> AttemptsOf(const Segments& segments) {
  std::vector<Attempts> all;
  for (const SegmentPtr& segment : segments) {
    const int64_t last = segment->Bounds().last_attempt_seq;
    if (last < segment->first_attempt_seq) continue;
    all.push_back({segment.get(), segment->first_attempt_seq, last});
  }
  return all;
}

absl::StatusOr<int64_t> Find(SegmentStore* store, int64_t ticks) {
  ReadSession session(store);
  const std::vector<Attempts> all = AttemptsOf(session.segments());
  const auto is_before = [&](const Segment& segment,
                             int64_t seq) -> absl::StatusOr<bool> {
    MQTTPUSH_ASSIGN_OR_RETURN(const int64_t recorded,
                              session.ReadRecordedTicks(segment, seq));
    return recorded < ticks;
  };
  MQTTPUSH_ASSIGN_OR_RETURN(
      const int64_t begun,
      Halve(0, static_cast<int64_t>(all.size()), [&](int64_t position) {
        return is_before(*all[position].segment, all[position].first);
      }));
  if (begun == 0) return 0;
  const Attempts& last = all[begun - 1];
  MQTTPUSH_ASSIGN_OR_RETURN(const int64_t found,
                            Halve(last.first, last.last + 1, [&](int64_t seq) {
                              return is_before(*last.segment, seq);
                            }));
  return found - 1;
}

absl::StatusOr<std::vector<int64_t>> HoursOf(SegmentStore* store,
                                             int64_t tenant_uid, int64_t first,
                                             int64_t last) {
  ReadSession session(store);
  std::vector<int64_t> hours;
  for (const SegmentPtr& segment : session.segments()) {
    if (!session.MayContain(*segment, Dimension::kAttemptsOfTenant,
                            tenant_uid)) {
      continue;
    }
    MQTTPUSH_ASSIGN_OR_RETURN(Statement * select,
                              session.Get(*segment, kRecordedHoursSql));
    StatementReset reset(select);
    select->Bind(0, tenant_uid).Bind(1, first).Bind(2, last);
    while (true) {
      MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select->Step());
      if (!row) break;
      // An hour may go on from one segment to the next.
      if (hours.empty() || hours.back() < select->Int64(0)) {
        hours.push_back(select->Int64(0));
      }
    }
  }
  return hours;
}

}  // namespace

absl::StatusOr<int64_t> SqliteAttemptJournal::FindBefore(int64_t ticks) {
  return ReadAgainIfChanged(store_->list(),
                            [&] { return Find(store_, ticks); });
}

absl::StatusOr<std::vector<int64_t>> SqliteAttemptJournal::ListHours(
    int64_t tenant_uid, int64_t first, int64_t last) {
  return ReadAgainIfChanged(
      store_->list(), [&] { return HoursOf(store_, tenant_uid, first, last); });
}

std::unique_ptr<AttemptFollower> SqliteAttemptJournal::Follow(
    const HistoryQuery& query, int64_t after, int64_t through) {
  return SqliteAttemptFollower::MakeBetween(store_, query, after, through);
}

}  // namespace mqttpush
