// What goes in comes out: every object type, QoS and protocol version, byte
// for byte, on the right topics.
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/e2e/awkward_events.h"
#include "tests/e2e/e2e_test.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAreArray;
using ::testing::UnorderedElementsAreArray;

// A message as the customer must get it.
using Message = std::tuple<std::string, std::string>;  // topic, payload

std::vector<Message> MessagesOf(const MqttSubscriber& subscriber) {
  std::vector<Message> messages;
  for (const ReceivedMessage& message : subscriber.messages()) {
    messages.emplace_back(message.topic, message.payload);
  }
  return messages;
}

// The six events, all on one topic.
std::vector<Message> OnTopic(const std::string& topic,
                             const std::vector<v1::Event>& events) {
  std::vector<Message> messages;
  for (const v1::Event& event : events) {
    messages.emplace_back(topic, event.payload());
  }
  return messages;
}

struct PushCase {
  v1::Broker::ProtocolVersion version;
  v1::Qos qos;
};

class PushTest : public E2eTest {
 protected:
  void SetUp() override {
    mosquitto_ = StartMosquitto();
    ASSERT_NE(mosquitto_, nullptr);
    customer_ = Subscribe(*mosquitto_);
    ASSERT_NE(customer_, nullptr);
  }

  // Creates kTenant, kBroker and kSubscription as `text` says.
  void Provision(const std::string& subscription) {
    ASSERT_OK(admin().CreateTenant(kTenant, {kOwner}));
    ASSERT_OK(admin().CreateBroker(kBroker, BrokerAt(*mosquitto_)));
    Add(kSubscription, subscription);
  }
  void Add(const std::string& name, const std::string& subscription,
           const std::string& broker = kBroker) {
    auto proto = Proto<v1::Subscription>(subscription);
    proto.set_broker(broker);
    ASSERT_OK(admin().CreateSubscription(name, proto));
  }

  std::unique_ptr<MosquittoBroker> mosquitto_;
  std::unique_ptr<MqttSubscriber> customer_;
  const std::vector<v1::Event> events_ = AwkwardEvents(kOwner);
};

class PushMatrixTest : public PushTest,
                       public ::testing::WithParamInterface<PushCase> {};

TEST_P(PushMatrixTest, AllObjectTypesArriveByteForByte) {
  StartService();
  ASSERT_OK(admin().CreateTenant(kTenant, {kOwner}));
  v1::Broker broker = BrokerAt(*mosquitto_);
  broker.set_protocol_version(GetParam().version);
  ASSERT_OK(admin().CreateBroker(kBroker, broker));
  auto subscription = Proto<v1::Subscription>("topic: 'events'");
  subscription.set_broker(kBroker);
  subscription.set_qos(GetParam().qos);
  ASSERT_OK(admin().CreateSubscription(kSubscription, subscription));
  WaitForLink(v1::Link::CONNECTED);

  Publish(events_);

  ASSERT_TRUE(customer_->WaitForCount(events_.size(), kPatience));
  EXPECT_THAT(MessagesOf(*customer_),
              ElementsAreArray(OnTopic("events", events_)));
  for (const ReceivedMessage& message : customer_->messages()) {
    EXPECT_EQ(message.qos, GetParam().qos - v1::AT_MOST_ONCE);
    EXPECT_FALSE(message.retain);
  }
  WaitUntilDelivered();
  const TenantHistory history = HistoryOf();
  ASSERT_EQ(history.deliveries.size(), events_.size());
  for (const v1::Delivery& delivery : history.deliveries) {
    EXPECT_EQ(delivery.state(), v1::Delivery::DELIVERED);
    EXPECT_EQ(delivery.attempt_count(), 1);
    EXPECT_EQ(delivery.qos(), GetParam().qos);
    EXPECT_EQ(history.attempts.at(delivery.name()).size(), 1u);
  }
}

INSTANTIATE_TEST_SUITE_P(
    VersionsAndQos, PushMatrixTest,
    ::testing::Values(PushCase{v1::Broker::MQTT_3_1_1, v1::AT_MOST_ONCE},
                      PushCase{v1::Broker::MQTT_3_1_1, v1::AT_LEAST_ONCE},
                      PushCase{v1::Broker::MQTT_3_1_1, v1::EXACTLY_ONCE},
                      PushCase{v1::Broker::MQTT_5, v1::AT_MOST_ONCE},
                      PushCase{v1::Broker::MQTT_5, v1::AT_LEAST_ONCE},
                      PushCase{v1::Broker::MQTT_5, v1::EXACTLY_ONCE}),
    [](const auto& info) {
      return absl::StrCat(
          info.param.version == v1::Broker::MQTT_5 ? "Mqtt5" : "Mqtt311", "Qos",
          info.param.qos - v1::AT_MOST_ONCE);
    });

