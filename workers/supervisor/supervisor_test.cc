// The supervisor with real processes, a real link and the real dispatch; the
// worker program is fake_worker_for_test, which does what its broker's host
// says.
#include "workers/supervisor/supervisor.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <future>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/sqlite_event_log.h"
#include "storage/sqlite/sqlite_history_reader.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int64_t kTenant = 1;
constexpr int64_t kBroker = 3;
constexpr int64_t kOtherBroker = 4;
constexpr int64_t kSubscription = 7;
constexpr absl::Duration kDeadline = absl::Seconds(60);
constexpr absl::Duration kSoon = absl::Milliseconds(300);

// A process that was waited for.
bool Gone(pid_t pid) { return kill(pid, 0) != 0 && errno == ESRCH; }

class SupervisorTest : public ::testing::Test {
 protected:
  SupervisorTest() {
    TenantRecord tenant;
    tenant.uid = kTenant;
    tenant.id = "acme";
    config_.Put(tenant);
    log_ = *SqliteEventLog::Open(temp_.File("log.db"), Clock::Real());
    dispatcher_ = std::make_unique<Dispatcher>(
        log_.get(), &loop_, Clock::Real(), &board_, DispatcherOptions());
    log_->SetAppendListener([this](std::vector<int64_t> uids) {
      loop_.Post([this, uids] { dispatcher_->OnAppended(uids); });
    });
  }
  ~SupervisorTest() override {
    if (supervisor_ != nullptr && !stopped_) Stop();
    loop_.Stop();
    supervisor_.reset();
    log_.reset();
    dispatcher_.reset();
  }

