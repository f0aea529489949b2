#include "workers/dispatch/subscription_queue.h"

#include <algorithm>
#include <utility>

#include "workers/dispatch/retry_policy.h"

namespace mqttpush {

SubscriptionQueue::SubscriptionQueue(const SubscriptionRecovery& recovery)
    : cursor_(recovery.state.cursor),
      read_position_(recovery.state.cursor),
      highest_read_(recovery.state.cursor),
      known_through_(
          std::max(recovery.state.cursor, recovery.state.sent_through)) {
  update_.subscription_uid = recovery.state.uid;
  for (const AttemptedEvent& attempted : recovery.attempted) {
    items_[attempted.event_seq] = {
        attempted.delivered ? ItemState::kResolved : ItemState::kUnsent,
        attempted.attempt_count};
  }
  for (const DeliveryException& exception : recovery.exceptions) {
    if (exception.event_seq > cursor_) {
      items_[exception.event_seq] = {ItemState::kResolved, 0};
    }
    if (exception.state != DeliveryState::kRetrying) continue;
    retries_[exception.event_seq] = {exception.sent,
                                     exception.attempt_count,
                                     exception.rejection_count,
                                     exception.next_attempt_time,
                                     exception.answered,
                                     exception.request_time};
    if (exception.sent) {
      ++sent_count_;
    } else {
      due_.emplace(exception.next_attempt_time, exception.event_seq);
    }
  }
}

std::vector<EventRecord> SubscriptionQueue::TakeToSend(
    EventLog::NextEvents next) {
  std::vector<EventRecord> to_send;
  for (EventRecord& event : next.events) {
    if (event.seq > known_through_ && span_is_full()) {
      next.scanned_through = event.seq - 1;
      next.at_end = false;
      break;
    }
    Item& item = items_[event.seq];
    span_bytes_ += event.payload.size() - item.bytes;
    item.bytes = event.payload.size();
    if (item.state != ItemState::kUnsent) continue;
    item.state = ItemState::kSent;
    ++sent_count_;
    to_send.push_back(std::move(event));
  }
  read_position_ = next.scanned_through;
  highest_read_ = std::max(highest_read_, read_position_);
  known_through_ = std::max(known_through_, highest_read_);
  at_end_ = next.at_end;
  return to_send;
}

std::optional<int64_t> SubscriptionQueue::DueRetry(absl::Time now) const {
  if (due_.empty()) return std::nullopt;
  if (due_.begin()->first <= now) return due_.begin()->second;
  if (due_.rbegin()->first > now + kLongestRetryDelay) {
    return due_.rbegin()->second;
  }
  return std::nullopt;
}

absl::Time SubscriptionQueue::next_retry_time() const {
  return due_.empty() ? absl::InfiniteFuture() : due_.begin()->first;
}

void SubscriptionQueue::RetrySent(int64_t event_seq) {
  Retry& retry = retries_[event_seq];
  due_.erase({retry.time, event_seq});
  retry.sent = true;
  ++sent_count_;
  PutRetry(event_seq, retry);
}

void SubscriptionQueue::RetryNow(absl::Time now) {
  due_.clear();
  for (auto& [event_seq, retry] : retries_) {
    if (retry.sent) continue;
    retry.time = now;
    due_.emplace(now, event_seq);
    PutRetry(event_seq, retry);
  }
}

std::optional<int64_t> SubscriptionQueue::FirstUnsentRetry() const {
  for (const auto& [event_seq, retry] : retries_) {
    if (!retry.sent) return event_seq;
  }
  return std::nullopt;
}

std::optional<int64_t> SubscriptionQueue::FirstUnsentRetry(
    bool requested) const {
  for (const auto& [event_seq, retry] : retries_) {
    const bool wanted = retry.request_time != absl::UnixEpoch();
    if (!retry.sent && wanted == requested) return event_seq;
  }
  return std::nullopt;
}

void SubscriptionQueue::Succeeded(int64_t event_seq) {
  ++update_.newly_delivered;
  if (retries_.count(event_seq) > 0) {
    update_.erase_exceptions.push_back(event_seq);
  }
  Resolve(event_seq);
}

void SubscriptionQueue::Returned(int64_t event_seq, bool attempted) {
  --sent_count_;
  if (auto retry = retries_.find(event_seq); retry != retries_.end()) {
    retry->second.sent = false;  // still due: sent again at once
    retry->second.attempt_count += attempted;
    retry->second.answered &= !attempted;
    due_.emplace(retry->second.time, event_seq);
    PutRetry(event_seq, retry->second);
    return;
  }
  Item& item = items_[event_seq];
  item.state = ItemState::kUnsent;
  item.attempt_count += attempted;
  read_position_ = std::min(read_position_, event_seq - 1);
  at_end_ = false;
}

void SubscriptionQueue::Lost(int64_t event_seq, Qos qos, absl::Time now) {
  if (qos == Qos::kAtMostOnce) {
    Parked(event_seq, now);
  } else {
    Returned(event_seq, /*attempted=*/true);
  }
}

void SubscriptionQueue::RetryAt(int64_t event_seq, absl::Time time,
                                bool answered) {
  --sent_count_;
  Retry retry = {false,
                 attempt_count(event_seq) + 1,
                 rejection_count(event_seq) + 1,
                 time,
                 answered,
                 request_time(event_seq).value_or(absl::UnixEpoch())};
  if (retries_.count(event_seq) == 0) {
    items_[event_seq].state = ItemState::kResolved;
  }
  retries_[event_seq] = retry;
  due_.emplace(time, event_seq);
  PutRetry(event_seq, retry);
}

void SubscriptionQueue::Parked(int64_t event_seq, absl::Time now,
                               bool refused) {
  ++update_.newly_parked;
  update_.put_exceptions.push_back(
      {.event_seq = event_seq,
       .state = DeliveryState::kParked,
       .end_time = now,
       .attempt_count = attempt_count(event_seq) + 1,
       .rejection_count = rejection_count(event_seq) + refused});
  Resolve(event_seq);
}

// Its counts go on: what the broker refused as often as it may is parked again
// when it is refused once more.
void SubscriptionQueue::Reopen(const DeliveryRow& ended, absl::Time now) {
  const int64_t event_seq = ended.event.seq;
  --(ended.state == DeliveryState::kDelivered ? update_.newly_delivered
                                              : update_.newly_parked);
  update_.reopened.push_back({event_seq, ended.state});
  Retry& retry = retries_[event_seq];
  retry = {.attempt_count = ended.attempt_count,
           .rejection_count = ended.rejection_count,
           .time = now,
           .request_time = now};
  // Whoever remembers its end is to forget it, or it would not be sent.
  retry.answered = !ended.last_attempt.has_value() ||
                   ended.last_attempt->succeeded ||
                   ended.last_attempt->error_class == ErrorClass::kRejected;
  due_.emplace(now, event_seq);
  PutRetry(event_seq, retry);
}

std::optional<absl::Time> SubscriptionQueue::request_time(
    int64_t event_seq) const {
  auto retry = retries_.find(event_seq);
  if (retry == retries_.end() ||
      retry->second.request_time == absl::UnixEpoch()) {
    return std::nullopt;
  }
  return retry->second.request_time;
}

void SubscriptionQueue::Ended(int64_t event_seq, const Ending& ending,
                              absl::Time now) {
  const bool expired = ending.reason == EndReason::kLifetimeOver ||
                       ending.reason == EndReason::kOutboxFull;
  ++(expired ? update_.newly_expired : update_.newly_discarded);
  update_.put_exceptions.push_back(
      {.event_seq = event_seq,
       .state = expired ? DeliveryState::kExpired : DeliveryState::kDiscarded,
       .ending = ending,
       .end_time = now,
       .attempt_count = attempt_count(event_seq),
       .rejection_count = rejection_count(event_seq)});
  Resolve(event_seq);
}

void SubscriptionQueue::Resolve(int64_t event_seq) {
  if (auto found = retries_.find(event_seq); found != retries_.end()) {
    sent_count_ -= found->second.sent;
    due_.erase({found->second.time, event_seq});
    retries_.erase(found);
    return;
  }
  Item& item = items_[event_seq];
  sent_count_ -= item.state == ItemState::kSent;
  item.state = ItemState::kResolved;
}

int SubscriptionQueue::attempt_count(int64_t event_seq) const {
  if (auto retry = retries_.find(event_seq); retry != retries_.end()) {
    return retry->second.attempt_count;
  }
  auto item = items_.find(event_seq);
  return item == items_.end() ? 0 : item->second.attempt_count;
}

int SubscriptionQueue::rejection_count(int64_t event_seq) const {
  auto retry = retries_.find(event_seq);
  return retry == retries_.end() ? 0 : retry->second.rejection_count;
}

bool SubscriptionQueue::Waits(int64_t event_seq) const {
  auto item = items_.find(event_seq);
  return item == items_.end() ? event_seq > cursor_
                              : item->second.state == ItemState::kUnsent;
}

bool SubscriptionQueue::IsDone(int64_t event_seq) const {
  if (retries_.count(event_seq) > 0) return false;
  auto item = items_.find(event_seq);
  return item == items_.end() ? event_seq <= cursor_
                              : item->second.state == ItemState::kResolved;
}

bool SubscriptionQueue::MayHaveEnded(int64_t event_seq) const {
  auto retry = retries_.find(event_seq);
  return retry == retries_.end() ? !IsDone(event_seq) : !retry->second.answered;
}

std::vector<int64_t> SubscriptionQueue::ListSent() const {
  std::vector<int64_t> sent;
  for (const auto& [event_seq, item] : items_) {
    if (item.state == ItemState::kSent) sent.push_back(event_seq);
  }
  for (const auto& [event_seq, retry] : retries_) {
    if (retry.sent) sent.push_back(event_seq);
  }
  return sent;
}

DeliveryUpdate SubscriptionQueue::TakeUpdate() {
  AdvanceCursor();
  DeliveryUpdate update;
  update.subscription_uid = update_.subscription_uid;
  std::swap(update, update_);
  update.cursor = cursor_;
  update.sent_through = SentThrough();
  return update;
}

void SubscriptionQueue::PutRetry(int64_t event_seq, const Retry& retry) {
  update_.put_exceptions.push_back({.event_seq = event_seq,
                                    .sent = retry.sent,
                                    .attempt_count = retry.attempt_count,
                                    .rejection_count = retry.rejection_count,
                                    .next_attempt_time = retry.time,
                                    .request_time = retry.request_time,
                                    .answered = retry.answered});
}

void SubscriptionQueue::AdvanceCursor() {
  auto first = items_.begin();
  while (first != items_.end() && first->first <= highest_read_ &&
         first->second.state == ItemState::kResolved) {
    span_bytes_ -= first->second.bytes;
    first = items_.erase(first);
  }
  const int64_t before_first =
      first == items_.end() ? highest_read_ : first->first - 1;
  cursor_ = std::max(cursor_, std::min(highest_read_, before_first));
  // What was done ahead is forgotten here, so it must not be read again.
  read_position_ = std::max(read_position_, cursor_);
}

int64_t SubscriptionQueue::SentThrough() const {
  for (auto item = items_.rbegin(); item != items_.rend(); ++item) {
    if (item->second.state == ItemState::kSent) return item->first;
  }
  return cursor_;
}

}  // namespace mqttpush
