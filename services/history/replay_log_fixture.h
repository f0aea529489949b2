// ReplayLogFixture: for tests, a runner of replays over a real log and a real
// store, with somebody who plays dispatch.
#ifndef MQTTPUSH_SERVICES_HISTORY_REPLAY_LOG_FIXTURE_H_
#define MQTTPUSH_SERVICES_HISTORY_REPLAY_LOG_FIXTURE_H_

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "common/event_loop.h"
#include "common/mutex.h"
#include "gtest/gtest.h"
#include "services/history/replay_runner.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/log/sqlite_history_reader.h"
#include "storage/sqlite/sqlite_config_store.h"
#include "storage/sqlite/sqlite_replay_store.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {

// Makes what it is asked for RETRYING, as dispatch does, but each only once,
// unless it is told to answer otherwise. Thread-safe.
class FakeDispatch {
 public:
  FakeDispatch(EventLog* log, int64_t cursor) : log_(log), cursor_(cursor) {}

  // OK: takes it.
  void AnswerBy(std::function<absl::Status(int64_t event_seq)> answer) {
    MutexLock lock(&mutex_);
    answer_ = std::move(answer);
  }
  void Redeliver(int64_t subscription_uid, int64_t event_seq,
                 const std::function<void(absl::Status)>& done) {
    absl::Status status;
    {
      MutexLock lock(&mutex_);
      if (answer_) status = answer_(event_seq);
      if (absl::c_linear_search(taken_, event_seq)) {
        status = absl::AbortedError("it has not ended");
      }
      if (status.ok()) taken_.push_back(event_seq);
    }
    if (status.ok()) Reopen(subscription_uid, event_seq);
    done(status);
  }
  // The event seqs, in order.
  std::vector<int64_t> taken() {
    MutexLock lock(&mutex_);
    return taken_;
  }

 private:
  void Reopen(int64_t subscription_uid, int64_t event_seq) {
    DeliveryUpdate update = {.subscription_uid = subscription_uid,
                             .cursor = cursor_,
                             .sent_through = cursor_};
    update.put_exceptions = {
        {.event_seq = event_seq, .request_time = Clock::Real()->Now()}};
    update.reopened = {{event_seq, DeliveryState::kParked}};
    EXPECT_TRUE(CommitAndWait(*log_, {update}).ok());
  }

  EventLog* const log_;
  const int64_t cursor_;
  Mutex mutex_;
  std::function<absl::Status(int64_t)> answer_ ABSL_GUARDED_BY(mutex_);
  std::vector<int64_t> taken_ ABSL_GUARDED_BY(mutex_);
};

// The log's, whose walks may be told never to come to an end.
class EndlessHistory : public SqliteHistoryReader {
 public:
  using SqliteHistoryReader::SqliteHistoryReader;
  absl::StatusOr<DeliveryPage> WalkDeliveries(
      const HistoryQuery& query, const std::vector<DeliveryState>& states,
      const StateOverlay& overlay, std::optional<DeliveryKey> after,
      int limit) override {
    ++walks;
    auto page = SqliteHistoryReader::WalkDeliveries(query, states, overlay,
                                                    after, limit);
    if (endless && page.ok()) page->next = after;
    if (after_walk) after_walk();
    return page;
  }
  std::function<void()> after_walk;  // set before a call
  std::atomic<bool> endless{false};
  std::atomic<int> walks{0};
};

class ReplayLogFixture : public ::testing::Test {
 protected:
  static constexpr absl::Duration kPatience = absl::Seconds(60);
  static constexpr int kEvents = 60;

  // Of 60 events those with an even number were parked, the others delivered;
  // of asset-3 is every third.
  void SetUp() override {
    config_ = *SqliteConfigStore::Open(temp_.File("config.db"));
    log_ = *SqliteEventLog::Open(temp_.File("log"), {.segment_rows = 25},
                                 Clock::Real());
    history_ = std::make_unique<EndlessHistory>(log_.get());
    dispatch_ = std::make_unique<FakeDispatch>(log_.get(), kEvents);
    Provision();
    WriteLog();
    StartRunner();
  }
  void TearDown() override { StopRunner(); }

  void StartRunner() {
    store_ = *SqliteReplayStore::Open(temp_.File("config.db"));
    watchers_ = std::make_unique<LiveStreams>("WatchReplay", 2);
    runner_ = std::make_unique<ReplayRunner>(
        ReplayParts{store_.get(), config_.get(), history_.get(), Clock::Real(),
                    redeliver_},
        watchers_.get());
    ASSERT_TRUE(runner_->Start().ok());
  }
  void StopRunner() {
    runner_.reset();
    store_.reset();
  }

  void Provision() {
    TenantRecord tenant;
    tenant.id = "acme";
    tenant_uid_ = Apply({tenant});
    BrokerRecord broker;
    broker.id = "main";
    broker.tenant_uid = tenant_uid_;
    broker.host = "h";
    broker.client_id = "c";
    SubscriptionRecord subscription;
    subscription.broker_uid = Apply({broker});
    subscription.id = "sub";
    subscription.tenant_uid = tenant_uid_;
    subscription.topic = "t";
    subscription_uid_ = Apply({subscription});
  }
  int64_t Apply(const ConfigChange& change) {
    auto applied = config_->Apply(
        [&](const ConfigSnapshot&) -> absl::StatusOr<ConfigChange> {
          return change;
        });
    EXPECT_TRUE(applied.ok()) << applied.status();
    return applied.ok() ? applied->uid : 0;
  }

  void WriteLog() {
    std::vector<NewEvent> events;
    for (int seq = 1; seq <= kEvents; ++seq) {
      events.push_back(
          MakeEvent(absl::StrCat("event-", seq), {subscription_uid_}));
      events.back().tenant_uid = tenant_uid_;
      if (seq % 3 == 0) events.back().asset_id = "asset-3";
    }
    ASSERT_TRUE(AppendAndWait(*log_, events).ok());
    for (int seq = 1; seq <= kEvents; ++seq) {
      EndDelivery(seq, absl::FromUnixSeconds(1000 + seq));
    }
  }
  void EndDelivery(int64_t seq, absl::Time when) {
    DeliveryUpdate update = {.subscription_uid = subscription_uid_,
                             .cursor = std::min<int64_t>(seq, kEvents),
                             .sent_through = kEvents};
    AttemptRecord attempt = {.event_seq = seq,
                             .subscription_uid = subscription_uid_,
                             .start_time = when,
                             .topic = "t",
                             .succeeded = seq % 2 == 1};
    update.attempts = {attempt};
    if (!attempt.succeeded) {
      update.put_exceptions = {{.event_seq = seq,
                                .state = DeliveryState::kParked,
                                .end_time = when,
                                .attempt_count = 1}};
    }
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  }

  TempDir temp_;
  int64_t tenant_uid_ = 0;
  int64_t subscription_uid_ = 0;
  std::unique_ptr<SqliteConfigStore> config_;
  std::unique_ptr<SqliteEventLog> log_;
  std::unique_ptr<EndlessHistory> history_;
  std::unique_ptr<FakeDispatch> dispatch_;
  EventLoop loop_;  // dispatch's
  const Redeliver redeliver_ = [this](int64_t uid, int64_t seq, auto done) {
    loop_.Post(
        [this, uid, seq, done] { dispatch_->Redeliver(uid, seq, done); });
  };
  std::unique_ptr<SqliteReplayStore> store_;
  std::unique_ptr<LiveStreams> watchers_;
  std::unique_ptr<ReplayRunner> runner_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_REPLAY_LOG_FIXTURE_H_
