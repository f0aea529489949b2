#include "storage/sqlite/log/conservation_audit.h"

#include <limits>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "common/status_macros.h"
#include "storage/sqlite/log/log_rows.h"

namespace mqttpush {
namespace {

using Tallies = absl::flat_hash_map<int64_t, SubscriptionTally>;

constexpr char kStatesSql[] =
    "SELECT " MQTTPUSH_SUBSCRIPTION_COLUMNS " FROM subscription ORDER BY uid";

// All that is read within its scope is of one moment.
class ReadTransaction {
 public:
  static absl::StatusOr<ReadTransaction> Begin(Reader* reader) {
    MQTTPUSH_ASSIGN_OR_RETURN(Statement * begin, reader->Get("BEGIN"));
    MQTTPUSH_RETURN_IF_ERROR(begin->Run());
    return ReadTransaction(reader);
  }
  ReadTransaction(ReadTransaction&& other)
      : reader_(std::exchange(other.reader_, nullptr)) {}
  ~ReadTransaction() {
    if (reader_ == nullptr) return;
    const absl::StatusOr<Statement*> rollback = reader_->Get("ROLLBACK");
    if (rollback.ok()) (*rollback)->Run().IgnoreError();
  }

 private:
  explicit ReadTransaction(Reader* reader) : reader_(reader) {}
  Reader* reader_;
};

constexpr char kDroppedNumbersSql[] = "SELECT number FROM dropped_segment";

absl::StatusOr<std::vector<SubscriptionState>> ReadStates(Reader& reader) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, reader.Get(kStatesSql));
  StatementReset reset(select);
  std::vector<SubscriptionState> states;
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select->Step());
    if (!row) return states;
    states.push_back(ReadSubscriptionColumns(*select));
  }
}

absl::StatusOr<Tallies> ReadDropped(Reader& reader) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, reader.Get(kDroppedTalliesSql));
  StatementReset reset(select);
  Tallies tallies;
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select->Step());
    if (!row) return tallies;
    tallies[select->Int64(0)] = ReadTallyCounts(*select);
  }
}

SubscriptionTally Combined(const ConservationCount::Tally& rows,
                           const ExceptionTally& exceptions) {
  return {.events = rows.events,
          .successes = rows.successes,
          .parked = exceptions.parked,
          .expired = exceptions.expired,
          .discarded = exceptions.discarded};
}

// Without those that were dropped since the list was taken: they are among the
// dropped ones already.
absl::StatusOr<Segments> StillThere(Reader& newest, Segments segments) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, newest.Get(kDroppedNumbersSql));
  StatementReset reset(select);
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select->Step());
    if (!row) return segments;
    std::erase_if(segments, [&](const SegmentPtr& segment) {
      return segment->number == select->Int64(0);
    });
  }
}

ExceptionTally FindIn(
    const absl::flat_hash_map<int64_t, ExceptionTally>& tallies, int64_t uid) {
  const auto found = tallies.find(uid);
  return found == tallies.end() ? ExceptionTally() : found->second;
}

// Events of the subscription above `cursor` in the segments before the newest
// one, whose index may be a commit behind what a transaction sees.
absl::StatusOr<int64_t> CountAbove(ReadSession& session, int64_t uid,
                                   int64_t cursor) {
  int64_t above = 0;
  for (const SegmentPtr& segment : session.segments()) {
    if (segment == session.segments().back()) break;
    if (segment->Bounds().last_event_seq <= cursor) continue;
    if (segment->first_event_seq > cursor) {
      above += segment->TallyOf(uid).events;
      continue;
    }
    MQTTPUSH_ASSIGN_OR_RETURN(
        const std::vector<Posting> postings,
        session.After(*segment, Dimension::kEventsOfSubscription, uid,
                      {cursor, std::numeric_limits<int64_t>::max()}, SIZE_MAX));
    above += static_cast<int64_t>(postings.size());
  }
  return above;
}

}  // namespace

