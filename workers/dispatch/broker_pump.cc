// The half of BrokerDispatch that chooses and sends.
#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "common/logging.h"
#include "workers/dispatch/broker_dispatch.h"

namespace mqttpush {
namespace {

using worker::v1::PublishBatch;

// Of the credit, of which a worker's window is the half.
constexpr int kPartToFill = 4;
// What one subscription may take before the next one's turn.
constexpr int kTurn = 64;
// After a failed read of the log.
constexpr absl::Duration kReadRetryDelay = absl::Seconds(1);
// So that a clock that is set forward is noticed.
constexpr absl::Duration kLongestTimer = absl::Minutes(1);

// The worker begins before it has them all; payloads may be 256 KiB each.
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

void BrokerDispatch::Pump() {
  if (!may_send() || held_for_one() || has_enough()) return;
  one_waits_ = false;
  Round round;
  round.batch.set_epoch(epoch_);
  bool more = false;
  const size_t count = subscriptions_.size();
  for (size_t turn = 0; turn < count && room() > 0; ++turn) {
    const SubscriptionPtr& subscription = subscriptions_[next_turn_++ % count];
    if (!subscription->sends()) continue;
    if (subscription->busy_elsewhere(broker_uid_)) continue;
    more |= TakeTurn(subscription, round);
    if (round.alone || one_waits_) break;
  }
  if (one_waits_) --next_turn_;  // the same subscription is first again
  if (!round.touched.empty()) CommitThenSend(std::move(round));
  if (more && room() > 0 && !held_for_one()) PumpSoon(absl::ZeroDuration());
  ArmRetryTimer();
}

bool BrokerDispatch::may_send() const {
  if (context_->stopped || draining_ || channel_ == nullptr) return false;
  return outstanding_.empty() || outstanding_epoch_ == epoch_;
}

// The rest of the credit is filled in one go: the worker has more than it may
// send by now, and single messages cost many times as much as those of a batch.
bool BrokerDispatch::has_enough() const {
  return !outstanding_.empty() && room() < limit_ / kPartToFill;
}

int BrokerDispatch::room() const {
  if (outstanding_bytes_ >= limits::kMaxOutstandingBytes) return 0;
  return limit_ - static_cast<int>(outstanding_.size()) - unsendable_;
}

bool BrokerDispatch::held_for_one() const {
  if (outstanding_.empty()) return false;
  return one_waits_ || outstanding_.begin()->second.alone;
}

bool BrokerDispatch::TakeTurn(const SubscriptionPtr& subscription,
                              Round& round) {
  bool more = TakeRetries(subscription, std::min(room(), kTurn), round);
  if (round.alone || one_waits_) return true;
  if (room() > 0 && subscription->queue().wants_events()) {
    more |= TakeNext(subscription, std::min(room(), kTurn), round);
  }
  return more;
}

bool BrokerDispatch::TakeRetries(const SubscriptionPtr& subscription, int most,
                                 Round& round) {
  SubscriptionQueue& queue = subscription->queue();
  const absl::Time now = context_->clock->Now();
  for (int taken = 0; taken < most && room() > 0 && !round.alone; ++taken) {
    std::optional<int64_t> seq = queue.DueRetry(now);
    if (!seq.has_value()) return false;
    if (!MayGoFirst(*subscription, *seq, round)) return true;
    absl::StatusOr<EventRecord> event = context_->log->ReadEvent(*seq);
    if (absl::IsNotFound(event.status())) {
      EndLost(subscription, *seq, round);
      continue;
    }
    if (!event.ok()) {
      Log::Error("event_read_failed", {{"error", event.status().message()}});
      round.alone = false;
      PumpSoon(kReadRetryDelay);
      return false;
    }
    queue.RetrySent(*seq);
    Take(subscription, *std::move(event), round);
  }
  return true;
}

// What was in a damaged segment must not keep those behind it.
void BrokerDispatch::EndLost(const SubscriptionPtr& subscription,
                             int64_t event_seq, Round& round) {
  Log::Error("event_lost", {{"subscription_uid", subscription->uid()},
                            {"event_seq", event_seq}});
  subscription->queue().Ended(event_seq, {EndReason::kEventLost},
                              context_->clock->Now());
  poison_.Ended({subscription->uid(), event_seq});
  round.alone = false;
  round.touched[subscription];
  ++round.unsendable;
  ++unsendable_;
}

bool BrokerDispatch::TakeNext(const SubscriptionPtr& subscription, int most,
                              Round& round) {
  SubscriptionQueue& queue = subscription->queue();
  absl::StatusOr<EventLog::NextEvents> next =
      context_->log->ReadNext(subscription->tenant_uid(), subscription->uid(),
                              queue.read_position(), most);
  if (!next.ok()) {
    Log::Error("event_read_failed", {{"error", next.status().message()}});
    PumpSoon(kReadRetryDelay);
    return false;
  }
  CutForOne(*subscription, *next, round);
  for (EventRecord& event : queue.TakeToSend(*std::move(next))) {
    Take(subscription, std::move(event), round);
  }
  return queue.wants_events();
}

bool BrokerDispatch::MayGoFirst(const SubscriptionDispatch& subscription,
                                int64_t event_seq, Round& round) {
  if (!poison_.MustBeAlone({subscription.uid(), event_seq})) return true;
  round.alone = outstanding_.empty();
  one_waits_ = !round.alone;
  return round.alone;
}

void BrokerDispatch::CutForOne(const SubscriptionDispatch& subscription,
                               EventLog::NextEvents& next, Round& round) {
  auto waits = [&](const EventRecord& event) {
    return subscription.queue().Waits(event.seq);
  };
  auto one = std::find_if(
      next.events.begin(), next.events.end(), [&](const EventRecord& event) {
        return poison_.MustBeAlone({subscription.uid(), event.seq}) &&
               waits(event);
      });
  if (one == next.events.end()) return;
  const bool first = std::none_of(next.events.begin(), one, waits);
  const bool now = first && MayGoFirst(subscription, one->seq, round);
  next.at_end = false;
  next.scanned_through = now ? one->seq : one->seq - 1;
  next.events.erase(now ? one + 1 : one, next.events.end());
}

// What has been taken to be sent is sent, or ends here.
void BrokerDispatch::Take(const SubscriptionPtr& subscription,
                          EventRecord event, Round& round) {
  const absl::Time now = context_->clock->Now();
  const Ending over = subscription->EndingOf(event, now, LinkState::kConnected);
  auto& attempts = round.touched[subscription];
  if (over.reason != EndReason::kNone) {
    subscription->queue().Ended(event.seq, over, now);
    poison_.Ended({subscription->uid(), event.seq});
    ++round.unsendable;
    ++unsendable_;
    return;
  }
  RenderedMessage rendered =
      subscription->Render(event, context_->default_event_id_field);
  Outstanding message = {
      .subscription = subscription,
      .event_seq = event.seq,
      .topic = rendered.topic,
      .qos = rendered.qos,
      .subscription_revision = subscription->subscription().revision,
      .broker_revision = broker_revision_,
      .bytes = rendered.payload.size(),
      .alone = round.alone};
  if (rendered.topic_status.ok()) {
    AddMessage(std::move(message), std::move(rendered), round);
    return;
  }
  AttemptRecord attempt = MakeAttempt(message);
  attempt.start_time = now;
  attempt.error_class = ErrorClass::kTopicInvalid;
  attempt.error_message = std::string(rendered.topic_status.message());
  attempts.push_back(std::move(attempt));
  subscription->queue().Parked(event.seq, now);
  ++round.unsendable;
  ++unsendable_;
}

void BrokerDispatch::AddMessage(Outstanding message, RenderedMessage rendered,
                                Round& round) {
  const int64_t token = next_token_++;
  message.subscription->set_sent_to(broker_uid_);
  worker::v1::Publish* publish = round.batch.add_messages();
  publish->set_token(token);
  publish->set_topic(std::move(rendered.topic));
  publish->set_qos(static_cast<int>(rendered.qos));
  publish->set_retain(message.subscription->subscription().retain);
  publish->set_payload(std::move(rendered.payload));
  publish->mutable_delivery()->set_subscription_uid(
      message.subscription->uid());
  publish->mutable_delivery()->set_event_seq(message.event_seq);
  publish->set_subscription_revision(message.subscription_revision);
  publish->set_alone(message.alone);
  outstanding_epoch_ = epoch_;
  outstanding_bytes_ += message.bytes;
  outstanding_.emplace(token, std::move(message));
}

void BrokerDispatch::CommitThenSend(Round round) {
  context_->commits->Add(
      TakeUpdates(std::move(round.touched)),
      [weak = weak_from_this(), batch = std::move(round.batch),
       unsendable = round.unsendable]() mutable {
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
  outstanding_address_ = context_->board->GetLink(broker_uid_).broker_address;
  std::map<int64_t, std::vector<int64_t>> sent;
  const absl::Time now = context_->clock->Now();
  for (const worker::v1::Publish& publish : batch.messages()) {
    Outstanding& message = outstanding_.at(publish.token());
    message.sent_time = now;
    sent[message.subscription->uid()].push_back(message.event_seq);
  }
  for (const auto& [uid, seqs] : sent) {
    context_->board->AddInFlight(uid, seqs, now);
  }
  SendInChunks(std::move(batch), *channel_);
}

// The worker was asked to end between the choice of these and their turn.
void BrokerDispatch::TakeBack(const PublishBatch& batch) {
  Report report;
  for (const worker::v1::Publish& publish : batch.messages()) {
    auto found = outstanding_.find(publish.token());
    const Outstanding& message = found->second;
    message.subscription->queue().Returned(message.event_seq, false);
    report.touched[message.subscription];
    Remove(found);
  }
  CommitReport(std::move(report));
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
  const absl::Duration delay = std::clamp(next - context_->clock->Now(),
                                          absl::Milliseconds(1), kLongestTimer);
  retry_timer_ = context_->loop->PostAfter(delay, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->Pump();
  });
}

}  // namespace mqttpush
