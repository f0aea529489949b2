// E2eTest: a customer's real mosquitto, the real mqttpushd with its real
// workers, and what operator, producer and customer do, in short calls.
#ifndef MQTTPUSH_TESTS_E2E_E2E_TEST_H_
#define MQTTPUSH_TESTS_E2E_E2E_TEST_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/support/admin_client.h"
#include "tests/support/history_reader.h"
#include "tests/support/load_producer.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/mqtt_subscriber.h"
#include "tests/support/push_service.h"
#include "tests/support/temp_dir.h"

#define ASSERT_OK(expression) ASSERT_TRUE(::mqttpush::IsOk(expression))

namespace mqttpush {

inline constexpr char kOwner[] = "660e8400-e29b-41d4-a716-446655440001";
inline constexpr char kTenant[] = "tenants/acme";
inline constexpr char kBroker[] = "tenants/acme/brokers/main";
inline constexpr char kSubscription[] = "tenants/acme/subscriptions/events";

// How long anything may take before a test fails.
inline constexpr absl::Duration kPatience = absl::Seconds(60);

inline ::testing::AssertionResult IsOk(const absl::Status& status) {
  if (status.ok()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << status;
}

// A message from its text format; fails the test when the text is wrong.
template <typename Message>
Message Proto(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message))
      << text;
  return message;
}

class E2eTest : public ::testing::Test {
 protected:
  // Shows the service's log when the test failed.
  void TearDown() override;

  // Starts mqttpushd with an empty data directory. Variables of the
  // configuration table may be given.
  void StartService(std::map<std::string, std::string> environment = {});
  static std::unique_ptr<MosquittoBroker> StartMosquitto(
      MosquittoBroker::Options options = {});
  // Connects as the customer and subscribes at QoS 2.
  static std::unique_ptr<MqttSubscriber> Subscribe(
      const MosquittoBroker& mosquitto,
      const std::vector<std::string>& filters = {"#"});

  // Creates kTenant with kOwner, kBroker at `mosquitto`, and kSubscription to
  // the topic "events" at QoS 1.
  void ProvisionAcme(const MosquittoBroker& mosquitto);
  // A broker resource for `mosquitto`.
  static v1::Broker BrokerAt(const MosquittoBroker& mosquitto);

  AdminClient admin() { return AdminClient(service_->admin()); }
  // Sends one batch; fails the test when the call fails or an outcome is not
  // `outcome`.
  void Publish(const std::vector<v1::Event>& events,
               v1::EventResult::Outcome outcome = v1::EventResult::ACCEPTED);
  // Starts a producer for kOwner.
  std::unique_ptr<LoadProducer> StartLoad();
  TenantHistory HistoryOf(const std::string& tenant_id = "acme");

  // Waits until all that the subscription accepted is delivered.
  void WaitUntilDelivered(const std::string& subscription = kSubscription);
  // Waits until the link is in `state` and returns it.
  v1::Link WaitForLink(v1::Link::State state,
                       const std::string& broker = kBroker);

  TempDir temp_dir_;
  std::unique_ptr<PushService> service_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_E2E_E2E_TEST_H_
