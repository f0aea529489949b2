#include "storage/sqlite/log/sqlite_history_reader.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "common/status_macros.h"
#include "storage/sqlite/log/attempt_candidates.h"
#include "storage/sqlite/log/attempt_rows.h"
#include "storage/sqlite/log/delivery_candidates.h"
#include "storage/sqlite/log/delivery_lookup.h"
#include "storage/sqlite/log/segment_extent.h"
#include "storage/sqlite/log/sqlite_attempt_follower.h"

namespace mqttpush {
namespace {

bool Matches(const HistoryQuery& query, const EventRecord& event) {
  return event.tenant_uid == query.tenant_uid &&
         query.object_type.value_or(event.object_type) == event.object_type &&
         (query.asset_id.empty() || event.asset_id == query.asset_id) &&
         (query.event_id.empty() || event.event_id == query.event_id) &&
         (query.object_id.empty() || event.object_id == query.object_id);
}

bool IsKept(const DeliveryRow& row) {
  return !row.others_dropped || !HasEnded(row.state);
}

bool Matches(const HistoryQuery& query,
             const std::vector<DeliveryState>& states, const DeliveryRow& row) {
  if (!IsKept(row)) return false;
  if (row.event.accept_time < query.retained_since && HasEnded(row.state)) {
    return false;
  }
  if (!states.empty() && !absl::c_linear_search(states, row.state)) {
    return false;
  }
  return query.topic.empty() || (row.last_attempt.has_value() &&
                                 row.last_attempt->topic == query.topic);
}

// What to list, and which way.
struct Listing {
  const HistoryQuery& query;
  const std::vector<DeliveryState>& states;
  const StateOverlay& overlay;
  std::optional<DeliveryKey> after;
  int limit = 0;
  Direction direction = Direction::kNewestFirst;

