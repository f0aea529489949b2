#include "storage/sqlite/log/delivery_candidates.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/algorithm/container.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

// Deliveries of these states have an exception. A discarded one need not: an
// overlay may say so.
bool OnlyExceptional(const std::vector<DeliveryState>& states) {
  return !states.empty() && absl::c_all_of(states, [](DeliveryState state) {
    return state == DeliveryState::kRetrying ||
           state == DeliveryState::kParked || state == DeliveryState::kExpired;
  });
}

bool OnlyUndelivered(const std::vector<DeliveryState>& states) {
  return !states.empty() &&
         !absl::c_linear_search(states, DeliveryState::kDelivered);
}

bool OnlyDelivered(const std::vector<DeliveryState>& states) {
  return states.size() == 1 && states.front() == DeliveryState::kDelivered;
}

// The dimension that promises the fewest events, by what is asked for besides
// the state.
PostingQuery MostSelective(const HistoryQuery& query) {
  const int64_t tenant = query.tenant_uid;
  if (!query.event_id.empty()) {
    return {Dimension::kEventById, TextKey(tenant, query.event_id)};
  }
  if (!query.asset_id.empty()) {
    return {Dimension::kEventsOfAsset, TextKey(tenant, query.asset_id)};
  }
  if (!query.topic.empty()) {
    return {Dimension::kDeliveriesOfTopic, TextKey(tenant, query.topic)};
  }
  if (query.subscription_uid.has_value()) {
    return {Dimension::kEventsOfSubscription, *query.subscription_uid};
  }
  if (query.object_type.has_value()) {
    return {Dimension::kEventsOfType, TypeKey(tenant, *query.object_type)};
  }
  return {Dimension::kEventsOfTenant, tenant};
}

PostingQuery Bounded(PostingQuery query, int64_t newest, int64_t oldest) {
  query.before = {newest, std::numeric_limits<int64_t>::max()};
  query.oldest_order = oldest;
  return query;
}

}  // namespace

std::vector<PostingQuery> PlanDeliveries(
    const HistoryQuery& query, const std::vector<DeliveryState>& states,
    int64_t newest, int64_t oldest, int64_t open_cursor) {
  const PostingQuery selective = MostSelective(query);
  const PostingQuery exceptions = {Dimension::kExceptionsOfTenant,
                                   query.tenant_uid};
  if (!query.event_id.empty()) return {Bounded(selective, newest, oldest)};
  if (OnlyExceptional(states)) return {Bounded(exceptions, newest, oldest)};
  if (OnlyUndelivered(states)) {
    return {Bounded(selective, newest, std::max(oldest, open_cursor + 1)),
            Bounded(exceptions, std::min(newest, open_cursor), oldest)};
  }
  if (OnlyDelivered(states) &&
      selective.dimension == Dimension::kEventsOfTenant) {
    return {Bounded({Dimension::kSuccessesOfTenant, query.tenant_uid}, newest,
                    oldest)};
  }
  return {Bounded(selective, newest, oldest)};
}

DeliveryCandidates::DeliveryCandidates(ReadSession* session,
                                       std::vector<PostingQuery> plan,
                                       Direction direction)
    : session_(session), direction_(direction), plan_(std::move(plan)) {
  if (direction == Direction::kOldestFirst) absl::c_reverse(plan_);
}

absl::StatusOr<std::optional<int64_t>> DeliveryCandidates::Next() {
  while (true) {
    if (cursor_ == nullptr) {
      if (next_query_ == plan_.size()) return std::nullopt;
      cursor_ = std::make_unique<PostingCursor>(session_, plan_[next_query_++],
                                                direction_);
    }
    MQTTPUSH_ASSIGN_OR_RETURN(const std::optional<FoundPosting> found,
                              cursor_->Next());
    if (!found.has_value()) {
      cursor_ = nullptr;
    } else if (found->posting.order != last_seq_) {
      last_seq_ = found->posting.order;
      return last_seq_;
    }
  }
}

absl::StatusOr<int64_t> FirstSeqAt(ReadSession& session, absl::Time time) {
  constexpr int64_t kNone = std::numeric_limits<int64_t>::max();
  if (time == absl::InfinitePast()) return 0;
  if (time == absl::InfiniteFuture()) return kNone;
  for (const SegmentPtr& segment : session.segments()) {
    const SegmentSummary bounds = segment->Bounds();
    if (bounds.accept_times_us.empty() ||
        absl::FromUnixMicros(bounds.accept_times_us.last) < time) {
      continue;
    }
    int64_t low = segment->first_event_seq;
    int64_t high = bounds.last_event_seq;  // accepted at `time` or later
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      MQTTPUSH_ASSIGN_OR_RETURN(const absl::Time accepted,
                                session.ReadAcceptTime(*segment, middle));
      if (accepted < time) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  return kNone;
}

}  // namespace mqttpush
