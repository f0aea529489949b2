#include "storage/sqlite/log/log_commit.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "common/status_macros.h"
#include "storage/sqlite/log/delivery_lookup.h"

namespace mqttpush {
namespace {

std::vector<int64_t> UidsOf(const Route& route) {
  std::vector<int64_t> uids;
  uids.reserve(route.size());
  for (const SubscriptionRef& ref : route) uids.push_back(ref.uid);
  return uids;
}

// What became of the delivery of the update's attempt `i`, by the update.
AttemptRecording WhatFollows(const DeliveryUpdate& update, size_t i) {
  const AttemptRecord& attempt = update.attempts[i];
  AttemptRecording follows = {.ended_delivery = attempt.succeeded};
  if (attempt.succeeded) return follows;
  const auto same_event = [&](const auto& other) {
    return other.event_seq == attempt.event_seq;
  };
  const auto later = update.attempts.begin() + static_cast<ptrdiff_t>(i) + 1;
  if (std::any_of(later, update.attempts.end(), same_event)) return follows;
  const auto exception = absl::c_find_if(update.put_exceptions, same_event);
  if (exception == update.put_exceptions.end()) return follows;
  follows.ended_delivery = exception->state != DeliveryState::kRetrying;
  if (!follows.ended_delivery) {
    follows.next_attempt_time = exception->next_attempt_time;
  }
  return follows;
}

}  // namespace

LogCommit::LogCommit(SegmentStore* store, SegmentWriter* writer,
                     AttemptStamps* stamps, absl::Time accept_time,
                     absl::Time duplicates_since, NextSeqs next)
    : store_(store),
      writer_(writer),
      stamps_(stamps),
      accept_time_(accept_time),
      next_(next),
      duplicates_(store, duplicates_since),
      session_(store) {}

absl::StatusOr<std::vector<AppendOutcome>> LogCommit::Write(
    const std::vector<NewEvent>& events) {
  std::vector<int64_t> keys;
  keys.reserve(events.size());
  for (const NewEvent& event : events) {
    keys.push_back(TextKey(event.tenant_uid, event.event_id));
  }
  MQTTPUSH_ASSIGN_OR_RETURN(const std::vector<bool> duplicates,
                            duplicates_.Find(events, keys));
  std::vector<AppendOutcome> outcomes(events.size(), AppendOutcome::kDuplicate);
  for (size_t i = 0; i < events.size(); ++i) {
    if (duplicates[i]) continue;
    MQTTPUSH_RETURN_IF_ERROR(WriteEvent(events[i], keys[i]));
    outcomes[i] = AppendOutcome::kAccepted;
  }
  return outcomes;
}

absl::Status LogCommit::WriteEvent(const NewEvent& event, int64_t key) {
  const int64_t seq = next_.event++;
  MQTTPUSH_RETURN_IF_ERROR(writer_->WriteEvent(seq, event, accept_time_));
  rows_.events.push_back(
      {.seq = seq,
       .tenant_uid = event.tenant_uid,
       .id_key = key,
       .facts = {.asset_key = TextKey(event.tenant_uid, event.asset_id),
                 .type = event.object_type,
                 .accept_time_us = absl::ToUnixMicros(accept_time_),
                 .payload_bytes = static_cast<int64_t>(event.payload.size())},
       .subscription_uids = UidsOf(*event.route)});
  CountAccepted(event, seq);
  CountOutbox(event.tenant_uid,
              static_cast<int64_t>(event.payload.size() * event.route->size()));
  return absl::OkStatus();
}

void LogCommit::CountAccepted(const NewEvent& event, int64_t seq) {
  for (const SubscriptionRef& ref : *event.route) {
    DeliveryCounts& counts =
        stats_.At(ref.uid, accept_time_, event.object_type);
    ++counts.accepted;
    counts.accepted_bytes += static_cast<int64_t>(event.payload.size());
    Accepted& accepted = accepted_[ref.uid];
    if (accepted.count++ == 0) {
      accepted.subscription = &ref;
      accepted.tenant_uid = event.tenant_uid;
      accepted.first_seq = seq;
    }
  }
}

absl::Status LogCommit::WriteSums() {
  for (const auto& [uid, accepted] : accepted_) {
    MQTTPUSH_RETURN_IF_ERROR(
        writer_->AddAccepted(*accepted.subscription, accepted.tenant_uid,
                             accepted.first_seq, accepted.count));
  }
  MQTTPUSH_RETURN_IF_ERROR(writer_->AddToDropped(taken_back_));
  return writer_->AddStats(stats_);
}

absl::Status LogCommit::Write(const DeliveryUpdate& update) {
  const int64_t uid = update.subscription_uid;
  const int64_t tenant_uid = store_->states().TenantOf(uid);
  CountOutbox(tenant_uid, 0);  // its last event may be lost, and its bytes
  MQTTPUSH_RETURN_IF_ERROR(WriteAttempts(tenant_uid, update));
  for (const ReopenedDelivery& reopened : update.reopened) {
    MQTTPUSH_RETURN_IF_ERROR(TakeBack(tenant_uid, uid, reopened));
  }
  for (const DeliveryException& exception : update.put_exceptions) {
    MQTTPUSH_RETURN_IF_ERROR(WriteException(tenant_uid, update, exception));
  }
  for (int64_t event_seq : update.erase_exceptions) {
    MQTTPUSH_RETURN_IF_ERROR(WriteException(
        tenant_uid, update,
        {.event_seq = event_seq, .state = DeliveryState::kDelivered}));
  }
  return writer_->UpdateSubscription(update);
}

absl::Status LogCommit::WriteAttempts(int64_t tenant_uid,
                                      const DeliveryUpdate& update) {
  for (size_t i = 0; i < update.attempts.size(); ++i) {
    AttemptRecording recording = WhatFollows(update, i);
    recording.ticks = stamps_->Next();
    MQTTPUSH_RETURN_IF_ERROR(
        WriteAttempt(tenant_uid, update.attempts[i], recording));
  }
  return absl::OkStatus();
}

absl::Status LogCommit::WriteAttempt(int64_t tenant_uid,
                                     const AttemptRecord& attempt,
                                     const AttemptRecording& recording) {
  const int64_t attempt_seq = next_.attempt++;
  MQTTPUSH_RETURN_IF_ERROR(
      writer_->WriteAttempt(attempt_seq, tenant_uid, attempt, recording));
  IndexedAttempt indexed = {
      .attempt_seq = attempt_seq,
      .tenant_uid = tenant_uid,
      .subscription_uid = attempt.subscription_uid,
      .event_seq = attempt.event_seq,
      .start_time_us = absl::ToUnixMicros(attempt.start_time),
      .succeeded = attempt.succeeded,
      .topic_key = TextKey(tenant_uid, attempt.topic)};
  MQTTPUSH_ASSIGN_OR_RETURN(indexed.event,
                            session_.FindEventFacts(attempt.event_seq));
  if (indexed.event.has_value()) {
    CountAttempt(attempt, *indexed.event);
    if (attempt.succeeded) {
      CountOutbox(tenant_uid, -indexed.event->payload_bytes);
    }
  }
  rows_.attempts.push_back(std::move(indexed));
  return absl::OkStatus();
}

void LogCommit::CountAttempt(const AttemptRecord& attempt,
                             const EventFacts& event) {
  const absl::Time end = attempt.start_time + attempt.duration;
  const int64_t uid = attempt.subscription_uid;
  DeliveryCounts& counts = stats_.At(uid, end, event.type);
  if (!attempt.succeeded) {
    ++counts.failed;
    ++stats_.AtTopic(uid, end, attempt.topic).failed;
    return;
  }
  if (attempt.manual && DeliveredBefore(attempt)) return;
  ++counts.delivered;
  counts.delivered_bytes += event.payload_bytes;
  TopicCounts& topic = stats_.AtTopic(uid, end, attempt.topic);
  ++topic.delivered;
  topic.delivered_bytes += event.payload_bytes;
  counts.latency.Add(end - absl::FromUnixMicros(event.accept_time_us));
}

// False where that cannot be read: the commit must not fail for it.
bool LogCommit::DeliveredBefore(const AttemptRecord& attempt) {
  const StateOverlay no_overlay;
  DeliveryLookup lookup(&session_, {}, &no_overlay);
  const auto found =
      lookup.FindAttempts(attempt.event_seq, attempt.subscription_uid);
  return found.ok() &&
         absl::c_any_of(*found, [](const DeliveryLookup::FoundAttempt& one) {
           return one.attempt.succeeded;
         });
}

// An attempt stays what it was, and so do the rows of earlier segments; only a
// row of this one is replaced by what comes now.
absl::Status LogCommit::TakeBack(int64_t tenant_uid, int64_t subscription_uid,
                                 const ReopenedDelivery& reopened) {
  MQTTPUSH_ASSIGN_OR_RETURN(const std::optional<EventFacts> event,
                            session_.FindEventFacts(reopened.event_seq));
  if (event.has_value()) CountOutbox(tenant_uid, event->payload_bytes);
  if (reopened.ended_as == DeliveryState::kDelivered) {
    --taken_back_[subscription_uid].successes;
    return absl::OkStatus();
  }
  MQTTPUSH_ASSIGN_OR_RETURN(
      const bool replaced,
      writer_->ParkedHere(tenant_uid, reopened.event_seq, subscription_uid));
  if (!replaced) --taken_back_[subscription_uid].parked;
  return absl::OkStatus();
}

absl::Status LogCommit::CountEnding(int64_t tenant_uid,
                                    const DeliveryUpdate& update,
                                    const DeliveryException& exception) {
  if (exception.state == DeliveryState::kRetrying ||
      exception.state == DeliveryState::kDelivered) {
    return absl::OkStatus();
  }
  MQTTPUSH_ASSIGN_OR_RETURN(const std::optional<EventFacts> event,
                            session_.FindEventFacts(exception.event_seq));
  if (!event.has_value()) return absl::OkStatus();
  CountOutbox(tenant_uid, -event->payload_bytes);
  DeliveryCounts& counts =
      stats_.At(update.subscription_uid, exception.end_time, event->type);
  if (exception.state == DeliveryState::kParked) {
    ++counts.parked;
    CountParked(update, exception);
  }
  if (exception.state == DeliveryState::kExpired) ++counts.expired;
  if (exception.state == DeliveryState::kDiscarded) ++counts.discarded;
  return absl::OkStatus();
}

// For the topic of its last attempt, which comes with it.
void LogCommit::CountParked(const DeliveryUpdate& update,
                            const DeliveryException& exception) {
  const auto last =
      std::find_if(update.attempts.rbegin(), update.attempts.rend(),
                   [&](const AttemptRecord& attempt) {
                     return attempt.event_seq == exception.event_seq;
                   });
  if (last == update.attempts.rend()) return;
  ++stats_.AtTopic(update.subscription_uid, exception.end_time, last->topic)
        .parked;
}

absl::Status LogCommit::WriteException(int64_t tenant_uid,
                                       const DeliveryUpdate& update,
                                       const DeliveryException& exception) {
  const int64_t uid = update.subscription_uid;
  rows_.exceptions.push_back({tenant_uid, exception.event_seq, uid});
  MQTTPUSH_RETURN_IF_ERROR(CountEnding(tenant_uid, update, exception));
  return writer_->WriteException(tenant_uid, uid, exception);
}

void LogCommit::TakeIntoMemory(MemoryIndex& index) {
  index.Add(rows_);
  for (const auto& [uid, accepted] : accepted_) {
    store_->states().AddAccepted(*accepted.subscription, accepted.tenant_uid,
                                 accepted.first_seq, accepted.count);
  }
}

void LogCommit::TakeOutboxBytes() {
  for (const auto& [tenant_uid, bytes] : outbox_bytes_) {
    store_->states().AddOutboxBytes(tenant_uid, bytes);
  }
}

std::vector<int64_t> LogCommit::AcceptingUids() const {
  std::vector<int64_t> uids;
  for (const auto& [uid, accepted] : accepted_) uids.push_back(uid);
  return uids;
}

std::vector<int64_t> LogCommit::AttemptedTenants() const {
  std::set<int64_t> tenants;
  for (const IndexedAttempt& attempt : rows_.attempts) {
    tenants.insert(attempt.tenant_uid);
  }
  return {tenants.begin(), tenants.end()};
}

}  // namespace mqttpush
