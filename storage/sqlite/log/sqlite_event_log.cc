#include "storage/sqlite/log/sqlite_event_log.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "storage/sqlite/log/read_session.h"

namespace mqttpush {
namespace {

// Adds events of one segment that the subscription took, after
// `next.scanned_through`. True: there may be more in it, and there is no room.
absl::StatusOr<bool> ReadFrom(ReadSession& session, const Segment& segment,
                              int64_t subscription_uid, size_t limit,
                              size_t& bytes, EventLog::NextEvents& next) {
  const int64_t after = next.scanned_through;
  MQTTPUSH_ASSIGN_OR_RETURN(
      const std::vector<Posting> postings,
      session.After(segment, Dimension::kEventsOfSubscription, subscription_uid,
                    {after, after}, limit - next.events.size()));
  for (const Posting& posting : postings) {
    if (bytes >= EventLog::kReadBytes) return true;
    MQTTPUSH_ASSIGN_OR_RETURN(EventRecord event,
                              session.ReadEvent(segment, posting.row));
    next.scanned_through = posting.row;
    bytes += event.payload.size();
    next.events.push_back(std::move(event));
  }
  return next.events.size() == limit;
}

absl::StatusOr<EventLog::NextEvents> NextOf(SegmentStore* store,
                                            int64_t subscription_uid,
                                            int64_t after_seq, size_t limit) {
  ReadSession session(store);
  EventLog::NextEvents next;
  next.scanned_through = after_seq;
  size_t bytes = 0;
  for (const SegmentPtr& segment : session.segments()) {
    // Before its index is read: what is added meanwhile is for the next call.
    const int64_t last_seq = segment->Bounds().last_event_seq;
    if (last_seq <= next.scanned_through) continue;
    if (segment->TallyOf(subscription_uid).events > 0) {
      MQTTPUSH_ASSIGN_OR_RETURN(
          const bool full,
          ReadFrom(session, *segment, subscription_uid, limit, bytes, next));
      if (full) return next;
    }
    next.scanned_through = std::max(next.scanned_through, last_seq);
  }
  next.at_end = true;
  return next;
}

absl::StatusOr<EventRecord> EventOf(SegmentStore* store, int64_t seq) {
  ReadSession session(store);
  MQTTPUSH_ASSIGN_OR_RETURN(std::optional<EventRecord> event,
                            session.FindEvent(seq, /*with_payload=*/true));
  if (event.has_value()) return *std::move(event);
  return absl::NotFoundError(absl::StrCat("no event of seq ", seq));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteEventLog>> SqliteEventLog::Open(
    const std::string& directory, const LogOptions& options,
    const Clock* clock) {
  MQTTPUSH_ASSIGN_OR_RETURN(
      std::unique_ptr<SegmentStore> store,
      SegmentStore::Open(directory, clock->Now() - options.dedupe_window));
  std::unique_ptr<SqliteEventLog> log(new SqliteEventLog(std::move(store)));
  MQTTPUSH_ASSIGN_OR_RETURN(
      log->writer_,
      LogWriter::Start(log->store_.get(), log->sealer_.get(), options, clock));
  return log;
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
  return store_->states().Get(subscription_uid);
}

absl::StatusOr<SubscriptionRecovery> SqliteEventLog::Recover(
    int64_t subscription_uid) {
  // Before the state: if there is none yet, whatever the subscription takes
  // later lies above this seq.
  const int64_t newest_seq =
      store_->list().Get()->back()->Bounds().last_event_seq;
  return store_->states().Recover(subscription_uid, newest_seq);
}

absl::StatusOr<std::vector<SubscriptionState>>
SqliteEventLog::ListUndelivered() {
  return store_->states().ListUndelivered();
}

Outbox SqliteEventLog::GetOutbox(int64_t tenant_uid) const {
  return store_->states().OutboxOf(tenant_uid);
}

absl::StatusOr<EventLog::NextEvents> SqliteEventLog::ReadNext(
    int64_t tenant_uid, int64_t subscription_uid, int64_t after_seq,
    int limit) {
  return ReadAgainIfChanged(store_->list(), [&] {
    return NextOf(store_.get(), subscription_uid, after_seq,
                  static_cast<size_t>(limit));
  });
}

absl::StatusOr<EventRecord> SqliteEventLog::ReadEvent(int64_t seq) {
  return ReadAgainIfChanged(store_->list(),
                            [&] { return EventOf(store_.get(), seq); });
}

absl::StatusOr<EventHold> SqliteEventLog::HoldEvent(int64_t seq) {
  EventHold hold = store_->holds().Hold(seq);
  if (hold != nullptr) return hold;
  return absl::NotFoundError(absl::StrCat("event ", seq, " is being dropped"));
}

}  // namespace mqttpush
