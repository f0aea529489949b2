// ProbeBroker at the whole service: its process, real brokers, its end.
#include <future>

#include "absl/strings/str_cat.h"
#include "tests/e2e/e2e_test.h"
#include "tests/support/scripted_broker.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Step = v1::ProbeStep;

class ProbeTest : public E2eTest {
 protected:
  struct Probed {
    grpc::Status status;
    v1::ProbeBrokerResponse response;
  };
  Probed Probe(const v1::ProbeBrokerRequest& request) {
    grpc::ClientContext context;
    Probed probed;
    probed.status =
        service_->admin().ProbeBroker(&context, request, &probed.response);
    return probed;
  }
  static v1::ProbeBrokerRequest OfAcme() {
    v1::ProbeBrokerRequest request;
    request.set_name(kBroker);
    return request;
  }
  // As "DNS PASSED".
  static std::vector<std::string> Outcomes(const Probed& probed) {
    EXPECT_TRUE(probed.status.ok()) << probed.status.error_message();
    std::vector<std::string> outcomes;
    for (const Step& step : probed.response.steps()) {
      outcomes.push_back(absl::StrCat(Step::Kind_Name(step.kind()), " ",
                                      Step::Outcome_Name(step.outcome())));
    }
    return outcomes;
  }
};

TEST_F(ProbeTest, LeavesTheWorkersConnectionAlone) {
  auto mosquitto = StartMosquitto();
  StartService();
  ProvisionAcme(*mosquitto);
  const v1::Link before = WaitForLink(v1::Link::CONNECTED);
  auto subscriber = Subscribe(*mosquitto);
  v1::ProbeBrokerRequest request = OfAcme();
  request.set_publish(true);
  request.set_publish_payload("hello");
  const Probed probed = Probe(request);
  EXPECT_THAT(Outcomes(probed),
              ElementsAre("DNS PASSED", "TCP PASSED", "CONNECT PASSED",
                          "LIMITS PASSED", "PUBLISH PASSED"));
  EXPECT_TRUE(probed.response.succeeded());
  const Step& publish = probed.response.steps(4);
  EXPECT_EQ(publish.subscription(), kSubscription);
  EXPECT_EQ(publish.topic(), "events");
  EXPECT_EQ(publish.qos(), v1::AT_LEAST_ONCE);
  const v1::Link after = admin().GetBroker(kBroker)->link();
  EXPECT_EQ(after.state(), v1::Link::CONNECTED);
  EXPECT_EQ(after.since().seconds(), before.since().seconds());
  EXPECT_THAT(mosquitto->ReadLog(), HasSubstr("as mqttpush-probe-"));
}

TEST_F(ProbeTest, AnImpossibleSettingIsFoundBeforeItIsSaved) {
  auto mosquitto = StartMosquitto({.more_config = "max_qos 1\n"});
  StartService();
  ProvisionAcme(*mosquitto);
  v1::Subscription subscription;
  subscription.set_name(kSubscription);
  subscription.set_qos(v1::EXACTLY_ONCE);
  ASSERT_OK(admin().UpdateSubscription(subscription, {"qos"}));
  v1::ProbeBrokerRequest request = OfAcme();
  *request.mutable_broker() = BrokerAt(*mosquitto);
  request.mutable_broker()->set_protocol_version(v1::Broker::MQTT_5);
  request.mutable_broker()->set_max_in_flight(10);
  request.set_publish(true);
  const Probed probed = Probe(request);
  EXPECT_THAT(Outcomes(probed),
              ElementsAre("DNS PASSED", "TCP PASSED", "CONNECT PASSED",
                          "LIMITS FAILED", "PUBLISH FAILED"));
  EXPECT_FALSE(probed.response.succeeded());
  const Step& limits = probed.response.steps(3);
  EXPECT_THAT(limits.text(), HasSubstr("QoS 2 is asked for"));
  EXPECT_EQ(limits.offer().maximum_qos(), v1::AT_LEAST_ONCE);
  EXPECT_THAT(probed.response.steps(4).text(), HasSubstr("not sent: QoS 2"));
}

TEST_F(ProbeTest, AnUnsavedBrokerIsProbedWithoutATraceOfItsSecrets) {
  auto mosquitto = StartMosquitto({.users = {{"acme", "right"}}});
  StartService();
  v1::ProbeBrokerRequest request = OfAcme();
  *request.mutable_broker() = BrokerAt(*mosquitto);
  request.mutable_broker()->mutable_username_password()->set_username("acme");
  request.mutable_broker()->mutable_username_password()->set_password(
      "wrong-secret");
  const Probed probed = Probe(request);
  EXPECT_THAT(Outcomes(probed),
              ElementsAre("DNS PASSED", "TCP PASSED", "CONNECT FAILED",
                          "LIMITS SKIPPED"));
  EXPECT_EQ(probed.response.steps(2).text(), "CONNACK 5: not authorized");
  EXPECT_EQ(probed.response.steps(2).reason_code(), 5);
  EXPECT_THAT(probed.response.steps(2).hint(),
              HasSubstr("Check `username_password`"));
  EXPECT_THAT(probed.response.DebugString(), Not(HasSubstr("wrong-secret")));
  EXPECT_THAT(service_->ReadLog(), Not(HasSubstr("wrong-secret")));
}

TEST_F(ProbeTest, EndsWithTheService) {
  ScriptedBroker silent([](const MqttPacket&) { return ""; });
  StartService();
  v1::ProbeBrokerRequest request = OfAcme();
  request.mutable_broker()->set_host("127.0.0.1");
  request.mutable_broker()->set_port(silent.port());
  request.mutable_timeout()->set_seconds(60);
  auto probed = std::async(std::launch::async, [&] { return Probe(request); });
  ASSERT_TRUE(WaitUntil(kPatience, [&] { return !silent.packets().empty(); }));
  ASSERT_OK(service_->Stop());
  EXPECT_EQ(probed.get().status.error_code(), grpc::UNAVAILABLE);
}

}  // namespace
}  // namespace mqttpush
