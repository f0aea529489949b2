#include "tests/interop/interop_test.h"

#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

// The broker under test. It serves all tests of one broker, because some take
// long to start.
class RunningBroker : public ::testing::Environment {
 public:
  absl::Status Become(const std::string& name) {
    if (name == name_) return absl::OkStatus();
    TearDown();
    MQTTPUSH_ASSIGN_OR_RETURN(process_, BrokerProcess::Create(name));
    name_ = name;
    return absl::OkStatus();
  }
  void TearDown() override {
    if (process_ != nullptr) {
      EXPECT_TRUE(IsOk(process_->Stop()));
    }
    process_.reset();
    name_.clear();
  }
  BrokerProcess& process() { return *process_; }

 private:
  std::string name_;
  std::unique_ptr<BrokerProcess> process_;
};

// gtest deletes it.
RunningBroker* const running = new RunningBroker;
const auto* const registered = ::testing::AddGlobalTestEnvironment(running);

}  // namespace

BrokerProcess& InteropTest::broker() { return running->process(); }

std::string NameOf(const InteropCase& interop_case) {
  return absl::StrCat(
      interop_case.broker->name, "_",
      interop_case.version == v1::Broker::MQTT_5 ? "Mqtt5" : "Mqtt311", "_Qos",
      interop_case.qos);
}

void PrintTo(const InteropCase& interop_case, std::ostream* out) {
  *out << NameOf(interop_case);
}

std::vector<InteropCase> Supported(int lowest_qos, int highest_qos) {
  std::vector<InteropCase> cases;
  for (const BrokerTraits& broker : Brokers()) {
    for (int qos = lowest_qos; qos <= std::min(highest_qos, broker.maximum_qos);
         ++qos) {
      cases.push_back({&broker, v1::Broker::MQTT_3_1_1, qos});
      if (broker.mqtt_5) cases.push_back({&broker, v1::Broker::MQTT_5, qos});
    }
  }
  return cases;
}

std::vector<InteropCase> WithoutQos2() {
  std::vector<InteropCase> cases;
  for (const BrokerTraits& broker : Brokers()) {
    if (broker.maximum_qos >= 2) continue;
    cases.push_back({&broker, v1::Broker::MQTT_3_1_1, 2});
    if (broker.mqtt_5) cases.push_back({&broker, v1::Broker::MQTT_5, 2});
  }
  return cases;
}

std::vector<InteropCase> WithoutMqtt5() {
  std::vector<InteropCase> cases;
  for (const BrokerTraits& broker : Brokers()) {
    if (!broker.mqtt_5) cases.push_back({&broker, v1::Broker::MQTT_5, 1});
  }
  return cases;
}

void InteropTest::SetUp() {
  ASSERT_OK(running->Become(traits().name));
  static int count = 0;
  prefix_ = absl::StrCat("test", ++count);
  customer_ = SubscribeTo(prefix_ + "/#", prefix_ + "-customer");
}

void InteropTest::TearDown() {
  customer_.reset();
  E2eTest::TearDown();
  if (service_ != nullptr && !HasFailure()) {
    EXPECT_TRUE(IsOk(service_->Stop()));
  }
}

v1::Broker InteropTest::BrokerProto(int port) const {
  v1::Broker broker;
  broker.set_host("127.0.0.1");
  broker.set_port(port);
  broker.set_protocol_version(GetParam().version);
  broker.set_client_id(prefix_ + "-worker");
  broker.mutable_username_password()->set_username(kUser);
  broker.mutable_username_password()->set_password(kPassword);
  return broker;
}

void InteropTest::StartPushing(int port,
                               std::map<std::string, std::string> environment) {
  ASSERT_NE(customer_, nullptr);
  StartService(std::move(environment));
  ASSERT_OK(admin().CreateTenant(kTenant, {kOwner}));
  ASSERT_OK(admin().CreateBroker(kBroker, BrokerProto(port)));
}

void InteropTest::Add(const std::string& name, const std::string& topic,
                      const std::string& more) {
  auto subscription = Proto<v1::Subscription>(more);
  subscription.set_broker(kBroker);
  subscription.set_topic(topic);
  if (subscription.qos() == v1::QOS_UNSPECIFIED) {
    subscription.set_qos(
        static_cast<v1::Qos>(v1::AT_MOST_ONCE + GetParam().qos));
  }
  ASSERT_OK(admin().CreateSubscription(name, subscription));
}

std::unique_ptr<MqttSubscriber> InteropTest::SubscribeTo(
    const std::string& filter, const std::string& client_id) {
  auto subscriber = MqttSubscriber::Start({.port = broker().port(),
                                           .topic_filters = {filter},
                                           .qos = traits().customer_qos,
                                           .client_id = client_id,
                                           .username = kUser,
                                           .password = kPassword});
  EXPECT_TRUE(subscriber.ok()) << subscriber.status();
  return subscriber.ok() ? *std::move(subscriber) : nullptr;
}

void InteropTest::Fact(const std::string& fact) const {
  std::cout << "fact: " << traits().name << ", "
            << (mqtt_5() ? "MQTT 5" : "MQTT 3.1.1") << ": " << fact << "\n";
}

}  // namespace mqttpush
