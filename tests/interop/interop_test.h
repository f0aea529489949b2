// InteropTest: the product, one of the brokers of brokers/, and a customer.
#ifndef MQTTPUSH_TESTS_INTEROP_INTEROP_TEST_H_
#define MQTTPUSH_TESTS_INTEROP_INTEROP_TEST_H_

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "tests/e2e/e2e_test.h"
#include "tests/interop/broker_process.h"
#include "tests/interop/broker_traits.h"
#include "tests/interop/cuttable_proxy.h"

namespace mqttpush {

struct InteropCase {
  const BrokerTraits* broker;
  v1::Broker::ProtocolVersion version;
  int qos;
};

// As "rabbitmq_Mqtt311_Qos1"; the first word selects a broker.
std::string NameOf(const InteropCase& interop_case);
void PrintTo(const InteropCase& interop_case, std::ostream* out);

// All brokers with the versions and the QoS from `lowest` to `highest` that
// they have.
std::vector<InteropCase> Supported(int lowest_qos = 0, int highest_qos = 2);

// Brokers at QoS 2 and in MQTT 5 that have neither.
std::vector<InteropCase> WithoutQos2();
std::vector<InteropCase> WithoutMqtt5();

// The tests of one broker share its process; each has a service, a topic and
// client ids of its own.
class InteropTest : public E2eTest,
                    public ::testing::WithParamInterface<InteropCase> {
 protected:
  void SetUp() override;
  void TearDown() override;

  const BrokerTraits& traits() const { return *GetParam().broker; }
  bool mqtt_5() const { return GetParam().version == v1::Broker::MQTT_5; }
  static BrokerProcess& broker();
  // "{test}/events": below the prefix that the customer subscribes to.
  std::string topic() const { return prefix_ + "/events"; }

  // The service with kTenant, and kBroker at `port` by the case.
  void StartPushing(int port,
                    std::map<std::string, std::string> environment = {});
  v1::Broker BrokerProto(int port) const;
  // Adds a subscription to `topic` with the QoS of the case.
  void Add(const std::string& name, const std::string& topic,
           const std::string& more = "");
  // A customer of the broker itself.
  std::unique_ptr<MqttSubscriber> SubscribeTo(const std::string& filter,
                                              const std::string& client_id);
  // Prints a line that `./dev interop` shows in its table.
  void Fact(const std::string& fact) const;

  std::string prefix_;
  std::unique_ptr<MqttSubscriber> customer_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_INTEROP_INTEROP_TEST_H_
