#include "workers/dispatch/redelivery.h"

#include "absl/status/statusor.h"

namespace mqttpush {

// How it ended may be on its way to the disk: that comes first, so that the log
// knows it.
void Redelivery::Request(int64_t subscription_uid, int64_t event_seq,
                         Done done) {
  const int64_t id = next_id_++;
  pending_[id] = std::move(done);
  if (stopped_) return Stop();
  commits_->Add({}, [this, id, subscription_uid, event_seq] {
    Reopen(id, subscription_uid, event_seq);
  });
}

void Redelivery::Reopen(int64_t id, int64_t subscription_uid,
                        int64_t event_seq) {
  if (pending_.count(id) == 0) return;  // stopped
  const absl::StatusOr<EventHold> hold = log_->HoldEvent(event_seq);
  if (!hold.ok()) return Answer(id, hold.status());
  const SubscriptionPtr subscription = find_(subscription_uid);
  const absl::StatusOr<DeliveryRow> ended = FindEnded(subscription, event_seq);
  if (!ended.ok()) return Answer(id, ended.status());
  subscription->queue().Reopen(*ended, clock_->Now());
  commits_->Add({subscription->queue().TakeUpdate()},
                [this, id, hold = *hold] { Answer(id, absl::OkStatus()); });
  reopened_(subscription, *ended);
}

absl::StatusOr<DeliveryRow> Redelivery::FindEnded(
    const SubscriptionPtr& subscription, int64_t event_seq) const {
  if (subscription == nullptr || subscription->discards()) {
    return absl::AbortedError("its subscription sends nothing");
  }
  const SubscriptionQueue& queue = subscription->queue();
  if (!queue.IsDone(event_seq)) return absl::AbortedError("it has not ended");
  if (!queue.may_reopen()) {
    return absl::ResourceExhaustedError(
        "too many deliveries of the subscription are to be tried again");
  }
  absl::StatusOr<DeliveryRow> row = history_->GetDelivery(
      subscription->tenant_uid(), {event_seq, subscription->uid()},
      [](int64_t, int64_t, DeliveryState state) { return state; });
  if (absl::IsNotFound(row.status())) return row;
  if (!row.ok()) return absl::UnavailableError(row.status().message());
  if (row->state != DeliveryState::kDelivered &&
      row->state != DeliveryState::kParked) {
    return absl::AbortedError("it ended otherwise");
  }
  return row;
}

void Redelivery::Answer(int64_t id, absl::Status status) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;  // stopped
  const Done done = std::move(found->second);
  pending_.erase(found);
  done(std::move(status));
}

void Redelivery::Stop() {
  stopped_ = true;
  while (!pending_.empty()) {
    Answer(pending_.begin()->first,
           absl::UnavailableError("the service is ending"));
  }
}

}  // namespace mqttpush
