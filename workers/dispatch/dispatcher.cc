#include "workers/dispatch/dispatcher.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/logging.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

// After the log could not be read.
constexpr absl::Duration kReopenDelay = absl::Seconds(1);
constexpr int kDoubtReadSize = 256;

constexpr char kServiceLost[] =
    "the service ended before the broker's answer was recorded; the message "
    "may have been sent (topic and QoS are those of now)";

// Parked because its broker ended the connection on it, or never answered it:
// it must not take others along.
bool RefusedByLoss(const DeliveryRow& ended) {
  if (ended.state != DeliveryState::kParked) return false;
  if (!ended.last_attempt.has_value()) return false;
  const ErrorClass error_class = ended.last_attempt->error_class;
  return error_class == ErrorClass::kLinkCut ||
         error_class == ErrorClass::kAckTimeout;
}

}  // namespace

Dispatcher::Dispatcher(EventLog* log, HistoryReader* history, EventLoop* loop,
                       const Clock* clock, StatusBoard* board,
                       DispatcherOptions options)
    : log_(log),
      loop_(loop),
      clock_(clock),
      commits_(log, loop),
      context_{.log = log,
               .loop = loop,
               .clock = clock,
               .board = board,
               .commits = &commits_,
               .default_event_id_field = options.default_event_id_field,
               .max_attempts = options.max_attempts,
               .returned =
                   [this](const SubscriptionPtr& subscription) {
                     OnReturned(subscription);
                   }},
      undelivered_at_start_(log->ListUndelivered()),
      qos_0_lifetime_(options.qos_0_lifetime),
      sweeper_(log, loop, clock, board, &commits_,
               [this](const SubscriptionPtr& swept) {
                 auto found = subscriptions_.find(swept->uid());
                 if (found == subscriptions_.end()) return;
                 if (found->second == swept) subscriptions_.erase(found);
               }),
      trimmer_(log, loop, clock, &commits_, &subscriptions_, options.quotas),
      redelivery_(
          log, history, clock, &commits_,
          [this](int64_t uid) {
            auto found = subscriptions_.find(uid);
            return found == subscriptions_.end() ? nullptr : found->second;
          },
          [this](const SubscriptionPtr& subscription,
                 const DeliveryRow& ended) {
            OnReopened(subscription, ended);
          }) {}

void Dispatcher::OnConfig(std::shared_ptr<const ConfigSnapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  for (const auto& [key, record] : snapshot_->subscriptions()) {
    newest_uid_ = std::max(newest_uid_, record->uid);
  }
  if (!deleted_opened_) {
    absl::Status opened = OpenDeleted();
    deleted_opened_ = opened.ok();
    if (!opened.ok()) TryAgainLater("deleted subscriptions", opened);
  }
  ConfigureSubscriptions();
  ConfigureBrokers();
  trimmer_.OnConfig(snapshot_);
}

void Dispatcher::ConfigureSubscriptions() {
  for (const auto& [key, record] : snapshot_->subscriptions()) {
    if (subscriptions_.count(record->uid) == 0) {
      if (absl::Status opened = Open(*record); !opened.ok()) {
        TryAgainLater(record->id, opened);
        continue;
      }
    }
    const SubscriptionPtr& subscription = subscriptions_[record->uid];
    if (subscription->Configure(snapshot_, record.get(),
                                snapshot_->FindTenant(record->tenant_uid),
                                clock_->Now())) {
      RetryNow(*subscription);
    }
  }
  for (auto& [uid, subscription] : subscriptions_) {
    if (snapshot_->FindSubscription(uid) == nullptr) {
      subscription->Close();
      context_.board->SetIncompatibility(uid, "");
    }
    sweeper_.Look(subscription);
  }
}

void Dispatcher::RetryNow(SubscriptionDispatch& subscription) {
  if (subscription.queue().next_retry_time() == absl::InfiniteFuture()) return;
  subscription.queue().RetryNow(clock_->Now());
  commits_.Add({subscription.queue().TakeUpdate()}, nullptr);
}

void Dispatcher::SendAgain(int64_t subscription_uid, int64_t event_seq,
                           Redelivery::Done done) {
  if (subscriptions_.count(subscription_uid) == 0 &&
      !IsDeleted(subscription_uid)) {
    return done(absl::UnavailableError("its subscription is not read yet"));
  }
  redelivery_.Request(subscription_uid, event_seq, std::move(done));
}

void Dispatcher::TryAgainLater(const std::string& what,
                               const absl::Status& why) {
  Log::Error("subscription_open_failed",
             {{"subscription", what}, {"error", why.message()}});
  if (std::exchange(reopen_posted_, true)) return;
  loop_->PostAfter(kReopenDelay, [this] {
    reopen_posted_ = false;
    OnConfig(snapshot_);
  });
}