  bool oldest_first() const { return direction == Direction::kOldestFirst; }
  int max_looked_at() const {
    return oldest_first() ? HistoryReader::kMaxWalked
                          : HistoryReader::kMaxLookedAt;
  }
  // Whether it comes at or before `after`.
  bool IsPast(const DeliveryKey& key) const {
    if (!after.has_value() || key.event_seq != after->event_seq) return false;
    return oldest_first() ? key.subscription_uid <= after->subscription_uid
                          : key.subscription_uid >= after->subscription_uid;
  }
  // After all deliveries of an event.
  DeliveryKey EndOf(int64_t event_seq) const {
    return {event_seq, oldest_first() ? kLastPosting.row : 0};
  }
};

// The subscriptions that took an event, in the order of the list.
std::vector<int64_t> UidsInOrder(const Listing& listing, EventRecord& event) {
  std::vector<int64_t> uids = std::move(event.subscription_uids);
  absl::c_sort(uids);
  if (!listing.oldest_first()) absl::c_reverse(uids);
  return uids;
}

// Adds the matching deliveries of one event; false when the page is full.
absl::StatusOr<bool> AddDeliveries(ReadSession& session, DeliveryLookup& lookup,
                                   const Listing& listing, EventRecord event,
                                   DeliveryPage& page) {
  for (int64_t uid : UidsInOrder(listing, event)) {
    const DeliveryKey key = {event.seq, uid};
    if (listing.query.subscription_uid.value_or(uid) != uid) continue;
    if (listing.IsPast(key)) continue;
    if (static_cast<int>(page.rows.size()) == listing.limit) return false;
    page.next = key;
    MQTTPUSH_ASSIGN_OR_RETURN(DeliveryRow row, lookup.Find(event, uid));
    if (!Matches(listing.query, listing.states, row)) continue;
    if (listing.oldest_first()) {
      MQTTPUSH_ASSIGN_OR_RETURN(const std::optional<EventFacts> facts,
                                session.FindEventFacts(event.seq));
      row.payload_bytes = facts.value_or(EventFacts()).payload_bytes;
    }
    page.rows.push_back(std::move(row));
  }
  return true;
}

// The seq at or below which a tenant's deliveries are over, or exceptions.
int64_t OpenCursor(const std::vector<SubscriptionState>& subscriptions) {
  int64_t cursor = kLastPosting.order - 1;
  for (const SubscriptionState& state : subscriptions) {
    if (HasUndelivered(state)) cursor = std::min(cursor, state.cursor);
  }
  return cursor;
}

// The postings that lead to what is listed, from `after` on.
absl::StatusOr<std::vector<PostingQuery>> PlanListing(
    ReadSession& session, const Listing& listing,
    const std::vector<SubscriptionState>& subscriptions) {
  const HistoryQuery& query = listing.query;
  MQTTPUSH_ASSIGN_OR_RETURN(int64_t oldest,
                            FirstSeqAt(session, query.start_time));
  MQTTPUSH_ASSIGN_OR_RETURN(const int64_t end,
                            FirstSeqAt(session, query.end_time));
  MQTTPUSH_ASSIGN_OR_RETURN(const int64_t retained,
                            FirstSeqAt(session, query.retained_since));
  const int64_t open_cursor = OpenCursor(subscriptions);
  oldest = std::max(oldest, std::min(retained, open_cursor + 1));
  int64_t newest = end - 1;
  if (listing.after.has_value()) {
    const int64_t seq = listing.after->event_seq;
    if (listing.oldest_first()) oldest = std::max(oldest, seq);
    if (!listing.oldest_first()) newest = std::min(newest, seq);
  }
  return PlanDeliveries(query, listing.states, newest, oldest, open_cursor);
}

absl::StatusOr<DeliveryPage> DeliveriesOf(SegmentStore& store,
                                          const Listing& listing) {
  const auto subscriptions = store.states().OfTenant(listing.query.tenant_uid);
  ReadSession session(&store);
  DeliveryLookup lookup(&session, subscriptions, &listing.overlay);
  MQTTPUSH_ASSIGN_OR_RETURN(std::vector<PostingQuery> plan,
                            PlanListing(session, listing, subscriptions));
  DeliveryCandidates candidates(&session, std::move(plan), listing.direction);
  DeliveryPage page;
  for (int looked_at = 0; looked_at < listing.max_looked_at(); ++looked_at) {
    MQTTPUSH_ASSIGN_OR_RETURN(const std::optional<int64_t> seq,
                              candidates.Next());
    if (!seq.has_value()) {
      page.next = std::nullopt;
      return page;
    }
    MQTTPUSH_ASSIGN_OR_RETURN(std::optional<EventRecord> event,
                              session.FindEvent(*seq));
    if (!event.has_value() || !Matches(listing.query, *event)) {
      page.next = listing.EndOf(*seq);
      continue;
    }
    MQTTPUSH_ASSIGN_OR_RETURN(
        const bool room,
        AddDeliveries(session, lookup, listing, *std::move(event), page));
    if (!room) return page;
  }
  return page;
}

absl::StatusOr<DeliveryRow> DeliveryOf(SegmentStore& store, int64_t tenant_uid,
                                       DeliveryKey key,
                                       const StateOverlay& overlay) {
  const auto subscriptions = store.states().OfTenant(tenant_uid);
  ReadSession session(&store);
  DeliveryLookup lookup(&session, subscriptions, &overlay);
  MQTTPUSH_ASSIGN_OR_RETURN(const std::optional<EventRecord> event,
                            session.FindEvent(key.event_seq, true));
  if (!event.has_value() || event->tenant_uid != tenant_uid ||
      !absl::c_linear_search(event->subscription_uids, key.subscription_uid)) {
    return absl::NotFoundError("no such delivery");
  }
  MQTTPUSH_ASSIGN_OR_RETURN(DeliveryRow row,
                            lookup.Find(*event, key.subscription_uid));
  if (!IsKept(row)) {
    return absl::NotFoundError("retention has dropped how it ended");
  }
  return row;
}

// Events of the subscription in one segment, with `after` < seq < `before`.
absl::StatusOr<int64_t> CountBetween(ReadSession& session,
                                     const Segment& segment,
                                     int64_t subscription_uid, int64_t after,
                                     int64_t before) {
  const int64_t last_seq = segment.Bounds().last_event_seq;
  if (last_seq <= after || segment.first_event_seq >= before) return 0;
  if (segment.first_event_seq > after && last_seq < before) {
    return segment.TallyOf(subscription_uid).events;
  }
  MQTTPUSH_ASSIGN_OR_RETURN(
      const std::vector<Posting> postings,
      session.After(segment, Dimension::kEventsOfSubscription, subscription_uid,
                    {after, kLastPosting.row}, SIZE_MAX));
  return absl::c_count_if(
      postings, [&](const Posting& posting) { return posting.order < before; });
}

absl::StatusOr<int64_t> AheadOf(SegmentStore& store, int64_t subscription_uid,
                                int64_t event_seq) {
  const SubscriptionRecovery recovery =
      store.states().Recover(subscription_uid, event_seq);
  const int64_t cursor = recovery.state.cursor;
  ReadSession session(&store);
  int64_t ahead = 0;
  for (const SegmentPtr& segment : session.segments()) {
    MQTTPUSH_ASSIGN_OR_RETURN(
        const int64_t count,
        CountBetween(session, *segment, subscription_uid, cursor, event_seq));
    ahead += count;
  }
  const auto lies_before = [&](int64_t seq) {
    return cursor < seq && seq < event_seq;
  };
  for (const DeliveryException& exception : recovery.exceptions) {
    ahead -= lies_before(exception.event_seq);
  }
  for (const AttemptedEvent& attempted : recovery.attempted) {
    ahead -= attempted.delivered && lies_before(attempted.event_seq);
  }
  return std::max<int64_t>(ahead, 0);
}

absl::StatusOr<AttemptPage> AttemptsOf(SegmentStore& store,
                                       const HistoryQuery& query,
                                       std::optional<bool> succeeded,
                                       std::optional<AttemptKey> after,
                                       int limit) {
  HistoryQuery bounded = query;
  bounded.start_time = std::max(query.start_time, query.retained_since);
  const StateOverlay no_overlay;
  const auto subscriptions = store.states().OfTenant(query.tenant_uid);
  ReadSession session(&store);
  DeliveryLookup lookup(&session, subscriptions, &no_overlay);
  MQTTPUSH_ASSIGN_OR_RETURN(
      AttemptCandidates candidates,
      AttemptCandidates::Make(&session, &lookup, bounded, succeeded, after));
  AttemptPage page;
  for (int looked_at = 0; looked_at < HistoryReader::kMaxLookedAt;
       ++looked_at) {
    MQTTPUSH_ASSIGN_OR_RETURN(std::optional<CandidateAttempt> candidate,
                              candidates.Next());
    if (!candidate.has_value()) {
      page.next = std::nullopt;
      return page;
    }
    if (static_cast<int>(page.rows.size()) == limit) return page;
    page.next = candidate->key;
    const int64_t uid = candidate->attempt.subscription_uid;
    if (!lookup.Has(uid) || !Matches(query, succeeded, candidate->attempt) ||
        !Matches(query, candidate->event)) {
      continue;
    }
    page.rows.push_back(
        ToRow(*std::move(candidate), lookup.subscription_id(uid)));
  }
  return page;
}

}  // namespace

LogExtent SqliteHistoryReader::GetExtent() {
  return ExtentOf(*store_->list().Get());
}

absl::StatusOr<DeliveryPage> SqliteHistoryReader::ListDeliveries(
    const HistoryQuery& query, const std::vector<DeliveryState>& states,
    const StateOverlay& overlay, std::optional<DeliveryKey> after, int limit) {
  return ReadAgainIfChanged(store_->list(), [&] {
    return DeliveriesOf(*store_, {query, states, overlay, after, limit});
  });
}

absl::StatusOr<DeliveryPage> SqliteHistoryReader::WalkDeliveries(
    const HistoryQuery& query, const std::vector<DeliveryState>& states,
    const StateOverlay& overlay, std::optional<DeliveryKey> after, int limit) {
  return ReadAgainIfChanged(store_->list(), [&] {
    return DeliveriesOf(*store_, {query, states, overlay, after, limit,
                                  Direction::kOldestFirst});
  });
}

absl::StatusOr<DeliveryRow> SqliteHistoryReader::GetDelivery(
    int64_t tenant_uid, DeliveryKey key, const StateOverlay& overlay) {
  return ReadAgainIfChanged(store_->list(), [&] {
    return DeliveryOf(*store_, tenant_uid, key, overlay);
  });
}

absl::StatusOr<int64_t> SqliteHistoryReader::CountAhead(
    int64_t subscription_uid, int64_t event_seq) {
  return ReadAgainIfChanged(store_->list(), [&] {
    return AheadOf(*store_, subscription_uid, event_seq);
  });
}

absl::StatusOr<AttemptPage> SqliteHistoryReader::ListAttempts(
    const HistoryQuery& query, std::optional<bool> succeeded,
    std::optional<AttemptKey> after, int limit) {
  return ReadAgainIfChanged(store_->list(), [&] {
    return AttemptsOf(*store_, query, succeeded, after, limit);
  });
}

absl::StatusOr<std::unique_ptr<AttemptFollower>>
SqliteHistoryReader::FollowAttempts(const HistoryQuery& query,
                                    std::optional<bool> succeeded,
                                    std::optional<int64_t> after, bool live) {
  return SqliteAttemptFollower::Make(store_, query, succeeded, after, live);
}

}  // namespace mqttpush
