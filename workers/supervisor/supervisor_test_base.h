// SupervisorTestBase: the supervisor with real processes, a real link and the
// real dispatch. The worker program is fake_worker_for_test, which does what
// its broker's host says.
#ifndef MQTTPUSH_WORKERS_SUPERVISOR_SUPERVISOR_TEST_BASE_H_
#define MQTTPUSH_WORKERS_SUPERVISOR_SUPERVISOR_TEST_BASE_H_

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/log/sqlite_history_reader.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"
#include "workers/supervisor/supervisor.h"

namespace mqttpush {

inline constexpr int64_t kTenant = 1;
inline constexpr int64_t kBroker = 3;
inline constexpr int64_t kOtherBroker = 4;
inline constexpr int64_t kSubscription = 7;
inline constexpr absl::Duration kDeadline = absl::Seconds(60);
inline constexpr absl::Duration kSoon = absl::Milliseconds(300);

// A process that was waited for.
inline bool Gone(pid_t pid) { return kill(pid, 0) != 0 && errno == ESRCH; }

class SupervisorTestBase : public ::testing::Test {
 protected:
  SupervisorTestBase() {
    TenantRecord tenant;
    tenant.uid = kTenant;
    tenant.id = "acme";
    config_.Put(tenant);
    log_ = *SqliteEventLog::Open(temp_.File("log"), Clock::Real());
    dispatcher_ = std::make_unique<Dispatcher>(log_.get(), /*history=*/nullptr,
                                               &loop_, Clock::Real(), &board_,
                                               DispatcherOptions());
    log_->SetAppendListener([this](std::vector<int64_t> uids) {
      loop_.Post([this, uids] { dispatcher_->OnAppended(uids); });
    });
  }
  ~SupervisorTestBase() override {
    if (supervisor_ != nullptr && !stopped_) Stop();
    loop_.Stop();
    supervisor_.reset();
    log_.reset();
    dispatcher_.reset();
  }

  // With options_.
  void Start() {
    supervisor_ = std::make_unique<Supervisor>(dispatcher_.get(), &loop_,
                                               clock_, &board_, options_);
    Apply();
  }
  void Stop() {
    stopped_ = true;
    std::promise<void> stopped;
    loop_.RunAndWait([&] { supervisor_->Stop([&] { stopped.set_value(); }); });
    ASSERT_EQ(stopped.get_future().wait_for(std::chrono::seconds(60)),
              std::future_status::ready);
  }

  // These change the configuration; Apply() makes it known.
  void PutBroker(int64_t uid, const std::string& host, int64_t revision = 1) {
    BrokerRecord broker;
    broker.uid = uid;
    broker.tenant_uid = kTenant;
    broker.id = absl::StrCat("b", uid);
    broker.host = host;
    broker.revision = revision;
    config_.Put(broker);
  }
  void PutSubscription(Qos qos = Qos::kAtLeastOnce) {
    SubscriptionRecord subscription;
    subscription.uid = kSubscription;
    subscription.tenant_uid = kTenant;
    subscription.broker_uid = kBroker;
    subscription.id = "all";
    subscription.topic = "events";
    subscription.qos = qos;
    config_.Put(subscription);
  }
  void PauseTenant(bool paused) {
    TenantRecord tenant = *config_.FindTenant(kTenant);
    tenant.paused = paused;
    config_.Put(tenant);
  }
  void Apply() {
    auto snapshot = std::make_shared<ConfigSnapshot>(config_);
    loop_.RunAndWait([&] {
      dispatcher_->OnConfig(snapshot);
      supervisor_->OnConfig(snapshot);
    });
  }

  void Append(const std::string& event_id) {
    ASSERT_TRUE(
        AppendAndWait(*log_, {MakeEvent(event_id, {kSubscription})}).ok());
  }
  bool WaitForDelivered(int64_t count) {
    return WaitUntil(kDeadline, [&] {
      auto state = log_->GetSubscriptionState(kSubscription);
      return state.ok() && state->delivered_count == count;
    });
  }
  std::vector<AttemptRecord> Attempts() {
    auto history = std::make_unique<SqliteHistoryReader>(log_.get());
    HistoryQuery query;
    query.tenant_uid = kTenant;
    query.event_seq = 1;
    auto page = history->ListAttempts(query, {}, {}, 100);
    std::vector<AttemptRecord> attempts;
    for (const auto& row : page->rows) attempts.push_back(row.attempt);
    return attempts;
  }

  // Returns the status of the moment in which it was reached.
  LinkStatus WaitForState(int64_t broker, LinkState state) {
    LinkStatus link;
    EXPECT_TRUE(WaitUntil(kDeadline, [&] {
      link = board_.GetLink(broker);
      return link.state == state;
    }));
    return link;
  }
  struct Running {
    int pid = 0;
    int configured = 0;  // how many settings it was given
  };
  // Waits until the broker has a worker that was configured with `host`, and is
  // not `last_pid`. Pid 0 when there was none in time.
  Running WaitForWorker(int64_t broker, const std::string& host,
                        int last_pid = 0) {
    Running running;
    const bool runs = WaitUntil(kDeadline, [&] {
      const LinkStatus link = board_.GetLink(broker);
      return link.state == LinkState::kConnected &&
             absl::EndsWith(link.last_error, " at " + host) &&
             std::sscanf(link.last_error.c_str(), "pid %d configured %d",
                         &running.pid, &running.configured) == 2 &&
             running.pid != last_pid;
    });
    EXPECT_TRUE(runs) << board_.GetLink(broker).last_error;
    return runs ? running : Running();
  }
  // Waits until the broker's worker has ended `count` times in a row, and
  // returns what the link then shows.
  LinkStatus WaitForEnds(int64_t broker, int count,
                         LinkState state = LinkState::kBackingOff) {
    LinkStatus link;
    const std::string words = absl::StrCat(" (", count, " times in a row)");
    EXPECT_TRUE(WaitUntil(kDeadline, [&] {
      link = board_.GetLink(broker);
      return link.state == state && absl::EndsWith(link.last_error, words);
    })) << link.last_error;
    return link;
  }
  // Waits until the broker's worker has told so much of leaves and session.
  ::testing::AssertionResult WaitForTold(int64_t broker,
                                         const std::string& told) {
    if (WaitUntil(kDeadline, [&] {
          return board_.GetLink(broker).broker_address == told;
        })) {
      return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure()
           << board_.GetLink(broker).broker_address;
  }
  bool WaitForLeaves(int64_t broker, int count) {
    return WaitUntil(kDeadline, [&] {
      int leaves = 0;
      std::sscanf(board_.GetLink(broker).broker_address.c_str(), "%d", &leaves);
      return leaves >= count;
    });
  }
  std::string SessionOf(int64_t broker) {
    return temp_.File(absl::StrCat(broker, ".session"));
  }
  bool HasSession(int64_t broker) {
    return std::filesystem::exists(SessionOf(broker));
  }

  TempDir temp_;
  // A drain timeout long enough to tell a worker that drained from one that was
  // killed.
  SupervisorOptions options_{.worker_path = FAKE_WORKER_PATH,
                             .sessions_path = temp_.path(),
                             .drain_timeout = absl::Minutes(10)};
  const Clock* clock_ = Clock::Real();  // the supervisor's
  ConfigSnapshot config_;
  StatusBoard board_;
  EventLoop loop_;
  std::unique_ptr<SqliteEventLog> log_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<Supervisor> supervisor_;
  bool stopped_ = false;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_SUPERVISOR_SUPERVISOR_TEST_BASE_H_
