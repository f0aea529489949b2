#include "storage/sqlite/log/attempt_rows.h"

#include <utility>

namespace mqttpush {

bool Matches(const HistoryQuery& query, std::optional<bool> succeeded,
             const AttemptRecord& attempt) {
  return query.event_seq.value_or(attempt.event_seq) == attempt.event_seq &&
         query.subscription_uid.value_or(attempt.subscription_uid) ==
             attempt.subscription_uid &&
         succeeded.value_or(attempt.succeeded) == attempt.succeeded &&
         (query.topic.empty() || attempt.topic == query.topic);
}

bool Matches(const HistoryQuery& query,
             const std::optional<EventRecord>& event) {
  if (!event.has_value()) {
    return !query.object_type.has_value() && query.asset_id.empty() &&
           query.event_id.empty();
  }
  return query.object_type.value_or(event->object_type) == event->object_type &&
         (query.asset_id.empty() || event->asset_id == query.asset_id) &&
         (query.event_id.empty() || event->event_id == query.event_id);
}

AttemptRow ToRow(CandidateAttempt candidate, std::string subscription_id) {
  AttemptRow row;
  row.attempt = std::move(candidate.attempt);
  row.attempt_seq = candidate.key.attempt_seq;
  row.subscription_id = std::move(subscription_id);
  if (candidate.event.has_value()) {
    row.event_id = std::move(candidate.event->event_id);
    row.asset_id = std::move(candidate.event->asset_id);
    row.object_type = candidate.event->object_type;
    row.object_id = std::move(candidate.event->object_id);
    row.owner_id = std::move(candidate.event->owner_id);
    row.payload_bytes = candidate.event->payload_bytes;
  }
  return row;
}

}  // namespace mqttpush
