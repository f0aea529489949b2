// What a person asks to be sent again arrives once more, at every QoS, and the
// books still balance.
#include "absl/strings/str_cat.h"
#include "tests/e2e/e2e_test.h"
#include "tests/support/child_process.h"
#include "tests/support/rpc.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RetryTest : public E2eTest,
                  public ::testing::WithParamInterface<v1::Qos> {
 protected:
  void SetUp() override {
    mosquitto_ = StartMosquitto();
    ASSERT_NE(mosquitto_, nullptr);
    customer_ = Subscribe(*mosquitto_);
    ASSERT_NE(customer_, nullptr);
    StartService({{"MQTTPUSH_AUDIT_INTERVAL", "1s"}});
    ASSERT_OK(admin().CreateTenant(kTenant, {kOwner}));
    ASSERT_OK(admin().CreateBroker(kBroker, BrokerAt(*mosquitto_)));
    v1::Subscription subscription;
    subscription.set_broker(kBroker);
    subscription.set_topic("events");
    subscription.set_qos(GetParam());
    ASSERT_OK(admin().CreateSubscription(kSubscription, subscription));
    WaitForLink(v1::Link::CONNECTED);
  }

  absl::StatusOr<v1::Delivery> Retry(const std::string& name) {
    v1::RetryDeliveryRequest request;
    request.set_name(name);
    return Call<v1::Delivery>([&](auto* context, auto* response) {
      return service_->history().RetryDelivery(context, request, response);
    });
  }
  v1::Delivery Read(const std::string& name) {
    auto delivery = ReadDelivery(name, service_->history());
    EXPECT_TRUE(delivery.ok()) << delivery.status();
    return delivery.ok() ? *std::move(delivery) : v1::Delivery();
  }
  void WaitUntilDeliveredAgain(const std::string& name, int attempts) {
    EXPECT_TRUE(WaitUntil(kPatience, [&] {
      const v1::Delivery delivery = Read(name);
      return delivery.state() == v1::Delivery::DELIVERED &&
             delivery.attempts_size() == attempts;
    })) << Read(name).DebugString();
  }

  // Of a delivery's attempts, in the order in which they were recorded.
  std::vector<v1::Attempt::Trigger> StreamTriggers(const std::string& name) {
    v1::StreamAttemptsRequest request;
    request.set_parent(name);
    request.set_live(false);
    grpc::ClientContext context;
    auto reader = service_->history().StreamAttempts(&context, request);
    v1::StreamAttemptsResponse response;
    std::vector<v1::Attempt::Trigger> triggers;
    while (reader->Read(&response)) {
      for (const v1::Attempt& attempt : response.attempts()) {
        triggers.push_back(attempt.trigger());
      }
    }
    EXPECT_TRUE(reader->Finish().ok());
    return triggers;
  }
  v1::DeliveryStats ReadStats() {
    v1::GetDeliveryStatsRequest request;
    request.set_parent(kTenant);
    const auto stats = Call<v1::DeliveryStats>([&](auto* context,
                                                   auto* response) {
      return service_->history().GetDeliveryStats(context, request, response);
    });
    EXPECT_TRUE(stats.ok()) << stats.status();
    return stats.value_or(v1::DeliveryStats());
  }

  std::unique_ptr<MosquittoBroker> mosquitto_;
  std::unique_ptr<MqttSubscriber> customer_;
};

INSTANTIATE_TEST_SUITE_P(Qos, RetryTest,
                         ::testing::Values(v1::AT_MOST_ONCE, v1::AT_LEAST_ONCE,
                                           v1::EXACTLY_ONCE),
                         [](const auto& info) {
                           return v1::Qos_Name(info.param);
                         });

TEST_P(RetryTest, ADeliveredMessageArrivesOnceMore) {
  Publish(
      {LocationEvent("first", kOwner, 1), LocationEvent("next", kOwner, 2)});
  ASSERT_TRUE(customer_->WaitForCount(2, kPatience));
  WaitUntilDelivered();
  const std::string name = HistoryOf().deliveries[1].name();

  const auto retried = Retry(name);
  ASSERT_TRUE(retried.ok()) << retried.status();

  ASSERT_TRUE(customer_->WaitForCount(3, kPatience));
  EXPECT_EQ(customer_->messages()[2].payload, customer_->messages()[0].payload);
  WaitUntilDeliveredAgain(name, 2);
  const v1::Delivery delivery = Read(name);
  EXPECT_EQ(delivery.attempts(0).trigger(), v1::Attempt::SCHEDULED);
  EXPECT_EQ(delivery.attempts(1).trigger(), v1::Attempt::MANUAL);
  EXPECT_EQ(delivery.attempts(1).outcome(), v1::Attempt::SUCCEEDED);
}

TEST_P(RetryTest, TheStreamShowsBothAttemptsAndTheStatisticsCountItOnce) {
  Publish({LocationEvent("first", kOwner, 1)});
  ASSERT_TRUE(customer_->WaitForCount(1, kPatience));
  WaitUntilDelivered();
  const std::string name = HistoryOf().deliveries[0].name();
  const auto retried = Retry(name);
  ASSERT_TRUE(retried.ok()) << retried.status();
  WaitUntilDeliveredAgain(name, 2);

  EXPECT_THAT(StreamTriggers(name),
              ElementsAre(v1::Attempt::SCHEDULED, v1::Attempt::MANUAL));
  const v1::DeliveryStats stats = ReadStats();
  EXPECT_EQ(stats.total().delivered_count(), 1);
  EXPECT_EQ(stats.backlog().delivered_count(), 1);
}

// Asked for while the broker is away, it outlives a crash of the service.
TEST_P(RetryTest, WhatWasAskedForOutlivesACrash) {
  Publish({LocationEvent("first", kOwner, 1)});
  ASSERT_TRUE(customer_->WaitForCount(1, kPatience));
  WaitUntilDelivered();
  const std::string name = HistoryOf().deliveries[0].name();
  ASSERT_OK(admin().PauseSubscription(kSubscription));
  const auto retried = Retry(name);
  ASSERT_TRUE(retried.ok()) << retried.status();
  EXPECT_EQ(retried->state(), v1::Delivery::RETRYING);
  EXPECT_THAT(Retry(name).status().message(), HasSubstr("is RETRYING"));

  service_->Kill();
  ASSERT_OK(service_->Restart());
  EXPECT_EQ(Read(name).state(), v1::Delivery::RETRYING);
  ASSERT_OK(admin().ResumeSubscription(kSubscription));

  ASSERT_TRUE(customer_->WaitForCount(2, kPatience));
  WaitUntilDeliveredAgain(name, 2);
  ASSERT_OK(service_->Stop());
  const absl::Status check = ChildProcess::Run(
      {.argv = {MQTTPUSHD_PATH, "--check", temp_dir_.File("data")},
       .log_path = temp_dir_.File("check")});
  EXPECT_TRUE(check.ok()) << ReadFile(temp_dir_.File("check"));
  EXPECT_THAT(service_->ReadLog(),
              ::testing::Not(HasSubstr("conservation_violated")));
}

}  // namespace
}  // namespace mqttpush
