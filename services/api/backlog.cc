#include "services/api/backlog.h"

#include <algorithm>
#include <optional>
#include <set>

#include "common/status_macros.h"
#include "google/protobuf/util/time_util.h"
#include "services/api/errors.h"

namespace mqttpush {
namespace {

using google::protobuf::util::TimeUtil;

// Dispatch sends in order, so the oldest waiting event is near the cursor; the
// bound is for a log that disagrees.
constexpr int kMaxPagesRead = 16;

std::set<int64_t> NotWaiting(const SubscriptionRecovery& recovery,
                             const std::set<int64_t>& in_flight) {
  std::set<int64_t> seqs = in_flight;
  for (const DeliveryException& exception : recovery.exceptions) {
    seqs.insert(exception.event_seq);
  }
  for (const AttemptedEvent& attempted : recovery.attempted) {
    if (attempted.delivered) seqs.insert(attempted.event_seq);
  }
  return seqs;
}

// nullopt when there is none.
absl::StatusOr<std::optional<absl::Time>> OldestWaiting(
    const SubscriptionRecord& subscription, int64_t cursor,
    const std::set<int64_t>& not_waiting, EventLog* log) {
  // One more than what may be skipped.
  const int limit =
      static_cast<int>(std::min<size_t>(not_waiting.size() + 1, 100));
  int64_t after = cursor;
  for (int page = 0; page < kMaxPagesRead; ++page) {
    MQTTPUSH_ASSIGN_OR_RETURN(
        const EventLog::NextEvents next,
        log->ReadNext(subscription.tenant_uid, subscription.uid, after, limit));
    for (const EventRecord& event : next.events) {
      if (not_waiting.count(event.seq) == 0) return event.accept_time;
    }
    if (next.at_end) break;
    after = next.scanned_through;
  }
  return std::nullopt;
}

absl::StatusOr<v1::Backlog> ReadBacklog(const SubscriptionRecord& subscription,
                                        const std::set<int64_t>& in_flight,
                                        EventLog* log) {
  MQTTPUSH_ASSIGN_OR_RETURN(const SubscriptionState state,
                            log->GetSubscriptionState(subscription.uid));
  v1::Backlog backlog;
  backlog.set_accepted_count(state.accepted_count);
  backlog.set_delivered_count(state.delivered_count);
  backlog.set_parked_count(state.parked_count);
  backlog.set_expired_count(state.expired_count);
  backlog.set_discarded_count(state.discarded_count);
  const int64_t open = UndeliveredCount(state) - state.parked_count;
  if (open <= 0) return backlog;

  // A retrying delivery may be in flight again: it is counted there.
  MQTTPUSH_ASSIGN_OR_RETURN(const SubscriptionRecovery recovery,
                            log->Recover(subscription.uid));
  const int64_t retrying =
      std::count_if(recovery.exceptions.begin(), recovery.exceptions.end(),
                    [&](const DeliveryException& exception) {
                      return exception.state == DeliveryState::kRetrying &&
                             in_flight.count(exception.event_seq) == 0;
                    });
  backlog.set_retrying_count(std::min(retrying, open));
  backlog.set_in_flight_count(
      std::min<int64_t>(in_flight.size(), open - backlog.retrying_count()));
  backlog.set_waiting_count(open - backlog.retrying_count() -
                            backlog.in_flight_count());
  if (backlog.waiting_count() == 0) return backlog;
  MQTTPUSH_ASSIGN_OR_RETURN(
      const std::optional<absl::Time> oldest,
      OldestWaiting(subscription, recovery.state.cursor,
                    NotWaiting(recovery, in_flight), log));
  if (oldest.has_value()) {
    *backlog.mutable_oldest_waiting_time() =
        TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(*oldest));
  }
  return backlog;
}

}  // namespace

int64_t UndeliveredCount(const SubscriptionState& state) {
  return state.accepted_count - state.delivered_count - state.expired_count -
         state.discarded_count;
}

absl::StatusOr<v1::Backlog> ComputeBacklog(
    const SubscriptionRecord& subscription, const DeliveryStatus& status,
    EventLog* log) {
  const std::vector<int64_t> seqs = status.ListInFlight(subscription.uid);
  absl::StatusOr<v1::Backlog> backlog =
      ReadBacklog(subscription, {seqs.begin(), seqs.end()}, log);
  if (!backlog.ok()) return errors::LogUnavailable(backlog.status());
  return backlog;
}

}  // namespace mqttpush
