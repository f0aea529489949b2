// Things break under load: the broker, a worker, the service. Every event that
// was ACCEPTED arrives at least once at QoS 1, first arrivals in order, and
// the history explains every arrival.
#include <signal.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/e2e/arrivals.h"
#include "tests/e2e/e2e_test.h"
#include "tests/e2e/processes.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::IsEmpty;

class FaultTest : public E2eTest {
 protected:
  void SetUp() override {
    StartService();
    mosquitto_ = StartMosquitto({.more_config = "log_type all\n"});
    customer_ = Subscribe(*mosquitto_);
    ProvisionAcme(*mosquitto_);
    WaitForLink(v1::Link::CONNECTED);
    producer_ = StartLoad();
    ASSERT_TRUE(producer_->WaitForAccepted(200));
  }

  // Lets `count` more events be accepted.
  void MoreLoad(size_t count = 200) {
    ASSERT_TRUE(
        producer_->WaitForAccepted(producer_->accepted().size() + count));
  }

  // Freezes the broker behind a link that is up, for over one that is still
  // connecting nothing goes out, and waits until it has the link busy for
  // certain: more is in flight than it may have answered before.
  void FreezeWithMessagesInFlight() {
    WaitForLink(v1::Link::CONNECTED);
    mosquitto_->Freeze();
    ASSERT_TRUE(WaitUntil(kPatience, [&] {
      const auto subscription = admin().GetSubscription(kSubscription);
      return subscription.ok() && subscription->backlog().in_flight_count() > 0;
    }));
  }

  // Ends the load and checks what the file's comment promises. A broker that
  // was stopped may itself repeat what its customer had not acknowledged; then
  // what the broker received is counted, not what it handed on.
  void ExpectAllArrived(bool broker_stopped = false) {
    ASSERT_OK(producer_->Stop());
    const std::vector<std::string> accepted = producer_->accepted();
    WaitUntilDelivered();
    Arrivals arrivals;
    WaitUntil(kPatience, [&] {
      arrivals = ArrivalsOf(customer_->messages());
      return arrivals.first.size() >= accepted.size();
    });
    EXPECT_EQ(arrivals.first, accepted) << "not all, or not in order";
    const TenantHistory history = HistoryOf();
    EXPECT_GE(PublishesReceived(), accepted.size());
    EXPECT_LE(PublishesReceived(), AttemptCount(history));
    if (broker_stopped) {
      for (auto& [event_id, count] : arrivals.count) count = 1;
    }
    EXPECT_THAT(Unexplained(arrivals, history), IsEmpty());
  }

  // PUBLISH packets that the broker got from a worker.
  size_t PublishesReceived() const {
    size_t count = 0;
    for (absl::string_view line : absl::StrSplit(mosquitto_->ReadLog(), '\n')) {
      count += absl::StrContains(line, "Received PUBLISH from");
    }
    return count;
  }
  // Attempts that ended so.
  static size_t CountErrors(const TenantHistory& history,
                            v1::Attempt::ErrorClass error_class) {
    size_t count = 0;
    for (const auto& [delivery, attempts] : history.attempts) {
      for (const v1::Attempt& attempt : attempts) {
        count += attempt.error_class() == error_class;
      }
    }
    return count;
  }
  static size_t AttemptCount(const TenantHistory& history) {
    size_t count = 0;
    for (const auto& [delivery, attempts] : history.attempts) {
      count += attempts.size();
    }
    return count;
  }

  std::unique_ptr<MosquittoBroker> mosquitto_;
  std::unique_ptr<MqttSubscriber> customer_;
  std::unique_ptr<LoadProducer> producer_;
};

TEST_F(FaultTest, BrokerStopsAndComesBack) {
  mosquitto_->Stop();
  WaitForLink(v1::Link::BACKING_OFF);
  MoreLoad(500);
  ASSERT_OK(mosquitto_->Start());
  WaitForLink(v1::Link::CONNECTED);
  MoreLoad();
  ExpectAllArrived(/*broker_stopped=*/true);
}

TEST_F(FaultTest, BrokerStopsAgainAndAgain) {
  for (int round = 0; round < 3; ++round) {
    mosquitto_->Stop();
    MoreLoad(50);
    ASSERT_OK(mosquitto_->Start());
    WaitForLink(v1::Link::CONNECTED);
    MoreLoad(50);
  }
  ExpectAllArrived(/*broker_stopped=*/true);
}

TEST_F(FaultTest, WorkerIsKilled) {
  for (int round = 0; round < 3; ++round) {
    const std::vector<pid_t> workers = ChildrenOf(service_->pid());
    ASSERT_EQ(workers.size(), 1u);
    FreezeWithMessagesInFlight();
    ASSERT_EQ(kill(workers[0], SIGKILL), 0);
    ASSERT_TRUE(WaitUntil(kPatience, [&] {
      const auto now = ChildrenOf(service_->pid());
      return now.size() == 1 && now[0] != workers[0];
    }));
    mosquitto_->Thaw();
    WaitForLink(v1::Link::CONNECTED);
    MoreLoad();
  }
  ExpectAllArrived();
  EXPECT_GE(CountErrors(HistoryOf(), v1::Attempt::WORKER_LOST), 3u);
}

TEST_F(FaultTest, ServiceIsKilled) {
  for (int round = 0; round < 3; ++round) {
    const std::vector<pid_t> workers = ChildrenOf(service_->pid());
    ASSERT_EQ(workers.size(), 1u);
    FreezeWithMessagesInFlight();
    service_->Kill();
    EXPECT_TRUE(WaitUntil(kPatience, [&] { return !Runs(workers[0]); }))
        << "the worker outlives its service";
    mosquitto_->Thaw();
    ASSERT_OK(service_->Restart());
    producer_->SetAddress(service_->address());
    MoreLoad();
  }
  ExpectAllArrived();
  EXPECT_GE(CountErrors(HistoryOf(), v1::Attempt::SERVICE_LOST), 3u);
}

TEST_F(FaultTest, ServiceStopsInOrderAndStartsAgain) {
  ASSERT_OK(service_->Stop());
  ASSERT_OK(service_->Restart());
  producer_->SetAddress(service_->address());
  MoreLoad();
  ExpectAllArrived();
  // What was in flight was finished: nothing had to be sent twice.
  for (const auto& [event_id, count] :
       ArrivalsOf(customer_->messages()).count) {
    EXPECT_EQ(count, 1) << event_id;
  }
}

// The broker is there but says nothing: health comes from progress, not from
// the socket.
TEST_F(FaultTest, SilentBrokerIsStalled) {
  ASSERT_OK(producer_->Stop());
  WaitUntilDelivered();
  ASSERT_OK(service_->Stop());
  service_.reset();
  StartService({{"MQTTPUSH_ACK_TIMEOUT", "2s"}});
  WaitForLink(v1::Link::CONNECTED);
  mosquitto_->Freeze();
  Publish({LocationEvent("silence", kOwner, 1'000'000)});
  WaitForLink(v1::Link::STALLED);
  mosquitto_->Thaw();
  WaitUntilDelivered();
  const TenantHistory history = HistoryOf();
  const auto& attempts = history.attempts.at(history.deliveries[0].name());
  EXPECT_EQ(history.deliveries[0].event_id(), "silence");
  ASSERT_GE(attempts.size(), 2u);
  for (const v1::Attempt& attempt : attempts) {
    EXPECT_TRUE(attempt.outcome() == v1::Attempt::SUCCEEDED ||
                attempt.error_class() == v1::Attempt::ACK_TIMEOUT)
        << attempt.ShortDebugString();
  }
}

}  // namespace
}  // namespace mqttpush
