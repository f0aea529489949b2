#include "workers/dispatch/broker_dispatch.h"

#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "common/logging.h"
#include "workers/dispatch/retry_policy.h"

namespace mqttpush {
namespace {

using worker::v1::PublishBatch;
using worker::v1::Result;

// What one subscription may take before the next one's turn.
constexpr int kTurn = 64;
// After a failed read of the log.
constexpr absl::Duration kReadRetryDelay = absl::Seconds(1);

ErrorClass ErrorClassOf(Result::Outcome outcome) {
  switch (outcome) {
    case Result::SUCCEEDED:
      return ErrorClass::kNone;
    case Result::REJECTED:
      return ErrorClass::kRejected;
    case Result::ACK_TIMEOUT:
      return ErrorClass::kAckTimeout;
    case Result::CLIENT_ERROR:
      return ErrorClass::kClientError;
    default:
      return ErrorClass::kLinkLost;
  }
}

// The connection is gone, whether or not the worker has said so yet.
bool EndsEpoch(Result::Outcome outcome) {
  return outcome == Result::LINK_LOST || outcome == Result::NOT_SENT ||
         outcome == Result::ACK_TIMEOUT;
}

// gRPC takes 4 MiB at once; payloads may be 256 KiB each.
void SendInChunks(PublishBatch batch, WorkerChannel& channel) {
  constexpr size_t kMaxChunkBytes = 1 << 20;
  worker::v1::ControlMessage chunk;
  size_t bytes = 0;
  for (worker::v1::Publish& publish : *batch.mutable_messages()) {
    bytes += publish.payload().size() + publish.topic().size();
    chunk.mutable_publish_batch()->set_epoch(batch.epoch());
    *chunk.mutable_publish_batch()->add_messages() = std::move(publish);
    if (bytes < kMaxChunkBytes) continue;
    channel.Send(std::exchange(chunk, {}));
    bytes = 0;
  }
  if (bytes > 0) channel.Send(std::move(chunk));
}

}  // namespace

void BrokerDispatch::Configure(int64_t broker_revision,
                               std::vector<SubscriptionPtr> subscriptions) {
  broker_revision_ = broker_revision;
  subscriptions_ = std::move(subscriptions);
  PumpSoon(absl::ZeroDuration());
}

void BrokerDispatch::Attached(std::shared_ptr<WorkerChannel> channel) {
  channel_ = std::move(channel);
  draining_ = false;
}

void BrokerDispatch::Detached(const std::string& why) {
  channel_.reset();
  epoch_ = 0;
  limit_ = 0;
  Attempts touched;
  std::map<int64_t, std::vector<int64_t>> ended;
  for (auto& [token, message] : outstanding_) {
    const bool sent = message.sent_time != absl::InfinitePast();
    auto& attempts = touched[message.subscription];
    if (sent) {
      AttemptRecord attempt = MakeAttempt(message);
      attempt.start_time = message.sent_time;
      attempt.duration = context_->clock->Now() - message.sent_time;
      attempt.error_class = ErrorClass::kWorkerLost;
      attempt.error_message = why;
      attempts.push_back(std::move(attempt));
    }
    if (sent) {
      message.subscription->queue().Lost(message.event_seq, message.qos);
    } else {
      message.subscription->queue().Returned(message.event_seq, false);
    }
    ended[message.subscription->uid()].push_back(message.event_seq);
  }
  outstanding_.clear();
  CommitResults(std::move(touched), std::move(ended));
}

void BrokerDispatch::SetCredit(const worker::v1::Credit& credit) {
  epoch_ = credit.epoch();
  limit_ = credit.limit();
  Pump();
}

void BrokerDispatch::TakeResults(const worker::v1::Results& results) {
  Attempts touched;
  std::map<int64_t, std::vector<int64_t>> ended;
  for (const Result& result : results.results()) {
    auto found = outstanding_.find(result.token());
    if (found == outstanding_.end()) continue;
    const Outstanding& message = found->second;
    ended[message.subscription->uid()].push_back(message.event_seq);
    TakeResult(result, touched);
    outstanding_.erase(found);
  }
  CommitResults(std::move(touched), std::move(ended));
  Pump();
}

void BrokerDispatch::Pump() {
  if (!may_send()) return;
  PublishBatch batch;
  batch.set_epoch(epoch_);
  Attempts touched;
  bool more = false;
  const size_t count = subscriptions_.size();
  for (size_t turn = 0; turn < count && room() > 0; ++turn) {
    const SubscriptionPtr& subscription = subscriptions_[next_turn_++ % count];
    if (!subscription->sends()) continue;
    if (subscription->busy_elsewhere(broker_uid_)) continue;
    more |= TakeTurn(subscription, batch, touched);
  }
  if (!touched.empty()) CommitThenSend(std::move(batch), std::move(touched));
  if (more && room() > 0) PumpSoon(absl::ZeroDuration());
  ArmRetryTimer();
}

bool BrokerDispatch::may_send() const {
  if (context_->stopped || draining_ || channel_ == nullptr) return false;
  return outstanding_.empty() || outstanding_epoch_ == epoch_;
}

int BrokerDispatch::room() const {
  return limit_ - static_cast<int>(outstanding_.size()) - unsendable_;
}

bool BrokerDispatch::TakeTurn(const SubscriptionPtr& subscription,
                              PublishBatch& batch, Attempts& touched) {
  const int most = std::min(room(), kTurn);
  bool more = TakeRetries(subscription, most, batch, touched);
  if (room() > 0 && subscription->queue().wants_events()) {
    more |= TakeNext(subscription, std::min(room(), kTurn), batch, touched);
  }
  return more;
}

bool BrokerDispatch::TakeRetries(const SubscriptionPtr& subscription, int most,
                                 PublishBatch& batch, Attempts& touched) {
  SubscriptionQueue& queue = subscription->queue();
  const absl::Time now = context_->clock->Now();
  for (int taken = 0; taken < most; ++taken) {
    std::optional<int64_t> seq = queue.DueRetry(now);
    if (!seq.has_value()) return false;
    absl::StatusOr<EventRecord> event = context_->log->ReadEvent(*seq);
    if (!event.ok()) {
      Log::Error("event_read_failed", {{"error", event.status().message()}});
      PumpSoon(kReadRetryDelay);
      return false;
    }
    queue.RetrySent(*seq);
    AddMessage(subscription, *std::move(event), batch, touched);
  }
  return true;
}

bool BrokerDispatch::TakeNext(const SubscriptionPtr& subscription, int most,
                              PublishBatch& batch, Attempts& touched) {
  SubscriptionQueue& queue = subscription->queue();
  absl::StatusOr<EventLog::NextEvents> next =
      context_->log->ReadNext(subscription->tenant_uid(), subscription->uid(),
                              queue.read_position(), most);
  if (!next.ok()) {
    Log::Error("event_read_failed", {{"error", next.status().message()}});
    PumpSoon(kReadRetryDelay);
    return false;
  }
  for (EventRecord& event : queue.TakeToSend(*std::move(next))) {
    AddMessage(subscription, std::move(event), batch, touched);
  }
  return queue.wants_events();
}

void BrokerDispatch::AddMessage(const SubscriptionPtr& subscription,
                                EventRecord event, PublishBatch& batch,
                                Attempts& touched) {
  RenderedMessage rendered =
      subscription->Render(event, context_->default_event_id_field);
  Outstanding message = {
      .subscription = subscription,
      .event_seq = event.seq,
      .topic = rendered.topic,
      .qos = rendered.qos,
      .subscription_revision = subscription->subscription().revision,
      .broker_revision = broker_revision_};
  subscription->set_sent_to(broker_uid_);
  auto& attempts = touched[subscription];
  if (!rendered.topic_status.ok()) {
    AttemptRecord attempt = MakeAttempt(message);
    attempt.start_time = context_->clock->Now();
    attempt.error_class = ErrorClass::kTopicInvalid;
    attempt.error_message = std::string(rendered.topic_status.message());
    attempts.push_back(std::move(attempt));
    subscription->queue().Parked(event.seq);
    ++unsendable_;
    return;
  }
  const int64_t token = next_token_++;
  worker::v1::Publish* publish = batch.add_messages();
  publish->set_token(token);
  publish->set_topic(std::move(rendered.topic));
  publish->set_qos(static_cast<int>(rendered.qos));
  publish->set_retain(subscription->subscription().retain);
  publish->set_payload(std::move(rendered.payload));
  outstanding_epoch_ = epoch_;
  outstanding_.emplace(token, std::move(message));
}

void BrokerDispatch::CommitThenSend(PublishBatch batch, Attempts touched) {
  int unsendable = 0;
  for (const auto& [subscription, attempts] : touched) {
    unsendable += static_cast<int>(attempts.size());
  }
  context_->commits->Add(TakeUpdates(std::move(touched)),
                         [weak = weak_from_this(), batch = std::move(batch),
                          unsendable]() mutable {
                           auto self = weak.lock();
                           if (self == nullptr) return;
                           self->unsendable_ -= unsendable;
                           self->Send(std::move(batch));
                         });
}

void BrokerDispatch::Send(PublishBatch batch) {
  if (batch.messages().empty()) return PumpSoon(absl::ZeroDuration());
  // After a detach the messages are no longer outstanding: they went back.
  if (outstanding_.count(batch.messages(0).token()) == 0) return;
  if (draining_ || context_->stopped) return TakeBack(batch);
  std::map<int64_t, std::vector<int64_t>> sent;
  const absl::Time now = context_->clock->Now();
  for (const worker::v1::Publish& publish : batch.messages()) {
    Outstanding& message = outstanding_.at(publish.token());
    message.sent_time = now;
    sent[message.subscription->uid()].push_back(message.event_seq);
  }
  for (const auto& [uid, seqs] : sent) {
    context_->board->AddInFlight(uid, seqs);
  }
  SendInChunks(std::move(batch), *channel_);
}

// The worker was asked to end between the choice of these and their turn.
void BrokerDispatch::TakeBack(const PublishBatch& batch) {
  Attempts touched;
  for (const worker::v1::Publish& publish : batch.messages()) {
    auto found = outstanding_.find(publish.token());
    const Outstanding& message = found->second;
    message.subscription->queue().Returned(message.event_seq, false);
    touched[message.subscription];
    outstanding_.erase(found);
  }
  CommitResults(std::move(touched), {});
}

void BrokerDispatch::TakeResult(const Result& result, Attempts& touched) {
  const Outstanding& message = outstanding_.at(result.token());
  SubscriptionDispatch& subscription = *message.subscription;
  auto& attempts = touched[message.subscription];
  if (EndsEpoch(result.outcome()) && outstanding_epoch_ == epoch_) limit_ = 0;
  if (result.outcome() == Result::NOT_SENT) {
    subscription.queue().Returned(message.event_seq, /*attempted=*/false);
    return;
  }
  AttemptRecord attempt = MakeAttempt(message);
  attempt.start_time = absl::FromUnixMicros(result.start_time_us());
  attempt.duration = absl::Microseconds(result.duration_us());
  attempt.succeeded = result.outcome() == Result::SUCCEEDED;
  attempt.error_class = ErrorClassOf(result.outcome());
  attempt.error_message =
      result.error_message().substr(0, limits::kMaxErrorMessageBytes);
  attempt.reason_code = result.reason_code();
  attempt.packet_id = result.packet_id();
  attempt.session_present = result.session_present();
  attempt.broker_address = result.broker_address();
  attempts.push_back(std::move(attempt));
  switch (result.outcome()) {
    case Result::SUCCEEDED:
      return subscription.queue().Succeeded(message.event_seq);
    case Result::REJECTED:
      return Reject(subscription, message.event_seq, result);
    case Result::CLIENT_ERROR:
      return subscription.queue().Parked(message.event_seq);
    default:
      return subscription.queue().Lost(message.event_seq, message.qos);
  }
}

void BrokerDispatch::Reject(SubscriptionDispatch& subscription,
                            int64_t event_seq, const Result& result) {
  SubscriptionQueue& queue = subscription.queue();
  std::optional<absl::Duration> delay =
      RetryDelay(result.reason_code(), queue.rejection_count(event_seq) + 1,
                 context_->max_attempts, absl::Uniform(random_, 0.0, 1.0));
  if (delay.has_value()) {
    queue.RetryAt(event_seq, context_->clock->Now() + *delay);
    return;
  }
  queue.Parked(event_seq);
  Log::Warning("delivery_parked", {{"subscription_uid", subscription.uid()},
                                   {"event_seq", event_seq},
                                   {"reason_code", result.reason_code()}});
}

void BrokerDispatch::CommitResults(
    Attempts touched, std::map<int64_t, std::vector<int64_t>> ended) {
  if (touched.empty()) return;
  std::vector<SubscriptionPtr> subscriptions;
  for (const auto& [subscription, attempts] : touched) {
    subscriptions.push_back(subscription);
  }
  context_->commits->Add(TakeUpdates(std::move(touched)),
                         [board = context_->board, ended = std::move(ended)] {
                           for (const auto& [uid, seqs] : ended) {
                             board->RemoveInFlight(uid, seqs);
                           }
                         });
  for (const SubscriptionPtr& subscription : subscriptions) {
    if (subscription->queue().sent_count() == 0) {
      context_->idle(*subscription);
    }
  }
}

AttemptRecord BrokerDispatch::MakeAttempt(const Outstanding& message) const {
  AttemptRecord attempt;
  attempt.event_seq = message.event_seq;
  attempt.subscription_uid = message.subscription->uid();
  attempt.number =
      message.subscription->queue().attempt_count(message.event_seq) + 1;
  attempt.topic = message.topic;
  attempt.qos = message.qos;
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

void BrokerDispatch::PumpSoon(absl::Duration delay) {
  if (pump_posted_) return;
  pump_posted_ = true;
  auto pump = [weak = weak_from_this()] {
    auto self = weak.lock();
    if (self == nullptr) return;
    self->pump_posted_ = false;
    self->Pump();
  };
  if (delay > absl::ZeroDuration()) {
    context_->loop->PostAfter(delay, std::move(pump));
  } else {
    context_->loop->Post(std::move(pump));
  }
}

void BrokerDispatch::ArmRetryTimer() {
  absl::Time next = absl::InfiniteFuture();
  for (const SubscriptionPtr& subscription : subscriptions_) {
    if (subscription->sends() && !subscription->busy_elsewhere(broker_uid_)) {
      next = std::min(next, subscription->queue().next_retry_time());
    }
  }
  context_->loop->CancelTimer(retry_timer_);
  // Without room the next result pumps; a posted pump arms anew.
  if (next == absl::InfiniteFuture() || room() <= 0 || pump_posted_) return;
  const absl::Duration delay =
      std::max(next - context_->clock->Now(), absl::Milliseconds(1));
  retry_timer_ = context_->loop->PostAfter(delay, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->Pump();
  });
}

}  // namespace mqttpush
