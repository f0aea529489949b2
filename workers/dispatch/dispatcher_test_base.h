// What the tests of dispatch share: the real log, which is checked after every
// commit, and a worker that the test plays.
#ifndef MQTTPUSH_WORKERS_DISPATCH_DISPATCHER_TEST_BASE_H_
#define MQTTPUSH_WORKERS_DISPATCH_DISPATCHER_TEST_BASE_H_

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/log/sqlite_history_reader.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"
#include "workers/dispatch/checked_log.h"
#include "workers/dispatch/dispatcher.h"

namespace mqttpush {

inline constexpr int64_t kTenant = 1;
inline constexpr int64_t kBroker = 3;
inline constexpr int64_t kOtherBroker = 4;
inline constexpr int64_t kSubscription = 7;
inline constexpr absl::Duration kDeadline = absl::Seconds(30);

// Moves only when it is told to.
class SettableClock : public Clock {
 public:
  absl::Time Now() const override {
    return absl::FromUnixMicros(now_us_.load());
  }
  void Advance(absl::Duration by) { now_us_ += absl::ToInt64Microseconds(by); }

 private:
  std::atomic<int64_t> now_us_{1'700'000'000'000'000};
};

// Collects what dispatch sends to a worker.
class FakeChannel : public WorkerChannel {
 public:
  using Publish = worker::v1::Publish;

  void Send(worker::v1::ControlMessage message) override {
    MutexLock lock(&mutex_);
    for (const auto& delivery : message.forget().deliveries()) {
      forgotten_.emplace_back(delivery.subscription_uid(),
                              delivery.event_seq());
    }
    if (!message.has_publish_batch()) return;
    for (Publish& publish :
         *message.mutable_publish_batch()->mutable_messages()) {
      messages_.push_back(std::move(publish));
    }
    changed_.SignalAll();
  }
  // The next message; token 0 when none came in time.
  Publish Next() {
    MutexLock lock(&mutex_);
    while (messages_.empty()) {
      if (!changed_.WaitFor(&mutex_, kDeadline)) return {};
    }
    Publish publish = std::move(messages_.front());
    messages_.pop_front();
    return publish;
  }
  size_t waiting() {
    MutexLock lock(&mutex_);
    return messages_.size();
  }
  // The deliveries that the worker was to forget: subscription uid, event seq.
  std::vector<std::pair<int64_t, int64_t>> forgotten() {
    MutexLock lock(&mutex_);
    return forgotten_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::deque<Publish> messages_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::pair<int64_t, int64_t>> forgotten_ ABSL_GUARDED_BY(mutex_);
};

class DispatcherTest : public ::testing::Test {
 protected:
  using Publish = worker::v1::Publish;
  using Result = worker::v1::Result;

  DispatcherTest() {
    tenant_.uid = kTenant;
    tenant_.id = "acme";
    for (int64_t uid : {kBroker, kOtherBroker}) {
      BrokerRecord broker;
      broker.uid = uid;
      broker.tenant_uid = kTenant;
      broker.id = "b" + std::to_string(uid);
      brokers_.push_back(broker);
    }
    subscription_.uid = kSubscription;
    subscription_.tenant_uid = kTenant;
    subscription_.broker_uid = kBroker;
    subscription_.id = "all";
    subscription_.topic = "gt/{objectType}";
    Start();
  }
  ~DispatcherTest() override { Stop(); }

