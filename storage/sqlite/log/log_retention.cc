#include "storage/sqlite/log/log_retention.h"

#include <algorithm>

#include "absl/algorithm/container.h"

namespace mqttpush {

RetentionDecision DecideRetention(
    const std::vector<RetentionCandidate>& candidates, absl::Time now,
    const LogOptions& options,
    absl::FunctionRef<bool(size_t position)> holds_undelivered) {
  int64_t bytes = 0;
  for (const RetentionCandidate& candidate : candidates) {
    bytes += candidate.bytes;
  }
  RetentionDecision decision;
  int64_t kept_through = 0;  // the last event of those that stay so far
  for (size_t i = 0; i < candidates.size(); ++i) {
    const RetentionCandidate& candidate = candidates[i];
    const bool too_old = now - candidate.last_time > options.retention;
    const bool too_large =
        options.retention_bytes > 0 && bytes > options.retention_bytes;
    const bool due = candidate.sealed && (too_old || too_large);
    if (!due || candidate.first_touched_seq <= kept_through ||
        holds_undelivered(i)) {
      decision.held += due;
      kept_through = std::max(kept_through, candidate.last_event_seq);
      continue;
    }
    decision.drop.push_back(i);
    bytes -= candidate.bytes;
  }
  return decision;
}

bool HoldsUndelivered(const Segment& segment,
                      const std::vector<SubscriptionRecovery>& subscriptions) {
  const int64_t first = segment.first_event_seq;
  const int64_t last = segment.Bounds().last_event_seq;
  return absl::c_any_of(subscriptions, [&](const SubscriptionRecovery& s) {
    const int64_t uid = s.state.uid;
    if (s.state.cursor < last && segment.TallyOf(uid).events > 0) return true;
    return absl::c_any_of(s.exceptions, [&](const DeliveryException& e) {
      return e.state == DeliveryState::kRetrying && first <= e.event_seq &&
             e.event_seq <= last;
    });
  });
}

}  // namespace mqttpush
