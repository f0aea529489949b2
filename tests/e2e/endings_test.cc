// Events that a broker never takes: each ends in the state that says why, and
// none holds up the others.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/e2e/e2e_test.h"
#include "tests/support/scripted_broker.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class EndingsTest : public E2eTest {
 protected:
  void Provision(int port, v1::Qos qos) {
    ASSERT_OK(admin().CreateTenant(kTenant, {kOwner}));
    v1::Broker broker;
    broker.set_host("127.0.0.1");
    broker.set_port(port);
    ASSERT_OK(admin().CreateBroker(kBroker, broker));
    v1::Subscription subscription;
    subscription.set_broker(kBroker);
    subscription.set_topic("events");
    subscription.set_qos(qos);
    ASSERT_OK(admin().CreateSubscription(kSubscription, subscription));
  }
  void PublishAsset(const std::string& asset) {
    v1::Event event;
    event.set_event_id(asset);
    event.set_object_type(v1::LOCATION);
    event.set_payload(absl::StrCat(
        R"({"id":1,"assetId":")", asset, R"(","ownerId":")", kOwner,
        R"(","whenCreated":"2024-03-20T14:30:00Z","latitude":1,)",
        R"("longitude":2})"));
    Publish({event});
  }
  v1::Delivery DeliveryOf(const std::string& event_id) {
    for (const v1::Delivery& delivery : HistoryOf().deliveries) {
      if (delivery.event_id() == event_id) return delivery;
    }
    return {};
  }
  void WaitForState(const std::string& event_id, v1::Delivery::State state) {
    EXPECT_TRUE(WaitUntil(
        kPatience, [&] { return DeliveryOf(event_id).state() == state; }))
        << event_id << ": " << DeliveryOf(event_id).DebugString();
  }
};

// A broker of MQTT 3.1.1 that has one way to say no.
std::optional<std::string> CutsOnPoison(const MqttPacket& packet) {
  if (packet.type == 1) return ScriptedBroker::Connack3(0);
  if (packet.type != 3) return "";
  if (absl::StrContains(packet.body, "\"poison\"")) return std::nullopt;
  return ScriptedBroker::Puback3(packet.packet_id());
}

TEST_F(EndingsTest, PoisonMessageIsSetAside) {
  ScriptedBroker broker(CutsOnPoison);
  StartService({{"MQTTPUSH_CONNECT_BACKOFF_BASE", "10ms"},
                {"MQTTPUSH_CONNECT_BACKOFF_MAX", "50ms"},
                {"MQTTPUSH_MAX_ATTEMPTS", "2"}});
  Provision(broker.port(), v1::AT_LEAST_ONCE);
  for (const char* asset : {"before", "poison", "after-1", "after-2"}) {
    PublishAsset(asset);
  }
  for (const char* asset : {"before", "after-1", "after-2"}) {
    WaitForState(asset, v1::Delivery::DELIVERED);
  }
  WaitForState("poison", v1::Delivery::PARKED);
  const TenantHistory history = HistoryOf();
  const auto& attempts = history.attempts.at(DeliveryOf("poison").name());
  size_t cut = 0;
  for (const v1::Attempt& attempt : attempts) {
    cut += attempt.error_class() == v1::Attempt::LINK_CUT;
  }
  EXPECT_EQ(cut, 2u);
  EXPECT_GE(attempts.size(), 6u);
}

TEST_F(EndingsTest, QosZeroWithoutALinkExpires) {
  StartService({{"MQTTPUSH_QOS_0_LIFETIME", "1s"}});
  Provision(1, v1::AT_MOST_ONCE);  // nothing listens there
  PublishAsset("a");
  WaitForState("a", v1::Delivery::EXPIRED);
  const v1::Delivery delivery = DeliveryOf("a");
  EXPECT_TRUE(delivery.has_complete_time());
  EXPECT_NE(delivery.state_reason(), "");
  EXPECT_EQ(delivery.attempt_count(), 0);
}

TEST_F(EndingsTest, DisabledSubscriptionDiscards) {
  StartService();
  Provision(1, v1::AT_LEAST_ONCE);
  PublishAsset("a");
  WaitForState("a", v1::Delivery::WAITING);
  v1::Subscription subscription;
  subscription.set_name(kSubscription);
  subscription.set_disabled(true);
  ASSERT_OK(admin().UpdateSubscription(subscription, {"disabled"}));
  PublishAsset("b");
  WaitForState("a", v1::Delivery::DISCARDED);
  WaitForState("b", v1::Delivery::DISCARDED);
  EXPECT_THAT(DeliveryOf("a").state_reason(), HasSubstr("disabled"));
  EXPECT_EQ(admin().GetSubscription(kSubscription)->backlog().discarded_count(),
            2);
}

// A broker of MQTT 5 that takes at most QoS 1 and acknowledges at once.
std::optional<std::string> TakesQosOne(const MqttPacket& packet) {
  if (packet.type == 1) {
    return ScriptedBroker::Connack5(0, std::string("\x24\x01", 2));
  }
  if (packet.type != 3) return "";
  return ScriptedBroker::Ack5(4, packet.packet_id(), 0);
}

TEST_F(EndingsTest, SubscriptionThatAsksForTooMuchIsHeldAndSaysSo) {
  ScriptedBroker broker(TakesQosOne);
  StartService();
  Provision(broker.port(), v1::EXACTLY_ONCE);
  v1::Broker version;
  version.set_name(kBroker);
  version.set_protocol_version(v1::Broker::MQTT_5);
  ASSERT_OK(admin().UpdateBroker(version, {"protocol_version"}));
  PublishAsset("a");
  ASSERT_TRUE(WaitUntil(kPatience, [&] {
    const auto found = admin().GetSubscription(kSubscription);
    return found.ok() && found->state() == v1::Subscription::INCOMPATIBLE;
  }));
  EXPECT_THAT(admin().GetSubscription(kSubscription)->incompatibility(),
              HasSubstr("QoS 2 is asked for"));
  WaitForLink(v1::Link::CONNECTED);
  const auto found = admin().GetBroker(kBroker);
  ASSERT_EQ(found->incompatibilities_size(), 1);
  EXPECT_THAT(found->incompatibilities(0),
              StartsWith(absl::StrCat(kSubscription, ": QoS 2 is asked for")));
  EXPECT_EQ(found->link().offer().maximum_qos(), v1::AT_LEAST_ONCE);
  EXPECT_EQ(found->link().offer().receive_maximum(), 65535);
  v1::Subscription subscription;
  subscription.set_name(kSubscription);
  subscription.set_qos(v1::AT_LEAST_ONCE);
  ASSERT_OK(admin().UpdateSubscription(subscription, {"qos"}));
  WaitForState("a", v1::Delivery::DELIVERED);
  EXPECT_EQ(admin().GetBroker(kBroker)->incompatibilities_size(), 0);
}

}  // namespace
}  // namespace mqttpush
