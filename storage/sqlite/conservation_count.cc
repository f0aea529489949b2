#include "storage/sqlite/conservation_count.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "storage/sqlite/event_rows.h"

namespace mqttpush {
namespace {

constexpr char kEventsSql[] =
    "SELECT seq, subscription_uids FROM event WHERE seq > ? "
    "ORDER BY seq LIMIT ?";

constexpr char kEventsOfTenantSql[] =
    "SELECT seq, subscription_uids FROM event "
    "WHERE tenant_uid = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?";

constexpr char kAttemptsSql[] =
    "SELECT attempt_seq, subscription_uid, succeeded FROM attempt "
    "WHERE attempt_seq > ? ORDER BY attempt_seq LIMIT ?";

// Calls `take` with each row. Leaves a budget only if there was no further row.
template <typename Take>
absl::Status ForEachRow(Statement& select, int64_t& budget, Take take) {
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) return absl::OkStatus();
    --budget;
    take(select);
  }
}

}  // namespace

absl::StatusOr<bool> ConservationCount::Advance(
    Reader& reader, const std::vector<SubscriptionState>& states, int limit) {
  int64_t budget = limit;
  for (const SubscriptionState& state : states) {
    MQTTPUSH_RETURN_IF_ERROR(MoveCursor(reader, state, budget));
  }
  MQTTPUSH_RETURN_IF_ERROR(CountEvents(reader, budget));
  MQTTPUSH_RETURN_IF_ERROR(CountAttempts(reader, budget));
  return budget > 0;
}

ConservationCount::Tally ConservationCount::Find(
    int64_t subscription_uid) const {
  const auto found = tallies_.find(subscription_uid);
  return found == tallies_.end() ? Tally() : found->second;
}

// Events that are not counted yet will be compared with the cursor when they
// are; those that are counted have to be looked at again.
absl::Status ConservationCount::MoveCursor(Reader& reader,
                                           const SubscriptionState& state,
                                           int64_t& budget) {
  Tally& tally = tallies_[state.uid];
  const int64_t counted_end = std::min(state.cursor, last_event_seq_);
  if (tally.events > 0 && tally.cursor < counted_end) {
    if (budget <= 0) return absl::OkStatus();
    const std::string wanted = absl::StrCat(",", state.uid, ",");
    MQTTPUSH_ASSIGN_OR_RETURN(Statement * select,
                              reader.Get(kEventsOfTenantSql));
    StatementReset reset(select);
    select->Bind(0, state.tenant_uid)
        .Bind(1, tally.cursor)
        .Bind(2, counted_end)
        .Bind(3, budget);
    MQTTPUSH_RETURN_IF_ERROR(
        ForEachRow(*select, budget, [&](const Statement& row) {
          tally.cursor = row.Int64(0);
          if (absl::StrContains(row.Bytes(1), wanted)) {
            ++tally.events_through_cursor;
          }
        }));
    if (budget <= 0) return absl::OkStatus();
  }
  tally.cursor = state.cursor;
  return absl::OkStatus();
}

absl::Status ConservationCount::CountEvents(Reader& reader, int64_t& budget) {
  if (budget <= 0) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, reader.Get(kEventsSql));
  StatementReset reset(select);
  select->Bind(0, last_event_seq_).Bind(1, budget);
  return ForEachRow(*select, budget, [&](const Statement& row) {
    last_event_seq_ = row.Int64(0);
    ++event_count_;
    for (int64_t uid : DecodeSubscriptionUids(row.Bytes(1))) {
      Tally& tally = tallies_[uid];
      ++tally.events;
      if (last_event_seq_ <= tally.cursor) ++tally.events_through_cursor;
    }
  });
}

absl::Status ConservationCount::CountAttempts(Reader& reader, int64_t& budget) {
  if (budget <= 0) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, reader.Get(kAttemptsSql));
  StatementReset reset(select);
  select->Bind(0, last_attempt_seq_).Bind(1, budget);
  return ForEachRow(*select, budget, [&](const Statement& row) {
    last_attempt_seq_ = row.Int64(0);
    ++attempt_count_;
    if (row.Bool(2)) ++tallies_[row.Int64(1)].successes;
  });
}

}  // namespace mqttpush
