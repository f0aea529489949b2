#include "workers/dispatch/subscription_dispatch.h"

#include <algorithm>
#include <utility>

#include "storage/compatibility.h"
#include "storage/topic_map.h"

namespace mqttpush {

bool SubscriptionDispatch::Configure(
    std::shared_ptr<const ConfigSnapshot> snapshot,
    const SubscriptionRecord* subscription, const TenantRecord* tenant,
    absl::Time now) {
  const bool first = subscription_ == nullptr;
  const bool other_revision =
      !first && subscription_->revision != subscription->revision;
  const bool paused = subscription->paused || tenant->paused;
  if (first) {
    // A resume is a change, so it was not after these: what waited in a pause
    // does not expire because the service was restarted after it.
    lifetime_.resume_time =
        std::max(subscription->update_time, tenant->update_time);
  } else if (lifetime_.paused && !paused) {
    lifetime_.resume_time = now;
  }
  lifetime_.paused = paused;
  lifetime_.event_lifetime = subscription->event_lifetime;
  snapshot_ = std::move(snapshot);
  subscription_ = subscription;
  tenant_ = tenant;
  return other_revision;
}

static_assert(static_cast<int>(WaitCause::kConnecting) ==
                  static_cast<int>(LinkState::kConnecting) &&
              static_cast<int>(WaitCause::kConnected) ==
                  static_cast<int>(LinkState::kConnected) &&
              static_cast<int>(WaitCause::kBackingOff) ==
                  static_cast<int>(LinkState::kBackingOff) &&
              static_cast<int>(WaitCause::kRefused) ==
                  static_cast<int>(LinkState::kRefused) &&
              static_cast<int>(WaitCause::kStalled) ==
                  static_cast<int>(LinkState::kStalled) &&
              static_cast<int>(WaitCause::kPaused) ==
                  static_cast<int>(LinkState::kPaused));

Ending SubscriptionDispatch::EndingOf(const EventRecord& event, absl::Time now,
                                      LinkState link) const {
  if (closed()) return {EndReason::kSubscriptionDeleted};
  if (subscription_->disabled) return {EndReason::kSubscriptionDisabled};
  if (ExpiryOf(event) > now) return {};
  WaitCause cause = static_cast<WaitCause>(link);
  if (!compatible_) cause = WaitCause::kIncompatible;
  if (lifetime_.paused) cause = WaitCause::kPaused;
  return {EndReason::kLifetimeOver,
          lifetime_.event_lifetime.value_or(lifetime_.qos_0_lifetime), cause};
}

absl::Time SubscriptionDispatch::ExpiryOf(const EventRecord& event) const {
  return ExpiryTime(lifetime_, QosOf(*subscription_, event.object_type),
                    queue_.request_time(event.seq).value_or(event.accept_time));
}

absl::Time SubscriptionDispatch::EarliestExpiry(absl::Time now) const {
  return ExpiryTime(lifetime_, LowestQos(*subscription_), now);
}

}  // namespace mqttpush
