// Settings change while events flow: nothing is lost, and what waits goes by
// the new settings.
#include "tests/e2e/arrivals.h"
#include "tests/e2e/e2e_test.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::IsEmpty;

class ConfigChangeTest : public E2eTest {
 protected:
  void SetUp() override {
    StartService();
    mosquitto_ = StartMosquitto();
    customer_ = Subscribe(*mosquitto_);
    ProvisionAcme(*mosquitto_);
    WaitForLink(v1::Link::CONNECTED);
    producer_ = StartLoad();
    ASSERT_TRUE(producer_->WaitForAccepted(200));
  }

  void MoreLoad(size_t count = 200) {
    ASSERT_TRUE(
        producer_->WaitForAccepted(producer_->accepted().size() + count));
  }

  // Ends the load, waits for all of it, and returns what came.
  std::vector<ReceivedMessage> Finish() {
    EXPECT_TRUE(producer_->Stop().ok());
    WaitUntilDelivered();
    EXPECT_TRUE(
        customer_->WaitForCount(producer_->accepted().size(), kPatience));
    return customer_->messages();
  }

  int64_t DeliveredCount() {
    const auto subscription = admin().GetSubscription(kSubscription);
    return subscription.ok() ? subscription->backlog().delivered_count() : -1;
  }

  std::unique_ptr<MosquittoBroker> mosquitto_;
  std::unique_ptr<MqttSubscriber> customer_;
  std::unique_ptr<LoadProducer> producer_;
};

TEST_F(ConfigChangeTest, TopicChanges) {
  auto change = Proto<v1::Subscription>("topic: 'new/{objectType}'");
  change.set_name(kSubscription);
  ASSERT_OK(admin().UpdateSubscription(change, {"topic"}));
  MoreLoad();

  const std::vector<ReceivedMessage> messages = Finish();
  const Arrivals arrivals = ArrivalsOf(messages);
  EXPECT_EQ(arrivals.first, producer_->accepted());
  EXPECT_THAT(Unexplained(arrivals, HistoryOf()), IsEmpty());
  EXPECT_EQ(messages.size(), producer_->accepted().size());
  EXPECT_EQ(messages.front().topic, "events");
  EXPECT_EQ(messages.back().topic, "new/location");
  // Once changed, it stays so.
  bool changed = false;
  for (const ReceivedMessage& message : messages) {
    EXPECT_FALSE(changed && message.topic == "events");
    changed |= message.topic != "events";
  }
}

TEST_F(ConfigChangeTest, BrokerMovesElsewhere) {
  const auto elsewhere = StartMosquitto();
  const auto new_customer = Subscribe(*elsewhere);
  v1::Broker change = BrokerAt(*elsewhere);
  change.set_name(kBroker);
  change.set_protocol_version(v1::Broker::MQTT_5);
  ASSERT_OK(admin().UpdateBroker(change, {"host", "port", "protocol_version"}));
  MoreLoad();
  ASSERT_OK(producer_->Stop());
  WaitUntilDelivered();

  const std::vector<std::string> accepted = producer_->accepted();
  ASSERT_TRUE(WaitUntil(kPatience, [&] {
    return customer_->count() + new_customer->count() >= accepted.size();
  }));
  // What was in flight finished where it was, all others went the new way.
  std::vector<ReceivedMessage> messages = customer_->messages();
  EXPECT_GT(new_customer->count(), 0u);
  for (const ReceivedMessage& message : new_customer->messages()) {
    messages.push_back(message);
  }
  const Arrivals arrivals = ArrivalsOf(messages);
  EXPECT_EQ(arrivals.first, accepted);
  EXPECT_EQ(messages.size(), accepted.size()) << "something was sent twice";
  EXPECT_THAT(Unexplained(arrivals, HistoryOf()), IsEmpty());
}

TEST_F(ConfigChangeTest, PauseAndResumeSubscription) {
  for (int round = 0; round < 3; ++round) {
    ASSERT_OK(admin().PauseSubscription(kSubscription));
    MoreLoad(100);
    ASSERT_OK(admin().ResumeSubscription(kSubscription));
    MoreLoad(100);
  }
  const Arrivals arrivals = ArrivalsOf(Finish());
  EXPECT_EQ(arrivals.first, producer_->accepted());
  EXPECT_THAT(Unexplained(arrivals, HistoryOf()), IsEmpty());
}

TEST_F(ConfigChangeTest, PausedSubscriptionHolds) {
  ASSERT_OK(producer_->Stop());
  WaitUntilDelivered();
  ASSERT_OK(admin().PauseSubscription(kSubscription));
  const int64_t before = DeliveredCount();
  Publish({LocationEvent("held", kOwner, 999)});
  const auto held = admin().GetSubscription(kSubscription);
  ASSERT_TRUE(held.ok()) << held.status();
  EXPECT_EQ(held->state(), v1::Subscription::PAUSED);
  EXPECT_EQ(held->backlog().waiting_count(), 1);
  EXPECT_EQ(held->backlog().delivered_count(), before);
  ASSERT_OK(admin().ResumeSubscription(kSubscription));
  WaitUntilDelivered();
  EXPECT_EQ(DeliveredCount(), before + 1);
}

TEST_F(ConfigChangeTest, PauseAndResumeTenant) {
  ASSERT_OK(admin().PauseTenant(kTenant));
  WaitForLink(v1::Link::PAUSED);
  MoreLoad();
  ASSERT_OK(admin().ResumeTenant(kTenant));
  WaitForLink(v1::Link::CONNECTED);
  MoreLoad();
  const Arrivals arrivals = ArrivalsOf(Finish());
  EXPECT_EQ(arrivals.first, producer_->accepted());
  EXPECT_THAT(Unexplained(arrivals, HistoryOf()), IsEmpty());
}

}  // namespace
}  // namespace mqttpush