absl::Status Dispatcher::OpenDeleted() {
  if (undelivered_at_start_.ok()) {
    for (const SubscriptionState& state : *undelivered_at_start_) {
      if (snapshot_->FindSubscription(state.uid) != nullptr) continue;
      MQTTPUSH_RETURN_IF_ERROR(OpenDeleted(state.uid));
    }
    undelivered_at_start_->clear();
  }
  // After a failed read.
  MQTTPUSH_ASSIGN_OR_RETURN(std::vector<SubscriptionState> undelivered,
                            log_->ListUndelivered());
  for (const SubscriptionState& state : undelivered) {
    if (!IsDeleted(state.uid)) continue;
    MQTTPUSH_RETURN_IF_ERROR(OpenDeleted(state.uid));
  }
  return absl::OkStatus();
}

absl::Status Dispatcher::OpenDeleted(int64_t uid) {
  if (subscriptions_.count(uid) > 0) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(SubscriptionRecovery recovery, log_->Recover(uid));
  auto deleted = std::make_shared<SubscriptionDispatch>(
      recovery.state.tenant_uid, recovery, qos_0_lifetime_);
  MQTTPUSH_RETURN_IF_ERROR(SettleDoubt(*deleted, recovery.state.sent_through));
  subscriptions_[uid] = deleted;
  sweeper_.Look(deleted);
  return absl::OkStatus();
}

// Uids grow, and configurations come in order.
bool Dispatcher::IsDeleted(int64_t uid) const {
  return uid <= newest_uid_ && snapshot_->FindSubscription(uid) == nullptr;
}

void Dispatcher::ConfigureBrokers() {
  std::map<int64_t, std::vector<SubscriptionPtr>> by_broker;
  for (const auto& [uid, subscription] : subscriptions_) {
    if (subscription->closed()) continue;
    by_broker[subscription->subscription().broker_uid].push_back(subscription);
  }
  for (const auto& [key, record] : snapshot_->brokers()) {
    Broker(record->uid).Configure(record->revision, by_broker[record->uid]);
  }
  std::erase_if(brokers_, [&](const auto& entry) {
    return snapshot_->FindBroker(entry.first) == nullptr &&
           !entry.second->attached();
  });
}

absl::Status Dispatcher::Open(const SubscriptionRecord& record) {
  MQTTPUSH_ASSIGN_OR_RETURN(SubscriptionRecovery recovery,
                            log_->Recover(record.uid));
  auto subscription = std::make_shared<SubscriptionDispatch>(
      record.tenant_uid, recovery, qos_0_lifetime_);
  subscription->Configure(snapshot_, &record,
                          snapshot_->FindTenant(record.tenant_uid),
                          clock_->Now());
  MQTTPUSH_RETURN_IF_ERROR(
      SettleDoubt(*subscription, recovery.state.sent_through));
  subscriptions_[record.uid] = std::move(subscription);
  return absl::OkStatus();
}

absl::Status Dispatcher::SettleDoubt(SubscriptionDispatch& subscription,
                                     int64_t sent_through) {
  SubscriptionQueue& queue = subscription.queue();
  std::vector<AttemptRecord> attempts;
  bool lost = false;  // events, with a damaged segment
  auto settle = [&](EventRecord& event) {
    attempts.push_back(ServiceLost(subscription, event));
    queue.Lost(event.seq, attempts.back().qos, clock_->Now());
  };
  for (int64_t event_seq : queue.ListSent()) {  // retries
    absl::StatusOr<EventRecord> event = log_->ReadEvent(event_seq);
    if (absl::IsNotFound(event.status())) {
      queue.Ended(event_seq, {EndReason::kEventLost}, clock_->Now());
      lost = true;
      continue;
    }
    MQTTPUSH_RETURN_IF_ERROR(event.status());
    settle(*event);
  }
  // All are read first: Returned() moves the read position back.
  std::vector<EventRecord> events;
  while (queue.read_position() < sent_through && !queue.at_end()) {
    MQTTPUSH_ASSIGN_OR_RETURN(
        EventLog::NextEvents next,
        log_->ReadNext(subscription.tenant_uid(), subscription.uid(),
                       queue.read_position(), kDoubtReadSize));
    for (EventRecord& event : queue.TakeToSend(std::move(next))) {
      events.push_back(std::move(event));
    }
  }
  for (EventRecord& event : events) {
    if (event.seq <= sent_through) {
      settle(event);
    } else {
      queue.Returned(event.seq, /*attempted=*/false);
    }
  }
  if (attempts.empty() && !lost) return absl::OkStatus();
  DeliveryUpdate update = queue.TakeUpdate();
  update.attempts = std::move(attempts);
  commits_.Add({std::move(update)}, nullptr);
  return absl::OkStatus();
}

