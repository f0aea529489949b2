#include "storage/sqlite/log/log_retention.h"

#include <algorithm>

#include "absl/algorithm/container.h"

namespace mqttpush {
namespace {

bool ContainsAny(const Range& range, const std::vector<int64_t>& seqs) {
  const auto found = absl::c_lower_bound(seqs, range.first);
  return found != seqs.end() && *found <= range.last;
}

// A cursor that has nothing to wait for stays where it was, however old that
// is; it holds nothing.
bool IsHeld(const SubscriptionRecovery& subscription) {
  const SubscriptionState& state = subscription.state;
  const int64_t ended = state.delivered_count + state.parked_count +
                        state.expired_count + state.discarded_count;
  return state.accepted_count > ended + state.retrying_count ||
         !subscription.attempted.empty() ||
         absl::c_any_of(subscription.exceptions,
                        [&](const DeliveryException& exception) {
                          return exception.event_seq > state.cursor;
                        });
}

}  // namespace

RetentionDecision DecideRetention(
    const std::vector<RetentionCandidate>& candidates, absl::Time now,
    const LogOptions& options,
    absl::FunctionRef<bool(size_t position)> holds_undelivered) {
  int64_t bytes = 0;
  for (const RetentionCandidate& candidate : candidates) {
    bytes += candidate.bytes;
  }
  RetentionDecision decision;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const RetentionCandidate& candidate = candidates[i];
    const bool too_old = now - candidate.last_time > options.retention;
    const bool too_large =
        options.retention_bytes > 0 && bytes > options.retention_bytes;
    if (!candidate.sealed || !(too_old || too_large)) continue;
    if (holds_undelivered(i)) {
      ++decision.held;
      continue;
    }
    decision.drop.push_back(i);
    bytes -= candidate.bytes;
  }
  return decision;
}

std::vector<UndeliveredEvents> FindUndelivered(
    const std::vector<SubscriptionRecovery>& subscriptions) {
  std::vector<UndeliveredEvents> all;
  for (const SubscriptionRecovery& subscription : subscriptions) {
    UndeliveredEvents events = {subscription.state.uid};
    if (IsHeld(subscription)) events.waiting_after = subscription.state.cursor;
    for (const DeliveryException& exception : subscription.exceptions) {
      events.seqs.push_back(exception.event_seq);
    }
    for (const AttemptedEvent& attempted : subscription.attempted) {
      events.seqs.push_back(attempted.event_seq);
    }
    if (!events.waiting_after.has_value() && events.seqs.empty()) continue;
    absl::c_sort(events.seqs);
    all.push_back(std::move(events));
  }
  return all;
}

bool HoldsUndelivered(
    const Segment& segment, const std::vector<UndeliveredEvents>& undelivered,
    absl::FunctionRef<bool(int64_t subscription_uid, int64_t after_seq)>
        took_event_after) {
  const Range own = {segment.first_event_seq, segment.Bounds().last_event_seq};
  std::vector<const UndeliveredEvents*> cursor_within;
  for (const UndeliveredEvents& events : undelivered) {
    const SubscriptionTally tally = segment.TallyOf(events.subscription_uid);
    if (ContainsAny(own, events.seqs) ||
        ContainsAny(tally.attempted_seqs, events.seqs)) {
      return true;
    }
    if (!events.waiting_after.has_value() || tally.events == 0 ||
        *events.waiting_after >= own.last) {
      continue;
    }
    if (*events.waiting_after < own.first) return true;
    cursor_within.push_back(&events);
  }
  // These have to be looked up, so they come last.
  return absl::c_any_of(cursor_within, [&](const UndeliveredEvents* events) {
    return took_event_after(events->subscription_uid, *events->waiting_after);
  });
}

}  // namespace mqttpush