TEST_F(PushTest, TopicTemplatesAndOverrides) {
  StartService();
  Provision(R"(
    topic: 'globe-tracker/{tenant}/{objectType}/{assetId}'
    qos: AT_LEAST_ONCE
    topic_overrides { object_type: LOCATION topic: 'positions/{ownerId}' }
    topic_overrides { object_type: SENSOR_DATA qos: EXACTLY_ONCE }
    topic_overrides { object_type: ASSET topic: 'assets' qos: AT_MOST_ONCE })");

  Publish(events_);

  ASSERT_TRUE(customer_->WaitForCount(events_.size(), kPatience));
  const std::vector<std::tuple<std::string, std::string, int>> want = {
      {"assets", events_[0].payload(), 0},
      {absl::StrCat("positions/", kOwner), events_[1].payload(), 1},
      {"globe-tracker/acme/sensordata/asset-3", events_[2].payload(), 2},
      {"globe-tracker/acme/reeferdata/asset-4", events_[3].payload(), 1},
      {"globe-tracker/acme/gensetdata/asset-5", events_[4].payload(), 1},
      {"globe-tracker/acme/gtoemdata/asset-6", events_[5].payload(), 1},
  };
  std::vector<std::tuple<std::string, std::string, int>> found;
  for (const ReceivedMessage& message : customer_->messages()) {
    found.emplace_back(message.topic, message.payload, message.qos);
  }
  EXPECT_THAT(found, UnorderedElementsAreArray(want));
}

TEST_F(PushTest, RetainedMessagesReachLateSubscribers) {
  StartService();
  Provision("topic: 'last/{objectType}' retain: true");
  Publish(events_);
  ASSERT_TRUE(customer_->WaitForCount(events_.size(), kPatience));
  WaitUntilDelivered();

  auto late = MqttSubscriber::Start({.port = mosquitto_->port(),
                                     .topic_filters = {"last/location"},
                                     .client_id = "late"});
  ASSERT_TRUE(late.ok()) << late.status();
  ASSERT_TRUE((*late)->WaitForCount(1, kPatience));
  EXPECT_TRUE((*late)->messages()[0].retain);
  EXPECT_EQ((*late)->messages()[0].payload, events_[1].payload());
}

TEST_F(PushTest, SeveralSubscriptionsAndBrokers) {
  StartService();
  Provision("topic: 'a/{objectType}' object_types: [LOCATION, ASSET]");
  Add("tenants/acme/subscriptions/copy", "topic: 'copy' qos: EXACTLY_ONCE");
  const auto second = StartMosquitto();
  const auto other_customer = Subscribe(*second);
  ASSERT_OK(
      admin().CreateBroker("tenants/acme/brokers/second", BrokerAt(*second)));
  Add("tenants/acme/subscriptions/second", "topic: 'second'",
      "tenants/acme/brokers/second");

  Publish(events_);

  ASSERT_TRUE(customer_->WaitForCount(8, kPatience));
  std::vector<Message> want = OnTopic("copy", events_);
  want.emplace_back("a/asset", events_[0].payload());
  want.emplace_back("a/location", events_[1].payload());
  EXPECT_THAT(MessagesOf(*customer_), UnorderedElementsAreArray(want));
  ASSERT_TRUE(other_customer->WaitForCount(6, kPatience));
  EXPECT_THAT(MessagesOf(*other_customer),
              ElementsAreArray(OnTopic("second", events_)));
  WaitUntilDelivered("tenants/acme/subscriptions/copy");
  WaitUntilDelivered("tenants/acme/subscriptions/second");
  WaitUntilDelivered();
  EXPECT_EQ(HistoryOf().deliveries.size(), 14u);
}

