#include "services/history/replay_walk.h"

#include <algorithm>

#include "common/status_macros.h"
#include "services/history/history_converters.h"
#include "services/history/history_requests.h"

namespace mqttpush {

bool BelongsToReplay(const DeliveryRow& row, absl::Time replay_create_time,
                     const SubscriptionRecord* subscription) {
  return subscription != nullptr && !subscription->disabled &&
         CompleteTime(row) <= replay_create_time;
}

absl::StatusOr<ReplayStep> ReadReplayStep(HistoryReader& history,
                                          const ConfigSnapshot& snapshot,
                                          const ReplayRecord& replay,
                                          DeliveryKey after, absl::Time now,
                                          int limit) {
  HistoryQuery query = replay.query;
  query.end_time = std::min(query.end_time, replay.create_time);
  query.retained_since =
      RetainedSince(*snapshot.FindTenant(query.tenant_uid), now);
  // What is in flight is in none of the states that can be asked for.
  const auto as_in_log = [](int64_t, int64_t, DeliveryState state) {
    return state;
  };
  MQTTPUSH_ASSIGN_OR_RETURN(
      const DeliveryPage page,
      history.WalkDeliveries(query, replay.states, as_in_log, after, limit));
  ReplayStep step = {.position = page.next.value_or(after),
                     .at_end = !page.next.has_value()};
  for (const DeliveryRow& row : page.rows) {
    if (!BelongsToReplay(row, replay.create_time,
                         snapshot.FindSubscription(row.subscription_uid))) {
      continue;
    }
    step.matches.push_back(
        {{row.event.seq, row.subscription_uid}, row.payload_bytes});
  }
  return step;
}

}  // namespace mqttpush