absl::StatusOr<std::optional<ConservationReport>>
SqliteConservationAudit::Step() {
  ReadSession session(store_);
  const Segments& segments = session.segments();
  int64_t budget = kRowsPerStep;
  MQTTPUSH_ASSIGN_OR_RETURN(const bool closed_counted,
                            CountClosed(segments, budget));
  if (!closed_counted) return std::nullopt;
  const SegmentPtr& newest = segments.back();
  MQTTPUSH_ASSIGN_OR_RETURN(SegmentReaders::Lease lease,
                            store_->readers().Borrow(*newest));
  Reader& reader = *lease.get();
  MQTTPUSH_ASSIGN_OR_RETURN(const ReadTransaction transaction,
                            ReadTransaction::Begin(&reader));
  MQTTPUSH_ASSIGN_OR_RETURN(const std::vector<SubscriptionState> states,
                            ReadStates(reader));
  ConservationCount::Cursors cursors;
  for (const SubscriptionState& state : states) {
    cursors[state.uid] = state.cursor;
  }
  MQTTPUSH_ASSIGN_OR_RETURN(
      const bool counted,
      counts_[newest->number].rows.Advance(reader, &cursors, budget));
  if (!counted) return std::nullopt;
  MQTTPUSH_ASSIGN_OR_RETURN(ConservationReport report,
                            Compare(session, reader, states, cursors));
  return report;
}

absl::StatusOr<bool> SqliteConservationAudit::CountClosed(
    const Segments& segments, int64_t& budget) {
  for (const SegmentPtr& segment : segments) {
    if (segment == segments.back()) return true;
    if (segment->sealed()) {
      counts_.erase(segment->number);
      continue;
    }
    Closed& closed = counts_[segment->number];
    if (closed.counted) continue;
    MQTTPUSH_ASSIGN_OR_RETURN(SegmentReaders::Lease lease,
                              store_->readers().Borrow(*segment));
    MQTTPUSH_ASSIGN_OR_RETURN(
        closed.counted, closed.rows.Advance(*lease.get(), nullptr, budget));
    if (!closed.counted) return false;
    MQTTPUSH_ASSIGN_OR_RETURN(closed.exceptions,
                              CountExceptions(*lease.get(), nullptr, nullptr));
  }
  return true;
}

SubscriptionTally SqliteConservationAudit::TallyBefore(
    const Segments& segments, const Tallies& dropped,
    int64_t subscription_uid) const {
  SubscriptionTally sum;
  const auto gone = dropped.find(subscription_uid);
  if (gone != dropped.end()) sum.AddCounts(gone->second);
  for (const SegmentPtr& segment : segments) {
    if (segment == segments.back()) break;
    if (segment->sealed()) {
      sum.AddCounts(segment->summary.TallyOf(subscription_uid));
      continue;
    }
    const Closed& closed = counts_.at(segment->number);
    sum.AddCounts(Combined(closed.rows.Find(subscription_uid),
                           FindIn(closed.exceptions, subscription_uid)));
  }
  return sum;
}

absl::StatusOr<ConservationReport> SqliteConservationAudit::Compare(
    ReadSession& session, Reader& newest,
    const std::vector<SubscriptionState>& states,
    const ConservationCount::Cursors& cursors) {
  MQTTPUSH_ASSIGN_OR_RETURN(const Segments segments,
                            StillThere(newest, session.segments()));
  const ConservationCount& rows = counts_[segments.back()->number].rows;
  MQTTPUSH_ASSIGN_OR_RETURN(const Tallies dropped, ReadDropped(newest));
  MQTTPUSH_ASSIGN_OR_RETURN(const auto exceptions,
                            CountExceptions(newest, &cursors, &rows));
  ConservationReport report;
  report.subscriptions = static_cast<int64_t>(states.size());
  report.events = rows.event_count();
  report.attempts = rows.attempt_count();
  for (const SegmentPtr& segment : segments) {
    if (segment == segments.back()) break;
    const SegmentSummary bounds = segment->Bounds();
    report.events += bounds.last_event_seq + 1 - segment->first_event_seq;
    report.attempts += bounds.last_attempt_seq + 1 - segment->first_attempt_seq;
  }
  for (const SubscriptionState& state : states) {
    SubscriptionCounts counted;
    counted.exceptions = FindIn(exceptions, state.uid);
    counted.tally = TallyBefore(segments, dropped, state.uid);
    counted.tally.AddCounts(Combined(rows.Find(state.uid), counted.exceptions));
    const ConservationCount::Tally& newest_tally = rows.Find(state.uid);
    counted.ahead = static_cast<int64_t>(newest_tally.ahead.size());
    MQTTPUSH_ASSIGN_OR_RETURN(counted.above_cursor,
                              CountAbove(session, state.uid, state.cursor));
    counted.above_cursor += static_cast<int64_t>(newest_tally.above.size());
    CompareCounts(state, counted, report);
  }
  return report;
}

}  // namespace mqttpush
