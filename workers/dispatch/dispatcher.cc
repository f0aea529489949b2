#include "workers/dispatch/dispatcher.h"

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
    "may have been sent";

}  // namespace

Dispatcher::Dispatcher(EventLog* log, EventLoop* loop, const Clock* clock,
                       StatusBoard* board, DispatcherOptions options)
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
               .idle = [this](const SubscriptionDispatch& subscription) {
                 OnIdle(subscription);
               }} {}

void Dispatcher::OnConfig(std::shared_ptr<const ConfigSnapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  if (!deleted_settled_) {
    absl::Status settled = SettleDeleted();
    deleted_settled_ = settled.ok();
    if (!settled.ok()) TryAgainLater("deleted subscriptions", settled);
  }
  ConfigureSubscriptions();
  ConfigureBrokers();
}

void Dispatcher::ConfigureSubscriptions() {
  for (const auto& [key, record] : snapshot_->subscriptions()) {
    if (subscriptions_.count(record->uid) == 0) {
      if (absl::Status opened = Open(*record); !opened.ok()) {
        TryAgainLater(record->id, opened);
        continue;
      }
    }
    subscriptions_[record->uid]->Configure(
        snapshot_, record.get(), snapshot_->FindTenant(record->tenant_uid));
  }
  std::erase_if(subscriptions_, [&](auto& entry) {
    if (snapshot_->FindSubscription(entry.first) != nullptr) return false;
    entry.second->Close();
    return entry.second->queue().sent_count() == 0;
  });
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

absl::Status Dispatcher::SettleDeleted() {
  MQTTPUSH_ASSIGN_OR_RETURN(std::vector<SubscriptionState> doubtful,
                            log_->ListUndelivered());
  for (const SubscriptionState& state : doubtful) {
    if (snapshot_->FindSubscription(state.uid) != nullptr) continue;
    MQTTPUSH_ASSIGN_OR_RETURN(SubscriptionRecovery recovery,
                              log_->Recover(state.uid));
    SubscriptionDispatch deleted(state.tenant_uid, recovery);
    MQTTPUSH_RETURN_IF_ERROR(SettleDoubt(deleted, recovery.state.sent_through));
  }
  return absl::OkStatus();
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
  auto subscription =
      std::make_shared<SubscriptionDispatch>(record.tenant_uid, recovery);
  subscription->Configure(snapshot_, &record,
                          snapshot_->FindTenant(record.tenant_uid));
  MQTTPUSH_RETURN_IF_ERROR(
      SettleDoubt(*subscription, recovery.state.sent_through));
  subscriptions_[record.uid] = std::move(subscription);
  return absl::OkStatus();
}

absl::Status Dispatcher::SettleDoubt(SubscriptionDispatch& subscription,
                                     int64_t sent_through) {
  SubscriptionQueue& queue = subscription.queue();
  std::vector<AttemptRecord> attempts;
  auto settle = [&](EventRecord& event) {
    attempts.push_back(ServiceLost(subscription, event));
    queue.Lost(event.seq, attempts.back().qos);
  };
  for (int64_t event_seq : queue.ListSent()) {  // retries
    MQTTPUSH_ASSIGN_OR_RETURN(EventRecord event, log_->ReadEvent(event_seq));
    settle(event);
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
  if (attempts.empty()) return absl::OkStatus();
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
  attempt.start_time = clock_->Now();
  attempt.error_class = ErrorClass::kServiceLost;
  attempt.error_message = kServiceLost;
  attempt.qos = Qos::kAtLeastOnce;
  if (subscription.closed()) return attempt;
  // As it would be sent now; what it was sent by is not known any more.
  RenderedMessage rendered =
      subscription.Render(event, context_.default_event_id_field);
  attempt.topic = std::move(rendered.topic);
  attempt.qos = rendered.qos;
  attempt.subscription_revision = subscription.subscription().revision;
  return attempt;
}

void Dispatcher::OnAppended(const std::vector<int64_t>& subscription_uids) {
  std::map<int64_t, bool> brokers;
  for (int64_t uid : subscription_uids) {
    auto found = subscriptions_.find(uid);
    if (found == subscriptions_.end() || found->second->closed()) continue;
    found->second->queue().NoteAppended();
    brokers[found->second->subscription().broker_uid] = true;
  }
  for (const auto& [broker_uid, touched] : brokers) Broker(broker_uid).Pump();
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

void Dispatcher::OnIdle(const SubscriptionDispatch& subscription) {
  if (subscription.closed()) {
    subscriptions_.erase(subscription.uid());
    return;
  }
  // It may have been waiting to go on with another broker.
  const int64_t broker_uid = subscription.subscription().broker_uid;
  loop_->Post([this, broker_uid] { Broker(broker_uid).Pump(); });
}

void Dispatcher::OnSessionReport(int64_t, const worker::v1::SessionReport&) {}

void Dispatcher::OnLimits(int64_t, const worker::v1::BrokerLimits&) {}

}  // namespace mqttpush
