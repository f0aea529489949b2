// What a filter matches is sent again, each once, over crashes and restarts of
// the service; and the books still balance.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/e2e/e2e_test.h"
#include "tests/support/child_process.h"
#include "tests/support/rpc.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::Each;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class ReplayTest : public E2eTest {
 protected:
  void SetUp() override {
    mosquitto_ = StartMosquitto();
    ASSERT_NE(mosquitto_, nullptr);
    customer_ = Subscribe(*mosquitto_);
    ASSERT_NE(customer_, nullptr);
    StartService({{"MQTTPUSH_AUDIT_INTERVAL", "1s"}});
    ProvisionAcme(*mosquitto_);
    WaitForLink(v1::Link::CONNECTED);
  }
  // Stops the service and looks at what it has on disk.
  void ExpectBalanced() {
    ASSERT_OK(service_->Stop());
    const absl::Status check = ChildProcess::Run(
        {.argv = {MQTTPUSHD_PATH, "--check", temp_dir_.File("data")},
         .log_path = temp_dir_.File("check")});
    EXPECT_TRUE(check.ok()) << ReadFile(temp_dir_.File("check"));
    EXPECT_THAT(service_->ReadLog(), Not(HasSubstr("conservation_violated")));
  }

  void SetTopic(const std::string& topic) {
    v1::Subscription subscription;
    subscription.set_name(kSubscription);
    subscription.set_topic(topic);
    ASSERT_OK(admin().UpdateSubscription(subscription, {"topic"}));
  }
  // Publishes events from `first` on, in batches.
  void PublishMany(int first, int count) {
    std::vector<v1::Event> events;
    for (int i = first; i < first + count; ++i) {
      events.push_back(LocationEvent(absl::StrCat("event-", i), kOwner, i));
      if (events.size() < 500 && i + 1 < first + count) continue;
      Publish(events);
      events.clear();
    }
  }
  v1::Backlog WaitForBacklog(
      const std::function<bool(const v1::Backlog&)>& holds) {
    v1::Backlog backlog;
    EXPECT_TRUE(WaitUntil(kPatience, [&] {
      const auto subscription = admin().GetSubscription(kSubscription);
      if (subscription.ok()) backlog = subscription->backlog();
      return holds(backlog);
    })) << backlog.ShortDebugString();
    return backlog;
  }

  // `text`: without the parent.
  v1::Replay Begin(const std::string& text) {
    auto request = Proto<v1::ReplayDeliveriesRequest>(text);
    request.set_parent(kTenant);
    const auto replay = Call<v1::Replay>([&](auto* context, auto* response) {
      return service_->history().ReplayDeliveries(context, request, response);
    });
    EXPECT_TRUE(replay.ok()) << replay.status();
    return replay.value_or(v1::Replay());
  }
  v1::Replay Get(const std::string& name) {
    v1::GetReplayRequest request;
    request.set_name(name);
    const auto replay = Call<v1::Replay>([&](auto* context, auto* response) {
      return service_->history().GetReplay(context, request, response);
    });
    EXPECT_TRUE(replay.ok()) << replay.status();
    return replay.value_or(v1::Replay());
  }
  v1::Replay WaitFor(const std::string& name,
                     const std::function<bool(const v1::Replay&)>& holds) {
    v1::Replay replay;
    EXPECT_TRUE(WaitUntil(kPatience, [&] {
      replay = Get(name);
      return holds(replay);
    })) << replay.DebugString();
    return replay;
  }
  v1::Replay WaitForEnd(const std::string& name) {
    return WaitFor(name, [](const v1::Replay& replay) {
      return replay.state() != v1::Replay::RUNNING;
    });
  }
  // How often each delivery arrived because a person asked for it.
  std::map<std::string, int> CountManualSuccesses() {
    std::map<std::string, int> counts;
    for (const auto& [name, attempts] : HistoryOf().attempts) {
      for (const v1::Attempt& attempt : attempts) {
        counts[name] += attempt.trigger() == v1::Attempt::MANUAL &&
                        attempt.outcome() == v1::Attempt::SUCCEEDED;
      }
    }
    return counts;
  }
  int CountAllManual() {
    int all = 0;
    for (const auto& [name, count] : CountManualSuccesses()) all += count;
    return all;
  }

  std::unique_ptr<MosquittoBroker> mosquitto_;
  std::unique_ptr<MqttSubscriber> customer_;
};

