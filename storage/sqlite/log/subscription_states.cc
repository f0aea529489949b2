#include "storage/sqlite/log/subscription_states.h"

#include <algorithm>
#include <utility>

namespace mqttpush {
namespace {

bool IsRetrying(const DeliveryException& exception) {
  return exception.state == DeliveryState::kRetrying;
}

void AddAttempt(const AttemptRecord& attempt,
                std::map<int64_t, AttemptedEvent>& attempted) {
  AttemptedEvent& event = attempted[attempt.event_seq];
  event.event_seq = attempt.event_seq;
  event.attempt_count = std::max(event.attempt_count, attempt.number);
  event.delivered = event.delivered || attempt.succeeded;
}

// Whether the broker answered the last of the event's attempts in `update`.
std::optional<bool> LastAnswered(const DeliveryUpdate& update,
                                 int64_t event_seq) {
  for (auto at = update.attempts.rbegin(); at != update.attempts.rend(); ++at) {
    if (at->event_seq == event_seq) {
      return at->succeeded || at->error_class == ErrorClass::kRejected;
    }
  }
  return std::nullopt;
}

}  // namespace

int64_t CountUndelivered(const SubscriptionState& state) {
  return state.accepted_count - state.delivered_count - state.parked_count -
         state.expired_count - state.discarded_count;
}

bool HasUndelivered(const SubscriptionState& state) {
  return CountUndelivered(state) > 0;
}

void SubscriptionStates::AddAccepted(const SubscriptionRef& subscription,
                                     int64_t tenant_uid, int64_t first_seq,
                                     int64_t count) {
  MutexLock lock(&mutex_);
  const auto [at, created] = live_.try_emplace(subscription.uid);
  SubscriptionState& state = at->second.state;
  if (created) {
    state.uid = subscription.uid;
    state.tenant_uid = tenant_uid;
    state.id = subscription.id;
    state.cursor = state.sent_through = first_seq - 1;
  }
  state.accepted_count += count;
  AddOutboxEvents(tenant_uid, count);
}

void SubscriptionStates::Apply(const DeliveryUpdate& update) {
  MutexLock lock(&mutex_);
  const auto found = live_.find(update.subscription_uid);
  if (found == live_.end()) return;  // it never took an event
  Live& live = found->second;
  live.state.cursor = update.cursor;
  live.state.sent_through = update.sent_through;
  live.state.delivered_count += update.newly_delivered;
  live.state.parked_count += update.newly_parked;
  live.state.expired_count += update.newly_expired;
  live.state.discarded_count += update.newly_discarded;
  AddOutboxEvents(live.state.tenant_uid,
                  -(update.newly_delivered + update.newly_parked +
                    update.newly_expired + update.newly_discarded));
  for (const AttemptRecord& attempt : update.attempts) {
    if (attempt.event_seq > update.cursor) AddAttempt(attempt, live.attempted);
  }
  for (const DeliveryException& exception : update.put_exceptions) {
    DeliveryException& kept = live.exceptions[exception.event_seq];
    const bool answered_before = kept.answered || exception.answered;
    kept = exception;
    kept.answered =
        LastAnswered(update, exception.event_seq).value_or(answered_before);
  }
  for (int64_t event_seq : update.erase_exceptions) {
    live.exceptions.erase(event_seq);
  }
  Prune(live);
}

// What the cursor has passed is over, but for what is retrying.
void SubscriptionStates::Prune(Live& live) {
  live.attempted.erase(live.attempted.begin(),
                       live.attempted.upper_bound(live.state.cursor));
  const auto above = live.exceptions.upper_bound(live.state.cursor);
  for (auto at = live.exceptions.begin(); at != above;) {
    at = IsRetrying(at->second) ? std::next(at) : live.exceptions.erase(at);
  }
}

void SubscriptionStates::AddOutboxBytes(int64_t tenant_uid, int64_t bytes) {
  MutexLock lock(&mutex_);
  Outbox& outbox = outboxes_[tenant_uid];
  outbox.bytes = std::max<int64_t>(outbox.bytes + bytes, 0);
  // Of events that were lost with a damaged segment nobody knows the bytes:
  // what is counted too much or too little for them ends here.
  if (outbox.events <= 0) outbox.bytes = 0;
}

Outbox SubscriptionStates::OutboxOf(int64_t tenant_uid) const {
  MutexLock lock(&mutex_);
  const auto found = outboxes_.find(tenant_uid);
  return found == outboxes_.end() ? Outbox() : found->second;
}

void SubscriptionStates::Put(SubscriptionState state) {
  MutexLock lock(&mutex_);
  Live& live = live_[state.uid];
  AddOutboxEvents(state.tenant_uid,
                  CountUndelivered(state) - CountUndelivered(live.state));
  live.state = std::move(state);
}

void SubscriptionStates::PutException(int64_t subscription_uid,
                                      DeliveryException exception) {
  MutexLock lock(&mutex_);
  const int64_t event_seq = exception.event_seq;
  Live& live = live_[subscription_uid];
  const bool over = exception.state == DeliveryState::kDelivered;
  if (over || (!IsRetrying(exception) && event_seq <= live.state.cursor)) {
    live.exceptions.erase(event_seq);
  } else {
    live.exceptions[event_seq] = std::move(exception);
  }
}

void SubscriptionStates::PutAttempted(int64_t subscription_uid,
                                      AttemptedEvent attempted,
                                      std::optional<bool> answered) {
  MutexLock lock(&mutex_);
  Live& live = live_[subscription_uid];
  const auto exception = live.exceptions.find(attempted.event_seq);
  if (exception != live.exceptions.end() && answered.has_value()) {
    exception->second.answered = *answered;
  }
  if (attempted.event_seq <= live.state.cursor) return;
  AttemptedEvent& kept = live.attempted[attempted.event_seq];
  kept.event_seq = attempted.event_seq;
  kept.attempt_count = std::max(kept.attempt_count, attempted.attempt_count);
  kept.delivered = kept.delivered || attempted.delivered;
}

SubscriptionState SubscriptionStates::Get(int64_t subscription_uid) const {
  MutexLock lock(&mutex_);
  const auto found = live_.find(subscription_uid);
  if (found == live_.end()) return {.uid = subscription_uid};
  SubscriptionState state = found->second.state;
  state.retrying_count = std::count_if(
      found->second.exceptions.begin(), found->second.exceptions.end(),
      [](const auto& entry) { return IsRetrying(entry.second); });
  return state;
}

int64_t SubscriptionStates::TenantOf(int64_t subscription_uid) const {
  MutexLock lock(&mutex_);
  const auto found = live_.find(subscription_uid);
  return found == live_.end() ? 0 : found->second.state.tenant_uid;
}

SubscriptionRecovery SubscriptionStates::RecoveryOf(const Live& live) {
  SubscriptionRecovery recovery;
  recovery.state = live.state;
  for (const auto& [event_seq, exception] : live.exceptions) {
    recovery.exceptions.push_back(exception);
    if (IsRetrying(exception)) ++recovery.state.retrying_count;
  }
  for (const auto& [event_seq, attempted] : live.attempted) {
    recovery.attempted.push_back(attempted);
  }
  return recovery;
}

SubscriptionRecovery SubscriptionStates::Recover(
    int64_t subscription_uid, int64_t newest_event_seq) const {
  MutexLock lock(&mutex_);
  const auto found = live_.find(subscription_uid);
  SubscriptionRecovery recovery;
  if (found == live_.end()) {
    recovery.state.uid = subscription_uid;
    recovery.state.cursor = recovery.state.sent_through = newest_event_seq;
    return recovery;
  }
  recovery = RecoveryOf(found->second);
  // A retried one may lie above the cursor; it is an exception, not waiting.
  std::erase_if(recovery.attempted, [&](const AttemptedEvent& attempted) {
    return found->second.exceptions.contains(attempted.event_seq);
  });
  return recovery;
}

std::vector<SubscriptionState> SubscriptionStates::ListUndelivered() const {
  MutexLock lock(&mutex_);
  std::vector<SubscriptionState> undelivered;
  for (const auto& [uid, live] : live_) {
    if (!HasUndelivered(live.state)) continue;
    undelivered.push_back({.uid = uid, .tenant_uid = live.state.tenant_uid});
  }
  return undelivered;
}

std::vector<SubscriptionRecovery> SubscriptionStates::All() const {
  MutexLock lock(&mutex_);
  std::vector<SubscriptionRecovery> all;
  for (const auto& [uid, live] : live_) all.push_back(RecoveryOf(live));
  return all;
}

std::vector<SubscriptionState> SubscriptionStates::OfTenant(
    int64_t tenant_uid) const {
  MutexLock lock(&mutex_);
  std::vector<SubscriptionState> states;
  for (const auto& [uid, live] : live_) {
    if (live.state.tenant_uid == tenant_uid) states.push_back(live.state);
  }
  return states;
}

}  // namespace mqttpush