TEST_F(PushTest, TenantsSeeOnlyTheirOwn) {
  StartService();
  Provision("topic: 'acme'");
  ASSERT_OK(admin().CreateTenant("tenants/other", {"other-owner"}));
  ASSERT_OK(admin().CreateBroker("tenants/other/brokers/main",
                                 BrokerAt(*mosquitto_)));
  Add("tenants/other/subscriptions/events", "topic: 'other'",
      "tenants/other/brokers/main");
  const std::vector<v1::Event> others = AwkwardEvents("other-owner");

  Publish(events_);
  Publish(others);  // of the same event ids: they are the tenant's own
  Publish(AwkwardEvents("nobody"), v1::EventResult::NO_SUBSCRIPTION);

  ASSERT_TRUE(customer_->WaitForCount(12, kPatience));
  std::vector<Message> want = OnTopic("acme", events_);
  for (Message& message : OnTopic("other", others)) want.push_back(message);
  EXPECT_THAT(MessagesOf(*customer_), UnorderedElementsAreArray(want));
}

TEST_F(PushTest, DuplicatesAreNotPushedAgain) {
  StartService();
  Provision("topic: 'events'");
  Publish(events_);
  Publish(events_, v1::EventResult::DUPLICATE);
  Publish({LocationEvent("last", kOwner, 1)});
  ASSERT_TRUE(customer_->WaitForCount(7, kPatience));
  EXPECT_EQ(customer_->messages()[6].payload,
            LocationEvent("last", kOwner, 1).payload());
}

// The payload with the event id as its last member.
std::string WithEventId(const v1::Event& event, const std::string& field) {
  std::string payload = event.payload();
  return payload.insert(
      payload.rfind('}'),
      absl::StrCat(",\"", field, "\":\"", event.event_id(), "\""));
}

TEST_F(PushTest, EventIdByEnvironmentAndBySubscription) {
  StartService({{"MQTT_SET_EVENT_ID", "pushId"}});
  Provision("topic: 'deployment'");
  Add("tenants/acme/subscriptions/own", "topic: 'own' event_id_field: 'my id'");
  Add("tenants/acme/subscriptions/none", "topic: 'none' event_id_field: ''");

  Publish(events_);

  ASSERT_TRUE(customer_->WaitForCount(18, kPatience));
  std::vector<Message> want = OnTopic("none", events_);
  for (const v1::Event& event : events_) {
    want.emplace_back("deployment", WithEventId(event, "pushId"));
    want.emplace_back("own", WithEventId(event, "my id"));
  }
  EXPECT_THAT(MessagesOf(*customer_), UnorderedElementsAreArray(want));
}

TEST_F(PushTest, EmptyVariableMeansEventIdAndReplacesAnOldOne) {
  StartService({{"MQTT_SET_EVENT_ID", ""}});
  Provision("topic: 'events'");
  v1::Event event = LocationEvent("evt_550e8400", kOwner, 1);
  const std::string plain = event.payload();
  event.set_payload(
      absl::StrReplaceAll(plain, {{"{\"id\"", "{\"eventId\":7,\"id\""}}));

  Publish({event});

  ASSERT_TRUE(customer_->WaitForCount(1, kPatience));
  EXPECT_EQ(customer_->messages()[0].payload,
            absl::StrReplaceAll(
                plain, {{"{\"id\"", "{\"eventId\":\"evt_550e8400\",\"id\""}}));
}

TEST_F(PushTest, InvalidEventsAreNamedAndHarmNoNeighbour) {
  StartService();
  Provision("topic: 'events'");
  v1::PublishEventsRequest request;
  *request.add_events() = events_[0];
  request.add_events()->set_object_type(v1::LOCATION);
  request.mutable_events(1)->set_payload(
      absl::StrCat(R"({"id":"7","ownerId":")", kOwner, R"("})"));
  *request.add_events() = events_[1];
  grpc::ClientContext context;
  v1::PublishEventsResponse response;
  ASSERT_TRUE(
      service_->ingest().PublishEvents(&context, request, &response).ok());
  ASSERT_EQ(response.results_size(), 3);
  EXPECT_EQ(response.results(1).outcome(), v1::EventResult::REJECTED);
  std::vector<std::string> fields;
  for (const auto& violation : response.results(1).violations()) {
    fields.push_back(violation.field());
  }
  EXPECT_THAT(fields, ::testing::IsSupersetOf({"payload.id", "payload.assetId",
                                               "payload.latitude"}));
  ASSERT_TRUE(customer_->WaitForCount(2, kPatience));
  EXPECT_EQ(customer_->messages()[1].payload, events_[1].payload());
}

}  // namespace
}  // namespace mqttpush