AttemptRecord Dispatcher::ServiceLost(SubscriptionDispatch& subscription,
                                      EventRecord& event) const {
  AttemptRecord attempt;
  attempt.event_seq = event.seq;
  attempt.subscription_uid = subscription.uid();
  attempt.number = subscription.queue().attempt_count(event.seq) + 1;
  attempt.manual = subscription.queue().request_time(event.seq).has_value();
  attempt.start_time = clock_->Now();
  attempt.error_class = ErrorClass::kServiceLost;
  attempt.error_message = kServiceLost;
  attempt.qos = attempt.requested_qos = Qos::kAtLeastOnce;
  if (subscription.closed()) return attempt;
  // As it would be sent now; what it was sent by is not known any more.
  RenderedMessage rendered =
      subscription.Render(event, context_.default_event_id_field);
  attempt.topic = std::move(rendered.topic);
  attempt.qos = attempt.requested_qos = rendered.qos;
  attempt.subscription_revision = subscription.subscription().revision;
  return attempt;
}

void Dispatcher::OnAppended(const std::vector<int64_t>& subscription_uids) {
  std::map<int64_t, bool> brokers;
  std::set<int64_t> tenants;
  for (int64_t uid : subscription_uids) {
    auto found = subscriptions_.find(uid);
    if (found == subscriptions_.end()) {
      // Routed before, and accepted after, its subscription was deleted.
      if (!IsDeleted(uid)) continue;
      absl::Status opened = OpenDeleted(uid);
      deleted_opened_ &= opened.ok();
      if (!opened.ok()) TryAgainLater("deleted subscriptions", opened);
      continue;
    }
    const SubscriptionPtr& subscription = found->second;
    subscription->queue().NoteAppended();
    sweeper_.NoteAppended(subscription);
    if (subscription->closed()) continue;
    tenants.insert(subscription->tenant_uid());
    brokers[subscription->subscription().broker_uid] = true;
  }
  for (const auto& [broker_uid, touched] : brokers) Broker(broker_uid).Pump();
  for (const int64_t tenant_uid : tenants) trimmer_.NoteAppended(tenant_uid);
}

void Dispatcher::OnAttached(int64_t broker_uid,
                            std::shared_ptr<WorkerChannel> channel) {
  Broker(broker_uid).Attached(std::move(channel));
}

void Dispatcher::OnDraining(int64_t broker_uid) {
  Broker(broker_uid).StopSending();
}

void Dispatcher::OnDetached(int64_t broker_uid, const std::string& why) {
  Broker(broker_uid).Detached(why);
  if (snapshot_->FindBroker(broker_uid) == nullptr) {
    brokers_.erase(broker_uid);
  }
}

void Dispatcher::OnCredit(int64_t broker_uid,
                          const worker::v1::Credit& credit) {
  Broker(broker_uid).SetCredit(credit);
}

void Dispatcher::OnResults(int64_t broker_uid,
                           const worker::v1::Results& results) {
  Broker(broker_uid).TakeResults(results);
}

BrokerDispatch& Dispatcher::Broker(int64_t broker_uid) {
  std::shared_ptr<BrokerDispatch>& broker = brokers_[broker_uid];
  if (broker == nullptr) {
    broker = std::make_shared<BrokerDispatch>(broker_uid, &context_);
  }
  return *broker;
}

void Dispatcher::OnSessionReport(int64_t broker_uid,
                                 const worker::v1::SessionReport& report) {
  Broker(broker_uid).NoteSession();
  std::vector<worker::v1::DeliveryId> over;
  for (const worker::v1::DeliveryId& delivery : report.ended()) {
    if (!MayHaveEnded(delivery)) over.push_back(delivery);
  }
  // How some of them ended may still be on its way to the disk.
  commits_.Add({}, [this, broker_uid, over = std::move(over)] {
    auto broker = brokers_.find(broker_uid);
    if (broker != brokers_.end()) broker->second->Forget(over);
  });
}

bool Dispatcher::MayHaveEnded(const worker::v1::DeliveryId& delivery) const {
  auto found = subscriptions_.find(delivery.subscription_uid());
  if (found != subscriptions_.end()) {
    return found->second->queue().MayHaveEnded(delivery.event_seq());
  }
  // It could not be read from the log yet, or all of it is done.
  return snapshot_->FindSubscription(delivery.subscription_uid()) != nullptr;
}

void Dispatcher::OnLimits(int64_t broker_uid,
                          const worker::v1::BrokerLimits& limits) {
  Broker(broker_uid).SetLimits(limits);
}

void Dispatcher::OnReopened(const SubscriptionPtr& subscription,
                            const DeliveryRow& ended) {
  sweeper_.NoteAppended(subscription);
  BrokerDispatch& broker = Broker(subscription->subscription().broker_uid);
  if (RefusedByLoss(ended)) {
    broker.SendAlone({subscription->uid(), ended.event.seq});
  }
  broker.Pump();
}

void Dispatcher::OnReturned(const SubscriptionPtr& subscription) {
  sweeper_.NoteResults(subscription);
  if (subscription->queue().sent_count() > 0) return;
  if (subscription->discards()) sweeper_.Look(subscription);
  if (subscription->closed()) return;
  // It may have been waiting to go on with another broker.
  const int64_t broker_uid = subscription->subscription().broker_uid;
  loop_->Post([this, broker_uid] { Broker(broker_uid).Pump(); });
}

}  // namespace mqttpush