// A topic that no message can be sent to, then a good one.
TEST_F(ReplayTest, ParkedOnesArriveOnceTheCauseIsMended) {
  PublishMany(0, 10);
  ASSERT_TRUE(customer_->WaitForCount(10, kPatience));
  SetTopic("{assetId}");
  std::vector<v1::Event> events;
  for (int i = 10; i < 40; ++i) {
    events.push_back(LocationEvent(absl::StrCat("event-", i), kOwner, i));
    events.back().set_payload(
        absl::StrReplaceAll(events.back().payload(), {{"asset-", "asset+"}}));
  }
  Publish(events);
  WaitForBacklog([](auto& backlog) { return backlog.parked_count() == 30; });
  SetTopic("events");

  const std::string filter =
      absl::StrCat("filter { subscription: '", kSubscription, "' } ");
  EXPECT_EQ(Begin(filter + "validate_only: true").matched_count(), 30);
  const v1::Replay ended = WaitForEnd(Begin(filter).name());
  EXPECT_EQ(ended.state(), v1::Replay::SUCCEEDED);
  EXPECT_EQ(ended.requested_count(), 30);
  EXPECT_EQ(ended.skipped_count(), 0);
  WaitUntilDelivered();
  EXPECT_TRUE(customer_->WaitForCount(40, kPatience));
  EXPECT_EQ(CountAllManual(), 30);
  ExpectBalanced();
}

TEST_F(ReplayTest, OnlyWhatTheFilterMatchesArrivesAgain) {
  PublishMany(0, 70);
  WaitUntilDelivered();
  const v1::Replay ended = WaitForEnd(
      Begin("filter { asset_id: 'asset-3' } states: DELIVERED").name());
  EXPECT_EQ(ended.requested_count(), 10);
  WaitUntilDelivered();
  ASSERT_TRUE(customer_->WaitForCount(80, kPatience));
  const std::vector<ReceivedMessage> messages = customer_->messages();
  for (size_t i = 70; i < messages.size(); ++i) {
    EXPECT_THAT(messages[i].payload, HasSubstr("\"asset-3\""));
  }
  ExpectBalanced();
}

TEST_F(ReplayTest, CancelStopsIt) {
  PublishMany(0, 200);
  WaitUntilDelivered();
  const v1::Replay replay =
      Begin("filter { topic: 'events' } states: DELIVERED max_per_second: 20");
  WaitFor(replay.name(), [](auto& now) { return now.requested_count() > 0; });
  v1::CancelReplayRequest request;
  request.set_name(replay.name());
  const auto cancelled = Call<v1::Replay>([&](auto* context, auto* response) {
    return service_->history().CancelReplay(context, request, response);
  });
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state(), v1::Replay::CANCELLED);
  ASSERT_OK(service_->Stop());
  ASSERT_OK(service_->Restart());
  WaitUntilDelivered();
  const int arrived = CountAllManual();
  EXPECT_EQ(arrived, Get(replay.name()).requested_count());
  EXPECT_LT(arrived, 100);
  ExpectBalanced();
}

TEST_F(ReplayTest, EachIsRequestedOnceOverCrashesAndRestarts) {
  constexpr int kCount = 400;
  PublishMany(0, kCount);
  WaitUntilDelivered();
  const v1::Replay replay =
      Begin("filter { topic: 'events' } states: DELIVERED max_per_second: 100");
  EXPECT_EQ(replay.matched_count(), kCount);
  // A crash, an orderly stop, a crash.
  for (int round = 1; round <= 3; ++round) {
    WaitFor(replay.name(), [&](auto& now) {
      return now.requested_count() >= 100 * round - 50;
    });
    if (round == 2) {
      ASSERT_OK(service_->Stop());
    } else {
      service_->Kill();
    }
    ASSERT_OK(service_->Restart());
  }
  const v1::Replay ended = WaitForEnd(replay.name());
  EXPECT_EQ(ended.state(), v1::Replay::SUCCEEDED);
  EXPECT_EQ(ended.requested_count() + ended.skipped_count(), kCount);
  EXPECT_LE(ended.skipped_count(), 2 * 20);
  WaitUntilDelivered();
  std::vector<int> successes;
  for (const auto& [name, count] : CountManualSuccesses()) {
    successes.push_back(count);
  }
  EXPECT_THAT(successes, SizeIs(kCount));
  EXPECT_THAT(successes, Each(Eq(1)));
  ExpectBalanced();
}

TEST_F(ReplayTest, WaitsWhileTooManyAreRetrying) {
  constexpr int kCount = 5100;
  PublishMany(0, kCount);
  WaitUntilDelivered();
  ASSERT_OK(admin().PauseSubscription(kSubscription));
  const v1::Replay replay = Begin(
      "filter { topic: 'events' } states: DELIVERED max_per_second: 1000");
  const v1::Replay waiting =
      WaitFor(replay.name(), [](auto& now) { return now.error() != ""; });
  EXPECT_EQ(waiting.state(), v1::Replay::RUNNING);
  EXPECT_EQ(waiting.requested_count(), 5000);
  EXPECT_THAT(waiting.error(), HasSubstr(kSubscription));
  // What is new goes past them.
  ASSERT_OK(admin().ResumeSubscription(kSubscription));
  PublishMany(kCount, 1);
  const v1::Replay ended = WaitForEnd(replay.name());
  EXPECT_EQ(ended.state(), v1::Replay::SUCCEEDED);
  EXPECT_EQ(ended.requested_count(), kCount);
  EXPECT_EQ(ended.error(), "");
  WaitUntilDelivered();
  EXPECT_TRUE(customer_->WaitForCount(2 * kCount + 1, kPatience));
  ExpectBalanced();
}

}  // namespace
}  // namespace mqttpush