  // `lost_event`: its seq; 0 for none.
  void Start(int64_t lost_event = 0) {
    loop_ = std::make_unique<EventLoop>();
    log_ = std::make_unique<CheckedLog>(temp_.File("log"), &clock_);
    log_->LoseEvent(lost_event);
    history_ = log_->history();
    dispatcher_ = std::make_unique<Dispatcher>(
        log_.get(), history_.get(), loop_.get(), &clock_, &board_,
        DispatcherOptions{.max_attempts = 2});
    log_->SetAppendListener([this](std::vector<int64_t> uids) {
      loop_->Post([this, uids] { dispatcher_->OnAppended(uids); });
    });
    Configure();
  }
  // As a crash does: what is only in memory is gone.
  void Stop() {
    loop_->Stop();
    log_.reset();
    dispatcher_.reset();
  }
  void Configure() {
    auto snapshot = std::make_shared<ConfigSnapshot>();
    snapshot->Put(tenant_);
    for (const BrokerRecord& broker : brokers_) snapshot->Put(broker);
    if (!deleted_) snapshot->Put(subscription_);
    for (const SubscriptionRecord& other : others_) snapshot->Put(other);
    loop_->RunAndWait([&] { dispatcher_->OnConfig(snapshot); });
  }
  std::shared_ptr<FakeChannel> Attach(int64_t broker = kBroker) {
    auto channel = std::make_shared<FakeChannel>();
    loop_->RunAndWait([&] { dispatcher_->OnAttached(broker, channel); });
    return channel;
  }
  void Grant(int64_t epoch, int limit, int64_t broker = kBroker) {
    worker::v1::Credit credit;
    credit.set_epoch(epoch);
    credit.set_limit(limit);
    loop_->RunAndWait([&] { dispatcher_->OnCredit(broker, credit); });
  }
  void Answer(const std::vector<int64_t>& tokens, Result::Outcome outcome,
              int reason_code = 0) {
    worker::v1::Results results;
    for (int64_t token : tokens) {
      Result* result = results.add_results();
      result->set_token(token);
      result->set_outcome(outcome);
      result->set_reason_code(reason_code);
      result->set_start_time_us(1000000);
    }
    loop_->RunAndWait([&] { dispatcher_->OnResults(kBroker, results); });
  }
  // The broker cuts the connection, or answers those behind the first of
  // `tokens`, which is the suspect.
  void Cut(const std::vector<int64_t>& tokens,
           Result::Outcome outcome = Result::LINK_LOST) {
    worker::v1::Results results;
    for (int64_t token : tokens) {
      Result* result = results.add_results();
      result->set_token(token);
      result->set_outcome(outcome);
      result->set_start_time_us(1000000);
    }
    results.mutable_results(0)->set_suspect(true);
    loop_->RunAndWait([&] { dispatcher_->OnResults(kBroker, results); });
  }
  void Append(const std::vector<std::string>& event_ids) {
    std::vector<NewEvent> events;
    for (const std::string& id : event_ids) {
      events.push_back(MakeEvent(id, {kSubscription}));
    }
    ASSERT_TRUE(AppendAndWait(*log_, events).ok());
  }
  // All that was answered so far is on disk.
  void WaitForCommits() {
    std::promise<void> idle;
    loop_->Post([&] { dispatcher_->WhenIdle([&] { idle.set_value(); }); });
    ASSERT_EQ(idle.get_future().wait_for(std::chrono::seconds(30)),
              std::future_status::ready);
  }
  std::vector<AttemptRecord> Attempts(int64_t event_seq) {
    WaitForCommits();
    auto history = log_->history();
    HistoryQuery query;
    query.tenant_uid = kTenant;
    query.event_seq = event_seq;
    auto page = history->ListAttempts(query, {}, {}, 100);
    std::vector<AttemptRecord> attempts;
    for (const auto& row : page->rows) attempts.push_back(row.attempt);
    std::sort(attempts.begin(), attempts.end(),
              [](const auto& a, const auto& b) { return a.number < b.number; });
    return attempts;
  }
  DeliveryRow Delivery(int64_t event_seq, int64_t uid = kSubscription) {
    auto history = log_->history();
    auto row = history->GetDelivery(
        kTenant, {event_seq, uid},
        [](int64_t, int64_t, DeliveryState state) { return state; });
    EXPECT_TRUE(row.ok()) << row.status();
    return row.ok() ? *std::move(row) : DeliveryRow();
  }
  DeliveryState StateOf(int64_t event_seq) { return Delivery(event_seq).state; }
  SubscriptionState Counts() {
    return *log_->GetSubscriptionState(kSubscription);
  }
  // Waits for what dispatch does in rounds of its own.
  void WaitFor(std::function<bool(const SubscriptionState&)> condition) {
    EXPECT_TRUE(WaitUntil(kDeadline, [&] { return condition(Counts()); }));
    WaitForCommits();
  }
  static std::string IdOf(const Publish& publish) {
    const std::string& payload = publish.payload();  // {"id":"…"}
    return payload.size() < 9 ? "" : payload.substr(7, payload.size() - 9);
  }
  std::vector<std::string> NextIds(FakeChannel& channel, int count) {
    std::vector<std::string> ids;
    for (int i = 0; i < count; ++i) ids.push_back(IdOf(channel.Next()));
    return ids;
  }

  TempDir temp_;
  SettableClock clock_;
  TenantRecord tenant_;
  std::vector<BrokerRecord> brokers_;
  SubscriptionRecord subscription_;
  bool deleted_ = false;
  std::vector<SubscriptionRecord> others_;
  StatusBoard board_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<CheckedLog> log_;
  std::unique_ptr<HistoryReader> history_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_DISPATCH_DISPATCHER_TEST_BASE_H_
