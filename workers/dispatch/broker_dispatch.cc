#include "workers/dispatch/broker_dispatch.h"

#include <algorithm>
#include <utility>

#include "common/logging.h"
#include "storage/compatibility.h"
#include "workers/dispatch/attempt_evidence.h"
#include "workers/dispatch/retry_policy.h"

namespace mqttpush {
namespace {

using worker::v1::DeliveryId;
using worker::v1::Result;

// The connection is gone, whether or not the worker has said so yet.
bool EndsEpoch(Result::Outcome outcome) {
  return outcome == Result::LINK_LOST || outcome == Result::NOT_SENT ||
         outcome == Result::ACK_TIMEOUT;
}

// The worker has nothing more to do with it, nor has the broker.
bool IsAnswer(Result::Outcome outcome) {
  return outcome == Result::SUCCEEDED || outcome == Result::REJECTED ||
         outcome == Result::CLIENT_ERROR;
}

DeliveryId IdOf(int64_t subscription_uid, int64_t event_seq) {
  DeliveryId id;
  id.set_subscription_uid(subscription_uid);
  id.set_event_seq(event_seq);
  return id;
}

}  // namespace

void BrokerDispatch::Configure(int64_t broker_revision,
                               std::vector<SubscriptionPtr> subscriptions) {
  const bool other_revision =
      broker_revision_ != 0 && broker_revision_ != broker_revision;
  broker_revision_ = broker_revision;
  subscriptions_ = std::move(subscriptions);
  for (const SubscriptionPtr& subscription : subscriptions_) {
    keeps_session_ |= NamesExactlyOnce(subscription->subscription());
  }
  CheckCompatibility();
  if (other_revision) RetryNow();
  PumpSoon(absl::ZeroDuration());
}

// What the broker refused before it may take now.
void BrokerDispatch::RetryNow() {
  for (const SubscriptionPtr& subscription : subscriptions_) {
    SubscriptionQueue& queue = subscription->queue();
    if (queue.next_retry_time() == absl::InfiniteFuture()) continue;
    queue.RetryNow(context_->clock->Now());
    context_->commits->Add({queue.TakeUpdate()}, nullptr);
  }
}

void BrokerDispatch::SetLimits(const worker::v1::BrokerLimits& limits) {
  limits_ = limits;
  CheckCompatibility();
  PumpSoon(absl::ZeroDuration());
}

void BrokerDispatch::CheckCompatibility() {
  for (const SubscriptionPtr& subscription : subscriptions_) {
    std::string words;
    if (limits_.has_value()) {
      words = DescribeIncompatibility(subscription->subscription(),
                                      limits_->maximum_qos(),
                                      limits_->retain_available());
    }
    subscription->set_compatible(words.empty());
    if (context_->board->GetIncompatibility(subscription->uid()) == words) {
      continue;
    }
    Log::Warning("subscription_compatibility",
                 {{"subscription_uid", subscription->uid()},
                  {"incompatibility", words.empty() ? "none" : words}});
    context_->board->SetIncompatibility(subscription->uid(), std::move(words));
  }
}

void BrokerDispatch::Attached(std::shared_ptr<WorkerChannel> channel) {
  channel_ = std::move(channel);
  draining_ = false;
}

void BrokerDispatch::Detached(const std::string& why) {
  channel_.reset();
  epoch_ = 0;
  limit_ = 0;
  const absl::Time now = context_->clock->Now();
  Report report;
  while (!outstanding_.empty()) {
    const Outstanding& message = outstanding_.begin()->second;
    SubscriptionQueue& queue = message.subscription->queue();
    auto& attempts = report.touched[message.subscription];
    report.ended[message.subscription->uid()].push_back(message.event_seq);
    if (message.sent_time == absl::InfinitePast()) {
      queue.Returned(message.event_seq, /*attempted=*/false);
    } else {
      AttemptRecord attempt = MakeAttempt(message);
      attempt.start_time = message.sent_time;
      attempt.duration = now - message.sent_time;
      attempt.error_class = ErrorClass::kWorkerLost;
      attempt.error_message = why;
      attempt.broker_address = outstanding_address_;
      attempt.connection = outstanding_epoch_;
      attempts.push_back(std::move(attempt));
      queue.Lost(message.event_seq, message.qos, now);
    }
    Remove(outstanding_.begin());
  }
  CommitReport(std::move(report));
}

void BrokerDispatch::SetCredit(const worker::v1::Credit& credit) {
  epoch_ = credit.epoch();
  limit_ = credit.limit();
  Pump();
}

void BrokerDispatch::TakeResults(const worker::v1::Results& results) {
  Report report;
  for (const Result& result : results.results()) {
    auto found = outstanding_.find(result.token());
    if (found == outstanding_.end()) continue;
    TakeResult(result, found->second, report);
    Remove(found);
  }
  CommitReport(std::move(report));
  Pump();
}

void BrokerDispatch::TakeResult(const Result& result,
                                const Outstanding& message, Report& report) {
  const int64_t uid = message.subscription->uid();
  auto& attempts = report.touched[message.subscription];
  report.ended[uid].push_back(message.event_seq);
  if (EndsEpoch(result.outcome()) && outstanding_epoch_ == epoch_) limit_ = 0;
  if (result.outcome() == Result::NOT_SENT) {
    message.subscription->queue().Returned(message.event_seq,
                                           /*attempted=*/false);
    return;
  }
  if (IsAnswer(result.outcome()) && message.qos != Qos::kAtMostOnce) {
    report.answered.push_back(IdOf(uid, message.event_seq));
  }
  AttemptRecord attempt = MakeAttempt(message);
  AddEvidence(result, attempt);
  if (RefusedByLoss(message, attempt.qos, result)) {
    if (result.outcome() == Result::LINK_LOST) {
      attempt.error_class = ErrorClass::kLinkCut;
    }
    Reject(message, 0, /*answered=*/false);
  } else {
    Settle(message, attempt.qos, result);
  }
  attempts.push_back(std::move(attempt));
}

bool BrokerDispatch::RefusedByLoss(const Outstanding& message, Qos qos,
                                   const Result& result) {
  if (qos == Qos::kAtMostOnce) return false;
  if (result.outcome() != Result::LINK_LOST &&
      result.outcome() != Result::ACK_TIMEOUT) {
    return false;
  }
  return poison_.Lost({message.subscription->uid(), message.event_seq},
                      result.suspect(), message.alone);
}

void BrokerDispatch::Settle(const Outstanding& message, Qos qos,
                            const Result& result) {
  SubscriptionQueue& queue = message.subscription->queue();
  const PoisonWatch::Delivery delivery = {message.subscription->uid(),
                                          message.event_seq};
  switch (result.outcome()) {
    case Result::SUCCEEDED:
      // At QoS 0 it was written, which says nothing about the broker.
      if (qos != Qos::kAtMostOnce) poison_.Acknowledged(delivery);
      return queue.Succeeded(message.event_seq);
    case Result::REJECTED:
      poison_.Acknowledged(delivery);
      return Reject(message, result.reason_code(), /*answered=*/true);
    case Result::CLIENT_ERROR:
      poison_.Ended(delivery);
      return queue.Parked(message.event_seq, context_->clock->Now());
    default:
      return queue.Lost(message.event_seq, qos, context_->clock->Now());
  }
}

void BrokerDispatch::Reject(const Outstanding& message, int reason_code,
                            bool answered) {
  SubscriptionQueue& queue = message.subscription->queue();
  const int64_t event_seq = message.event_seq;
  const absl::Time now = context_->clock->Now();
  std::optional<absl::Duration> delay =
      RetryDelay(reason_code, queue.rejection_count(event_seq) + 1,
                 context_->max_attempts, absl::Uniform(random_, 0.0, 1.0));
  if (delay.has_value())
    return queue.RetryAt(event_seq, now + *delay, answered);
  queue.Parked(event_seq, now, /*refused=*/true);
  poison_.Ended({message.subscription->uid(), event_seq});
  Log::Warning("delivery_parked",
               {{"subscription_uid", message.subscription->uid()},
                {"event_seq", event_seq},
                {"reason_code", reason_code}});
}

void BrokerDispatch::Remove(std::map<int64_t, Outstanding>::iterator message) {
  outstanding_bytes_ -= message->second.bytes;
  outstanding_.erase(message);
}

void BrokerDispatch::CommitReport(Report report) {
  if (report.touched.empty()) return;
  std::vector<SubscriptionPtr> subscriptions;
  for (const auto& [subscription, attempts] : report.touched) {
    subscriptions.push_back(subscription);
  }
  context_->commits->Add(
      TakeUpdates(std::move(report.touched)),
      [weak = weak_from_this(), board = context_->board,
       ended = std::move(report.ended), answered = std::move(report.answered)] {
        for (const auto& [uid, seqs] : ended) board->RemoveInFlight(uid, seqs);
        if (auto self = weak.lock()) self->Forget(answered);
      });
  for (const SubscriptionPtr& subscription : subscriptions) {
    context_->returned(subscription);
  }
}

void BrokerDispatch::Forget(const std::vector<DeliveryId>& deliveries) {
  if (deliveries.empty() || !keeps_session_ || channel_ == nullptr) return;
  worker::v1::ControlMessage message;
  for (const DeliveryId& delivery : deliveries) {
    *message.mutable_forget()->add_deliveries() = delivery;
  }
  channel_->Send(std::move(message));
}

AttemptRecord BrokerDispatch::MakeAttempt(const Outstanding& message) const {
  AttemptRecord attempt;
  attempt.event_seq = message.event_seq;
  attempt.subscription_uid = message.subscription->uid();
  attempt.number =
      message.subscription->queue().attempt_count(message.event_seq) + 1;
  attempt.manual =
      message.subscription->queue().request_time(message.event_seq).has_value();
  attempt.topic = message.topic;
  attempt.qos = message.qos;
  attempt.requested_qos = message.qos;
  attempt.subscription_revision = message.subscription_revision;
  attempt.broker_revision = message.broker_revision;
  return attempt;
}

std::vector<DeliveryUpdate> BrokerDispatch::TakeUpdates(Attempts touched) {
  std::vector<DeliveryUpdate> updates;
  for (auto& [subscription, attempts] : touched) {
    updates.push_back(subscription->queue().TakeUpdate());
    updates.back().attempts = std::move(attempts);
  }
  return updates;
}

}  // namespace mqttpush
