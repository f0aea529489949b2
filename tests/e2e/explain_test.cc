// ExplainDelivery, asked about what really happened.
#include "tests/e2e/e2e_test.h"
#include "tests/support/free_port.h"
#include "tests/support/rpc.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;
using v1::Explanation;

class ExplainTest : public E2eTest {
 protected:
  // The only answer.
  Explanation Explain(const std::string& event_id) {
    v1::ExplainDeliveryRequest request;
    request.set_parent(kTenant);
    request.set_event_id(event_id);
    const auto response =
        Call<v1::ExplainDeliveryResponse>([&](auto* context, auto* response) {
          return service_->history().ExplainDelivery(context, request,
                                                     response);
        });
    EXPECT_TRUE(response.ok()) << response.status();
    if (!response.ok()) return Explanation();
    EXPECT_EQ(response->explanations_size(), 1) << response->DebugString();
    return response->explanations(0);
  }
  void Provision(const v1::Broker& broker) {
    StartService();
    ASSERT_OK(admin().CreateTenant(kTenant, {kOwner}));
    ASSERT_OK(admin().CreateBroker(kBroker, broker));
    v1::Subscription subscription;
    subscription.set_broker(kBroker);
    subscription.set_topic("events");
    subscription.set_qos(v1::AT_LEAST_ONCE);
    ASSERT_OK(admin().CreateSubscription(kSubscription, subscription));
  }
};

TEST_F(ExplainTest, TheLinkIsDownSinceWhenAndWhy) {
  v1::Broker broker;
  broker.set_host("127.0.0.1");
  broker.set_port(FreePort());
  Provision(broker);
  Publish(
      {LocationEvent("first", kOwner, 1), LocationEvent("second", kOwner, 2)});
  const v1::Link link = WaitForLink(v1::Link::BACKING_OFF);
  const Explanation found = Explain("second");
  EXPECT_EQ(found.reason(), Explanation::WAITING_FOR_LINK);
  EXPECT_EQ(found.waiting_ahead_count(), 1);
  EXPECT_THAT(found.text(), HasSubstr("the link to the broker \"main\" is "));
  EXPECT_THAT(found.text(), HasSubstr("connection refused"));
  EXPECT_TRUE(found.has_since_time());
}

TEST_F(ExplainTest, WhatTheBrokerAnswered) {
  const auto mosquitto = StartMosquitto();
  ASSERT_NE(mosquitto, nullptr);
  Provision(BrokerAt(*mosquitto));
  WaitForLink(v1::Link::CONNECTED);
  Publish({LocationEvent("first", kOwner, 1)});
  WaitUntilDelivered();
  const Explanation found = Explain("first");
  EXPECT_EQ(found.reason(), Explanation::DELIVERED);
  EXPECT_THAT(found.text(), HasSubstr("to the topic \"events\": the broker "
                                      "acknowledged it with PUBACK"));
  EXPECT_EQ(found.last_attempt().outcome(), v1::Attempt::SUCCEEDED);
}

// It says itself since when it remembers.
TEST_F(ExplainTest, WhatWasNotTakenIsKnownUntilARestart) {
  v1::Broker broker;
  broker.set_host("127.0.0.1");
  broker.set_port(FreePort());
  Provision(broker);
  Publish({LocationEvent("strange", "stranger", 1)},
          v1::EventResult::NO_SUBSCRIPTION);
  EXPECT_EQ(Explain("strange").reason(), Explanation::NO_TENANT);
  ASSERT_OK(service_->Stop());
  ASSERT_OK(service_->Restart());
  const Explanation found = Explain("strange");
  EXPECT_EQ(found.reason(), Explanation::NOT_KNOWN);
  EXPECT_THAT(found.text(), HasSubstr("either, which are remembered since 20"));
}

}  // namespace
}  // namespace mqttpush
