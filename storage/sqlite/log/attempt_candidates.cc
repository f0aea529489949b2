#include "storage/sqlite/log/attempt_candidates.h"

#include <algorithm>
#include <limits>

#include "common/status_macros.h"

namespace mqttpush {
namespace {

int64_t ToMicros(absl::Time time) {
  if (time == absl::InfinitePast()) return 0;
  if (time == absl::InfiniteFuture()) {
    return std::numeric_limits<int64_t>::max();
  }
  return absl::ToUnixMicros(time);
}

bool Earlier(const CandidateAttempt& a, const CandidateAttempt& b) {
  return std::pair(a.key.start_time, a.key.attempt_seq) <
         std::pair(b.key.start_time, b.key.attempt_seq);
}

// "Before the end time" is: after the key (end time, 0).
AttemptKey GoOnAfter(const HistoryQuery& query,
                     std::optional<AttemptKey> after) {
  return after.value_or(AttemptKey{query.end_time, 0});
}

PostingQuery MostSelective(const HistoryQuery& query,
                           std::optional<bool> succeeded) {
  const int64_t tenant = query.tenant_uid;
  if (!query.asset_id.empty()) {
    return {Dimension::kAttemptsOfAsset, TextKey(tenant, query.asset_id)};
  }
  if (!query.topic.empty()) {
    return {Dimension::kAttemptsOfTopic, TextKey(tenant, query.topic)};
  }
  if (succeeded == false) return {Dimension::kFailedAttemptsOfTenant, tenant};
  if (query.subscription_uid.has_value()) {
    return {Dimension::kAttemptsOfSubscription, *query.subscription_uid};
  }
  if (query.object_type.has_value()) {
    return {Dimension::kAttemptsOfType, TypeKey(tenant, *query.object_type)};
  }
  return {Dimension::kAttemptsOfTenant, tenant};
}

}  // namespace

PostingQuery PlanAttempts(const HistoryQuery& query,
                          std::optional<bool> succeeded,
                          std::optional<AttemptKey> after) {
  PostingQuery plan = MostSelective(query, succeeded);
  const AttemptKey from = GoOnAfter(query, after);
  plan.before = {ToMicros(from.start_time), from.attempt_seq};
  plan.oldest_order = ToMicros(query.start_time);
  return plan;
}

absl::StatusOr<std::vector<EventRecord>> FindNamedEvents(
    ReadSession& session, const HistoryQuery& query) {
  std::vector<EventRecord> named;
  if (query.event_seq.has_value()) {
    MQTTPUSH_ASSIGN_OR_RETURN(std::optional<EventRecord> event,
                              session.FindEvent(*query.event_seq));
    if (event.has_value() && event->tenant_uid == query.tenant_uid) {
      named.push_back(*std::move(event));
    }
    return named;
  }
  PostingCursor events(&session, {Dimension::kEventById,
                                  TextKey(query.tenant_uid, query.event_id)});
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const std::optional<FoundPosting> found,
                              events.Next());
    if (!found.has_value()) return named;
    MQTTPUSH_ASSIGN_OR_RETURN(
        std::optional<EventRecord> event,
        session.FindEvent(*found->segment, found->posting.row, false));
    if (event.has_value() && event->tenant_uid == query.tenant_uid &&
        event->event_id == query.event_id) {
      named.push_back(*std::move(event));
    }
  }
}

absl::StatusOr<AttemptCandidates> AttemptCandidates::Make(
    ReadSession* session, DeliveryLookup* lookup, const HistoryQuery& query,
    std::optional<bool> succeeded, std::optional<AttemptKey> after) {
  AttemptCandidates candidates(session);
  if (!NamesEvent(query)) {
    candidates.cursor_.emplace(session, PlanAttempts(query, succeeded, after));
    return candidates;
  }
  MQTTPUSH_RETURN_IF_ERROR(candidates.ReadNamed(*lookup, query));
  std::vector<CandidateAttempt>& named = candidates.named_;
  const CandidateAttempt from = {.key = GoOnAfter(query, after)};
  std::erase_if(named, [&](const CandidateAttempt& candidate) {
    return !Earlier(candidate, from) ||
           candidate.key.start_time < query.start_time;
  });
  std::sort(named.begin(), named.end(), Earlier);
  return candidates;
}

absl::Status AttemptCandidates::ReadNamed(DeliveryLookup& lookup,
                                          const HistoryQuery& query) {
  MQTTPUSH_ASSIGN_OR_RETURN(const std::vector<EventRecord> events,
                            FindNamedEvents(*session_, query));
  for (const EventRecord& event : events) {
    MQTTPUSH_RETURN_IF_ERROR(ReadAttemptsOf(lookup, event));
  }
  return absl::OkStatus();
}

absl::Status AttemptCandidates::ReadAttemptsOf(DeliveryLookup& lookup,
                                               const EventRecord& event) {
  for (int64_t uid : event.subscription_uids) {
    MQTTPUSH_ASSIGN_OR_RETURN(auto found, lookup.FindAttempts(event.seq, uid));
    for (DeliveryLookup::FoundAttempt& attempt : found) {
      const AttemptKey key = {attempt.attempt.start_time, attempt.attempt_seq};
      named_.push_back({key, std::move(attempt.attempt), event});
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<CandidateAttempt>> AttemptCandidates::Next() {
  if (!cursor_.has_value()) {
    if (named_.empty()) return std::nullopt;
    CandidateAttempt next = std::move(named_.back());
    named_.pop_back();
    return next;
  }
  MQTTPUSH_ASSIGN_OR_RETURN(const std::optional<FoundPosting> found,
                            cursor_->Next());
  if (!found.has_value()) return std::nullopt;
  CandidateAttempt next;
  MQTTPUSH_ASSIGN_OR_RETURN(
      next.attempt, session_->ReadAttempt(*found->segment, found->posting.row));
  next.key = {next.attempt.start_time, found->posting.row};
  MQTTPUSH_ASSIGN_OR_RETURN(next.event,
                            session_->FindEvent(next.attempt.event_seq));
  return next;
}

}  // namespace mqttpush