  // With options_.
  void Start() {
    supervisor_ = std::make_unique<Supervisor>(
        dispatcher_.get(), &loop_, Clock::Real(), &board_, options_);
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
    auto history = *SqliteHistoryReader::Open(temp_.File("log.db"));
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
  LinkStatus WaitForEnds(int64_t broker, int count) {
    LinkStatus link;
    const std::string words = absl::StrCat(" (", count, " times in a row)");
    EXPECT_TRUE(WaitUntil(kDeadline, [&] {
      link = board_.GetLink(broker);
      return link.state == LinkState::kBackingOff &&
             absl::EndsWith(link.last_error, words);
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
  ConfigSnapshot config_;
  StatusBoard board_;
  EventLoop loop_;
  std::unique_ptr<SqliteEventLog> log_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<Supervisor> supervisor_;
  bool stopped_ = false;
};

TEST_F(SupervisorTest, StartsAWorkerForEachBrokerOfAnActiveTenant) {
  TenantRecord paused;
  paused.uid = 2;
  paused.id = "paused";
  paused.paused = true;
  config_.Put(paused);
  BrokerRecord idle;
  idle.uid = 9;
  idle.tenant_uid = paused.uid;
  idle.id = "idle";
  config_.Put(idle);
  PutBroker(kBroker, "one");
  PutBroker(kOtherBroker, "two");
  Start();
  const Running one = WaitForWorker(kBroker, "one");
  const Running two = WaitForWorker(kOtherBroker, "two");
  EXPECT_NE(one.pid, two.pid);
  EXPECT_EQ(board_.GetLink(idle.uid).state, LinkState::kPaused);
}

TEST_F(SupervisorTest, JoinsDispatchAndWorker) {
  PutBroker(kBroker, "good");
  PutSubscription();
  Start();
  Append("a");
  Append("b");
  EXPECT_TRUE(WaitForDelivered(2));
}

TEST_F(SupervisorTest, WhatAWorkerTookWithItIsSentAgain) {
  PutBroker(kBroker, "crash-on-publish");
  PutSubscription();
  Start();
  Append("a");
  // The second crash: the event was sent again, in vain.
  WaitForEnds(kBroker, 2);
  PutBroker(kBroker, "good", 2);
  Apply();
  ASSERT_TRUE(WaitForDelivered(1));
  std::vector<AttemptRecord> attempts = Attempts();
  ASSERT_GE(attempts.size(), 3u);
  int succeeded = 0;
  for (const AttemptRecord& attempt : attempts) {
    succeeded += attempt.succeeded;
    if (attempt.succeeded) continue;
    EXPECT_EQ(attempt.error_class, ErrorClass::kWorkerLost);
    EXPECT_THAT(attempt.error_message, HasSubstr("exit code 4"));
  }
  EXPECT_EQ(succeeded, 1);
}

TEST_F(SupervisorTest, RestartsACrashingWorkerLessAndLessOften) {
  PutBroker(kBroker, "crash");
  PutBroker(kOtherBroker, "good");
  Start();
  const Running other = WaitForWorker(kOtherBroker, "good");
  const LinkStatus second = WaitForEnds(kBroker, 2);
  const LinkStatus fourth = WaitForEnds(kBroker, 4);
  EXPECT_EQ(fourth.last_error,
            "the worker process ended: exit code 3 (4 times in a row)");
  // It has been down all the time, for 400 ms and 800 ms at the least.
  EXPECT_EQ(fourth.since, second.since);
  EXPECT_GE(fourth.next_connect_time - second.next_connect_time,
            absl::Milliseconds(1200));
  // Better settings help, and nobody else was touched.
  PutBroker(kBroker, "good", 2);
  Apply();
  EXPECT_EQ(WaitForWorker(kBroker, "good").configured, 1);
  EXPECT_EQ(WaitForWorker(kOtherBroker, "good").pid, other.pid);
}

TEST_F(SupervisorTest, RestartsAWorkerThatWasKilled) {
  PutBroker(kBroker, "good");
  Start();
  const Running first = WaitForWorker(kBroker, "good");
  ASSERT_EQ(kill(first.pid, SIGKILL), 0);
  const Running second = WaitForWorker(kBroker, "good", first.pid);
  EXPECT_TRUE(Gone(first.pid));
  EXPECT_EQ(second.configured, 1);
}

TEST_F(SupervisorTest, AWorkerWithoutItsStreamIsKilledAndReplaced) {
  PutBroker(kBroker, "leaves");
  Start();
  // What it said of its connection counts no longer, though its process lives.
  EXPECT_EQ(WaitForState(kBroker, LinkState::kBackingOff).last_error,
            "it gave up its link to the service");
  EXPECT_THAT(WaitForEnds(kBroker, 2).last_error,
              HasSubstr("killed: it gave up its link to the service"));
  PutBroker(kBroker, "good", 2);
  Apply();
  WaitForWorker(kBroker, "good");
}

TEST_F(SupervisorTest, ChangedSettingsGoToTheRunningWorker) {
  PutBroker(kBroker, "good");
  PutBroker(kOtherBroker, "good");
  Start();
  const Running before = WaitForWorker(kBroker, "good");
  WaitForWorker(kOtherBroker, "good");
  PutBroker(kBroker, "better", 2);
  Apply();
  const Running after = WaitForWorker(kBroker, "better");
  EXPECT_EQ(after.pid, before.pid);
  EXPECT_EQ(after.configured, 2);
  // Nothing was sent for changes of others.
  PutBroker(kOtherBroker, "better", 2);
  Apply();
  EXPECT_EQ(WaitForWorker(kOtherBroker, "better").configured, 2);
}

TEST_F(SupervisorTest, PausedTenantHasNoWorkerUntilItResumes) {
  PutBroker(kBroker, "good");
  Start();
  const Running before = WaitForWorker(kBroker, "good");
  PauseTenant(true);
  Apply();
  WaitForState(kBroker, LinkState::kPaused);
  EXPECT_TRUE(Gone(before.pid));
  EXPECT_EQ(board_.GetLink(kBroker).last_error, "");
  PauseTenant(false);
  Apply();
  WaitForWorker(kBroker, "good", before.pid);
}

TEST_F(SupervisorTest, PausingLetsTheWorkerFinish) {
  PutBroker(kBroker, "answers-late");
  PutSubscription();
  Start();
  Append("a");
  ASSERT_TRUE(WaitUntil(kDeadline, [&] {
    return board_.ListInFlight(kSubscription).size() == 1;
  }));
  PauseTenant(true);
  Apply();
  WaitForState(kBroker, LinkState::kPaused);
  ASSERT_TRUE(WaitForDelivered(1));
  ASSERT_EQ(Attempts().size(), 1u);
  EXPECT_TRUE(Attempts()[0].succeeded);
}

TEST_F(SupervisorTest, StoppingLetsTheWorkerFinish) {
  PutBroker(kBroker, "answers-late");
  PutSubscription();
  Start();
  Append("a");
  ASSERT_TRUE(WaitUntil(kDeadline, [&] {
    return board_.ListInFlight(kSubscription).size() == 1;
  }));
  Stop();
  ASSERT_TRUE(WaitForDelivered(1));
  EXPECT_EQ(Attempts().size(), 1u);
}

TEST_F(SupervisorTest, ResumingWhileItDrainsStartsAnew) {
  PutBroker(kBroker, "hangs");
  options_.drain_timeout = kSoon;
  Start();
  const Running before = WaitForWorker(kBroker, "hangs");
  auto active = std::make_shared<ConfigSnapshot>(config_);
  PauseTenant(true);
  auto paused = std::make_shared<ConfigSnapshot>(config_);
  loop_.RunAndWait([&] {
    supervisor_->OnConfig(paused);
    supervisor_->OnConfig(active);
  });
  WaitForWorker(kBroker, "hangs", before.pid);
  EXPECT_TRUE(Gone(before.pid));
}

TEST_F(SupervisorTest, PausingEndsTheBackoff) {
  PutBroker(kBroker, "crash");
  Start();
  WaitForEnds(kBroker, 3);
  PauseTenant(true);
  Apply();
  WaitForState(kBroker, LinkState::kPaused);
  PauseTenant(false);
  PutBroker(kBroker, "good", 2);
  Apply();
  WaitForWorker(kBroker, "good");
}

TEST_F(SupervisorTest, DeletedBrokerLosesItsWorkerAndItsLink) {
  PutBroker(kBroker, "good");
  PutBroker(kOtherBroker, "good");
  Start();
  const Running deleted = WaitForWorker(kBroker, "good");
  const Running other = WaitForWorker(kOtherBroker, "good");
  config_.EraseBroker(kBroker);
  Apply();
  WaitForState(kBroker, LinkState::kUnknown);
  EXPECT_TRUE(Gone(deleted.pid));
  EXPECT_EQ(WaitForWorker(kOtherBroker, "good").pid, other.pid);
}

TEST_F(SupervisorTest, DeletedBrokerIsNotRestartedAfterItsBackoff) {
  PutBroker(kBroker, "crash");
  Start();
  const LinkStatus link = WaitForEnds(kBroker, 2);
  config_.EraseBroker(kBroker);
  Apply();
  WaitForState(kBroker, LinkState::kUnknown);
  // Its timer would be due before this one.
  std::promise<void> later;
  loop_.PostAfter(link.next_connect_time - link.since,
                  [&] { later.set_value(); });
  later.get_future().wait();
  EXPECT_EQ(board_.GetLink(kBroker).state, LinkState::kUnknown);
}

TEST_F(SupervisorTest, WorkerThatHangsWhileDrainingIsKilled) {
  PutBroker(kBroker, "hangs");
  options_.drain_timeout = kSoon;
  Start();
  const Running before = WaitForWorker(kBroker, "hangs");
  const absl::Time start = absl::Now();
  PauseTenant(true);
  Apply();
  WaitForState(kBroker, LinkState::kPaused);
  EXPECT_GE(absl::Now() - start, kSoon);
  EXPECT_TRUE(Gone(before.pid));
}

TEST_F(SupervisorTest, WorkerThatNeverAttachedIsKilled) {
  const std::string silent = temp_.File("silent");
  ASSERT_EQ(symlink(FAKE_WORKER_PATH, silent.c_str()), 0);
  PutBroker(kBroker, "good");
  options_.worker_path = silent;
  Start();
  EXPECT_EQ(board_.GetLink(kBroker).state, LinkState::kConnecting);
  PauseTenant(true);
  Apply();
  WaitForState(kBroker, LinkState::kPaused);
  PauseTenant(false);
  Apply();
  EXPECT_EQ(board_.GetLink(kBroker).state, LinkState::kConnecting);
  Stop();
}

TEST_F(SupervisorTest, WorkerThatDoesNotAttachIsKilledAndReplaced) {
  const std::string program = temp_.File("silent");
  ASSERT_EQ(symlink(FAKE_WORKER_PATH, program.c_str()), 0);
  options_.worker_path = program;
  options_.attach_timeout = kSoon;
  PutBroker(kBroker, "good");
  Start();
  EXPECT_EQ(WaitForEnds(kBroker, 2).last_error,
            "the worker process ended: killed: it did not attach within 300ms "
            "(2 times in a row)");
  // One that works; by its file's name it would be silent again.
  ASSERT_EQ(unlink(program.c_str()), 0);
  WriteFile(program, "#!/bin/sh\nexec " FAKE_WORKER_PATH " \"$@\"\n");
  ASSERT_EQ(chmod(program.c_str(), 0700), 0);
  WaitForWorker(kBroker, "good");
}

TEST_F(SupervisorTest, EveryRequestToCallIsAnsweredOnce) {
  options_.connect_rate = 1000;
  PutBroker(kBroker, "asks-9");
  PutBroker(kOtherBroker, "asks-8");
  Start();
  EXPECT_TRUE(WaitForTold(kBroker, "9 -"));
  EXPECT_TRUE(WaitForTold(kOtherBroker, "8 -"));
}

TEST_F(SupervisorTest, RequestsMoveToTheHostOfTheNewSettings) {
  options_.connect_rate = 1;
  PutBroker(kBroker, "asks-9");
  Start();
  ASSERT_TRUE(WaitForLeaves(kBroker, 5));
  PutBroker(kBroker, "elsewhere", 2);
  Apply();
  // Nobody else calls there: no more than the burst of 5 is wanted.
  EXPECT_TRUE(WaitForTold(kBroker, "9 -"));
}

TEST_F(SupervisorTest, AWorkerThatEndedHoldsNobodyUp) {
  options_.connect_rate = 1;
  // At the same host, and with more requests than are let through in time.
  PutBroker(kBroker, "asks-999");
  Start();
  ASSERT_TRUE(WaitForLeaves(kBroker, 5));
  PutBroker(kOtherBroker, "asks-999");
  Apply();
  ASSERT_TRUE(WaitForTold(kOtherBroker, "0 -"));
  ASSERT_EQ(kill(WaitForWorker(kBroker, "asks-999").pid, SIGKILL), 0);
  EXPECT_TRUE(WaitForLeaves(kOtherBroker, 1));
}

TEST_F(SupervisorTest, SubscriptionOfQos2GivesTheLinkAStoredSession) {
  PutBroker(kBroker, "good");
  PutSubscription();
  Start();
  ASSERT_TRUE(WaitForTold(kBroker, "0 -"));
  const Running before = WaitForWorker(kBroker, "good");
  PutSubscription(Qos::kExactlyOnce);
  Apply();
  EXPECT_TRUE(WaitForTold(kBroker, "0 " + SessionOf(kBroker)));
  config_.EraseSubscription(kSubscription);
  Apply();
  EXPECT_TRUE(WaitForTold(kBroker, "0 -"));
  const Running after = WaitForWorker(kBroker, "good");
  EXPECT_EQ(after.pid, before.pid);
  EXPECT_EQ(after.configured, 3);
}

TEST_F(SupervisorTest, StoredSessionGoesWithItsBroker) {
  PutBroker(kBroker, "good");
  PutSubscription(Qos::kExactlyOnce);
  PutBroker(kOtherBroker, "good");
  WriteFile(SessionOf(kBroker), "kept");
  WriteFile(SessionOf(kOtherBroker), "of a time with QoS 2");
  WriteFile(SessionOf(99), "of a deleted broker");
  Start();
  WaitForWorker(kBroker, "good");
  WaitForWorker(kOtherBroker, "good");
  EXPECT_TRUE(HasSession(kBroker));
  EXPECT_FALSE(HasSession(kOtherBroker));
  EXPECT_FALSE(HasSession(99));
  // Pausing keeps it.
  PauseTenant(true);
  Apply();
  WaitForState(kBroker, LinkState::kPaused);
  EXPECT_TRUE(HasSession(kBroker));
  config_.EraseSubscription(kSubscription);
  config_.EraseBroker(kBroker);
  Apply();
  WaitForState(kBroker, LinkState::kUnknown);
  EXPECT_FALSE(HasSession(kBroker));
}

TEST_F(SupervisorTest, StopEndsAllAndRestartsNone) {
  PutBroker(kBroker, "good");
  PutBroker(kOtherBroker, "hangs");
  PutBroker(5, "crash");
  options_.drain_timeout = kSoon;
  Start();
  const Running good = WaitForWorker(kBroker, "good");
  const Running hangs = WaitForWorker(kOtherBroker, "hangs");
  WaitForState(5, LinkState::kBackingOff);
  Stop();
  EXPECT_TRUE(Gone(good.pid));
  EXPECT_TRUE(Gone(hangs.pid));
  Apply();
  for (int64_t broker : {kBroker, kOtherBroker}) {
    EXPECT_NE(board_.GetLink(broker).state, LinkState::kConnecting);
    EXPECT_NE(board_.GetLink(broker).state, LinkState::kConnected);
  }
}

TEST_F(SupervisorTest, StopWithoutAnyWorkerIsDoneAtOnce) {
  Start();
  Stop();
}

TEST_F(SupervisorTest, MissingProgramIsSaidAndTriedAgain) {
  const std::string program = temp_.File("worker");
  ASSERT_EQ(symlink(FAKE_WORKER_PATH, program.c_str()), 0);
  PutBroker(kBroker, "good");
  options_.worker_path = program;
  Start();
  const Running running = WaitForWorker(kBroker, "good");
  ASSERT_EQ(unlink(program.c_str()), 0);
  PutBroker(kOtherBroker, "good");
  Apply();
  const LinkStatus link = board_.GetLink(kOtherBroker);
  EXPECT_EQ(link.state, LinkState::kBackingOff);
  EXPECT_THAT(link.last_error, StartsWith("cannot start " + program));
  EXPECT_GT(link.next_connect_time, link.since);
  ASSERT_EQ(symlink(FAKE_WORKER_PATH, program.c_str()), 0);
  WaitForWorker(kOtherBroker, "good");
  EXPECT_EQ(WaitForWorker(kBroker, "good").pid, running.pid);
}

}  // namespace
}  // namespace mqttpush
