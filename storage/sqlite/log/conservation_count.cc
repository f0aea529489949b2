#include "storage/sqlite/log/conservation_count.h"

#include <limits>
#include <string>

#include "common/status_macros.h"
#include "storage/sqlite/log/log_rows.h"
#include "storage/sqlite/log/log_statements.h"

namespace mqttpush {
namespace {

constexpr char kDeliveredBeforeSql[] =
    "SELECT subscription_uid, event_seq FROM attempted_event "
    "WHERE delivered = 1";

constexpr char kExceptionsSql[] =
    "SELECT subscription_uid, event_seq, state, carried "
    "FROM delivery_exception";

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

int64_t CursorOf(const ConservationCount::Cursors* cursors,
                 int64_t subscription_uid) {
  if (cursors == nullptr) return std::numeric_limits<int64_t>::max();
  const auto found = cursors->find(subscription_uid);
  return found == cursors->end() ? 0 : found->second;
}

void Add(const Statement& row, int64_t cursor, const std::set<int64_t>& ahead,
         ExceptionTally& tally) {
  const auto state = static_cast<DeliveryState>(row.Int(2));
  if (state == DeliveryState::kDelivered) return;  // no exception any more
  const int64_t event_seq = row.Int64(1);
  if (event_seq > cursor && !ahead.contains(event_seq)) ++tally.above_cursor;
  if (state == DeliveryState::kRetrying) ++tally.retrying;
  if (row.Bool(3)) return;
  if (state == DeliveryState::kParked) ++tally.parked;
  if (state == DeliveryState::kExpired) ++tally.expired;
  if (state == DeliveryState::kDiscarded) ++tally.discarded;
}

}  // namespace

absl::StatusOr<bool> ConservationCount::Advance(Reader& reader,
                                                const Cursors* cursors,
                                                int64_t& budget) {
  if (!began_) MQTTPUSH_RETURN_IF_ERROR(ReadAttempted(reader));
  began_ = true;
  MQTTPUSH_RETURN_IF_ERROR(CountEvents(reader, cursors, budget));
  MQTTPUSH_RETURN_IF_ERROR(CountAttempts(reader, cursors, budget));
  DropPassed(cursors);
  return budget > 0;
}

const ConservationCount::Tally& ConservationCount::Find(
    int64_t subscription_uid) const {
  static const Tally kNone;
  const auto found = tallies_.find(subscription_uid);
  return found == tallies_.end() ? kNone : found->second;
}

absl::Status ConservationCount::ReadAttempted(Reader& reader) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select,
                            reader.Get(kDeliveredBeforeSql));
  StatementReset reset(select);
  int64_t no_budget = 0;
  return ForEachRow(*select, no_budget, [&](const Statement& row) {
    tallies_[row.Int64(0)].ahead.insert(row.Int64(1));
  });
}

absl::Status ConservationCount::CountEvents(Reader& reader,
                                            const Cursors* cursors,
                                            int64_t& budget) {
  if (budget <= 0) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, reader.Get(kEventsAfterSql));
  StatementReset reset(select);
  select->Bind(0, last_event_seq_).Bind(1, budget);
  return ForEachRow(*select, budget, [&](const Statement& row) {
    last_event_seq_ = row.Int64(0);
    ++event_count_;
    for (int64_t uid : DecodeSubscriptionUids(row.Bytes(1))) {
      Tally& tally = tallies_[uid];
      ++tally.events;
      if (last_event_seq_ > CursorOf(cursors, uid)) {
        tally.above.push_back(last_event_seq_);
      }
    }
  });
}

absl::Status ConservationCount::CountAttempts(Reader& reader,
                                              const Cursors* cursors,
                                              int64_t& budget) {
  if (budget <= 0) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, reader.Get(kAttemptsAfterSql));
  StatementReset reset(select);
  select->Bind(0, last_attempt_seq_).Bind(1, budget);
  return ForEachRow(*select, budget, [&](const Statement& row) {
    last_attempt_seq_ = row.Int64(0);
    ++attempt_count_;
    if (!row.Bool(3)) return;
    Tally& tally = tallies_[row.Int64(1)];
    ++tally.successes;
    if (row.Int64(2) > CursorOf(cursors, row.Int64(1))) {
      tally.ahead.insert(row.Int64(2));
    }
  });
}

void ConservationCount::DropPassed(const Cursors* cursors) {
  for (auto& [uid, tally] : tallies_) {
    const int64_t cursor = CursorOf(cursors, uid);
    tally.ahead.erase(tally.ahead.begin(), tally.ahead.upper_bound(cursor));
    while (!tally.above.empty() && tally.above.front() <= cursor) {
      tally.above.pop_front();
    }
  }
}

absl::StatusOr<absl::flat_hash_map<int64_t, ExceptionTally>> CountExceptions(
    Reader& reader, const ConservationCount::Cursors* cursors,
    const ConservationCount* rows) {
  static const std::set<int64_t> kNone;
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, reader.Get(kExceptionsSql));
  StatementReset reset(select);
  absl::flat_hash_map<int64_t, ExceptionTally> tallies;
  int64_t no_budget = 0;
  MQTTPUSH_RETURN_IF_ERROR(
      ForEachRow(*select, no_budget, [&](const Statement& row) {
        const int64_t uid = row.Int64(0);
        Add(row, CursorOf(cursors, uid),
            rows == nullptr ? kNone : rows->Find(uid).ahead, tallies[uid]);
      }));
  return tallies;
}

void CompareCounts(const SubscriptionState& state,
                   const SubscriptionCounts& counted,
                   ConservationReport& report) {
  const auto expect = [&](absl::string_view count, int64_t stated,
                          int64_t counted) {
    if (stated == counted) return;
    report.differences.push_back({state.uid, state.tenant_uid, state.id,
                                  std::string(count), stated, counted});
  };
  const SubscriptionTally& tally = counted.tally;
  expect("accepted", state.accepted_count, tally.events);
  expect("delivered", state.delivered_count, tally.successes);
  expect("parked", state.parked_count, tally.parked);
  expect("expired", state.expired_count, tally.expired);
  expect("discarded", state.discarded_count, tally.discarded);
  // What the cursor passed must be delivered or an exception: a cursor that
  // passed an event by shows here.
  expect(
      "waiting",
      state.accepted_count - state.delivered_count - state.parked_count -
          state.expired_count - state.discarded_count -
          counted.exceptions.retrying,
      counted.above_cursor - counted.ahead - counted.exceptions.above_cursor);
}

}  // namespace mqttpush
