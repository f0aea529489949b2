#include "services/admin/undelivered.h"

#include "absl/strings/str_cat.h"
#include "common/logging.h"
#include "services/admin/lookup.h"
#include "services/api/backlog.h"
#include "services/api/errors.h"

namespace mqttpush {

Undelivered ReadUndelivered(const ConfigSnapshot& snapshot,
                            const SubscriptionRecord& subscription,
                            EventLog* log) {
  Undelivered undelivered = {NameOf(snapshot, subscription)};
  const absl::StatusOr<SubscriptionState> state =
      log->GetSubscriptionState(subscription.uid);
  if (state.ok()) {
    undelivered.count = UndeliveredCount(*state);
    undelivered.parked_count = state->parked_count;
  } else {
    undelivered.count = errors::LogUnavailable(state.status());
  }
  return undelivered;
}

void LogDiscarded(const std::vector<Undelivered>& dropped) {
  for (const Undelivered& undelivered : dropped) {
    if (undelivered.count.ok() && *undelivered.count <= 0) continue;
    Log::Warning("events_discarded",
                 {{"subscription", undelivered.subscription},
                  {"count", undelivered.count.ok()
                                ? absl::StrCat(*undelivered.count -
                                               undelivered.parked_count)
                                : "unknown"},
                  {"parked", undelivered.count.ok()
                                 ? absl::StrCat(undelivered.parked_count)
                                 : "unknown"},
                  {"why", "deleted by force"}});
  }
}

}  // namespace mqttpush
