#include "storage/sqlite/log/outbox_bytes.h"

#include <optional>
#include <set>
#include <vector>

#include "common/status_macros.h"
#include "storage/sqlite/log/log_statements.h"

namespace mqttpush {
namespace {

constexpr size_t kPostingsPerRead = 1000;

absl::StatusOr<int64_t> BytesOf(int64_t event_seq, ReadSession& session) {
  MQTTPUSH_ASSIGN_OR_RETURN(const std::optional<EventFacts> event,
                            session.FindEventFacts(event_seq));
  return event.has_value() ? event->payload_bytes : 0;
}

// All that the subscription took in the segment; absent when that was not
// counted, as in an imported one.
absl::StatusOr<std::optional<int64_t>> CountedBytes(const Segment& segment,
                                                    int64_t subscription_uid,
                                                    ReadSession& session) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select,
                            session.Get(segment, kAcceptedSql));
  StatementReset reset(select);
  select->Bind(0, subscription_uid);
  MQTTPUSH_RETURN_IF_ERROR(select->Step().status());
  if (select->Int64(0) != segment.TallyOf(subscription_uid).events) {
    return std::nullopt;
  }
  return select->Int64(1);
}

absl::StatusOr<int64_t> BytesAfter(const Segment& segment,
                                   int64_t subscription_uid, int64_t after_seq,
                                   ReadSession& session) {
  int64_t bytes = 0;
  int64_t after = after_seq;
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(
        const std::vector<Posting> postings,
        session.After(segment, Dimension::kEventsOfSubscription,
                      subscription_uid, {after, after}, kPostingsPerRead));
    for (const Posting& posting : postings) {
      MQTTPUSH_ASSIGN_OR_RETURN(const int64_t event_bytes,
                                BytesOf(posting.row, session));
      bytes += event_bytes;
      after = posting.row;
    }
    if (postings.size() < kPostingsPerRead) return bytes;
  }
}

absl::StatusOr<int64_t> BytesIn(const Segment& segment,
                                const SubscriptionState& state,
                                ReadSession& session) {
  if (segment.first_event_seq > state.cursor) {
    MQTTPUSH_ASSIGN_OR_RETURN(const std::optional<int64_t> counted,
                              CountedBytes(segment, state.uid, session));
    if (counted.has_value()) return *counted;
  }
  return BytesAfter(segment, state.uid, state.cursor, session);
}

// Those above the cursor that have ended.
std::set<int64_t> EndedAhead(const SubscriptionRecovery& recovery) {
  std::set<int64_t> ended;
  for (const AttemptedEvent& attempted : recovery.attempted) {
    if (attempted.delivered) ended.insert(attempted.event_seq);
  }
  for (const DeliveryException& exception : recovery.exceptions) {
    if (exception.state == DeliveryState::kRetrying) {
      ended.erase(exception.event_seq);
    } else if (exception.event_seq > recovery.state.cursor) {
      ended.insert(exception.event_seq);
    }
  }
  return ended;
}

}  // namespace

absl::StatusOr<int64_t> CountOutboxBytes(const SubscriptionRecovery& recovery,
                                         ReadSession& session) {
  const SubscriptionState& state = recovery.state;
  int64_t bytes = 0;
  for (const SegmentPtr& segment : session.segments()) {
    if (segment->Bounds().last_event_seq <= state.cursor) continue;
    if (segment->TallyOf(state.uid).events == 0) continue;
    MQTTPUSH_ASSIGN_OR_RETURN(const int64_t above,
                              BytesIn(*segment, state, session));
    bytes += above;
  }
  for (int64_t event_seq : EndedAhead(recovery)) {
    MQTTPUSH_ASSIGN_OR_RETURN(const int64_t ended, BytesOf(event_seq, session));
    bytes -= ended;
  }
  for (const DeliveryException& exception : recovery.exceptions) {
    if (exception.state != DeliveryState::kRetrying) continue;
    if (exception.event_seq > state.cursor) continue;  // counted above
    MQTTPUSH_ASSIGN_OR_RETURN(const int64_t retrying,
                              BytesOf(exception.event_seq, session));
    bytes += retrying;
  }
  return bytes;
}

}  // namespace mqttpush
