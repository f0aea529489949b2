// Probes that publish.
#include "absl/strings/str_cat.h"
#include "tests/support/scripted_broker.h"
#include "tests/support/temp_dir.h"
#include "workers/supervisor/broker_probes_fixture_for_test.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr auto kMqtt311 = ProtocolVersion::kMqtt311;
constexpr auto kMqtt5 = ProtocolVersion::kMqtt5;
constexpr char kQos0[] =
    "written, and the broker stayed; QoS 0 has no acknowledgement";

class BrokerProbesPublishTest : public BrokerProbesTest {
 protected:
  static ProbeOrder Publishing(std::vector<std::pair<std::string, int>> topics,
                               absl::Duration timeout = kPatience) {
    ProbeOrder order = Order(timeout);
    for (auto& [topic, qos] : topics) {
      order.publications.push_back({.topic = topic, .qos = qos});
    }
    return order;
  }
  // The findings of PUBLISH.
  static std::vector<ProbeFinding> Of(const ProbeReport& report) {
    EXPECT_EQ(report.cut_short, "");
    std::vector<ProbeFinding> found;
    for (const ProbeFinding& finding : report.findings) {
      if (finding.kind == ProbeKind::kPublish) found.push_back(finding);
    }
    return found;
  }
  static std::vector<std::string> Texts(
      const std::vector<ProbeFinding>& findings) {
    std::vector<std::string> texts;
    for (const ProbeFinding& finding : findings) texts.push_back(finding.text);
    return texts;
  }
};

TEST_F(BrokerProbesPublishTest, EachQosIsAcknowledgedInItsWay) {
  auto broker = Start({});
  const ProbeOrder order = Publishing({{"a", 0}, {"b", 1}, {"c", 2}});
  std::vector<ProbeFinding> found = Of(Run(At(broker->port(), kMqtt5), order));
  // mosquitto says 0x10 where nobody is subscribed, but not at QoS 2.
  EXPECT_THAT(Texts(found),
              ElementsAre(kQos0, "PUBACK 0x10 no matching subscribers",
                          "PUBCOMP 0x00 success"));
  for (const ProbeFinding& finding : found) {
    EXPECT_EQ(finding.cause, ProbeCause::kNone) << finding.text;
  }
  found = Of(Run(At(broker->port(), kMqtt311), order));
  EXPECT_THAT(
      Texts(found),
      ElementsAre(kQos0,
                  "PUBACK; in MQTT 3.1.1 a broker may say so and yet drop the "
                  "message",
                  "PUBCOMP; in MQTT 3.1.1 a broker may say so and yet drop the "
                  "message"));
  EXPECT_EQ(found[1].reason_code, std::nullopt);
}

TEST_F(BrokerProbesPublishTest, WhatAnAclForbidsIsRefused) {
  TempDir dir;
  WriteFile(dir.File("acl"), "topic write allowed\n");
  auto broker =
      Start({.more_config = absl::StrCat("acl_file ", dir.File("acl"), "\n")});
  const std::vector<ProbeFinding> found =
      Of(Run(At(broker->port(), kMqtt5),
             Publishing({{"denied", 1}, {"denied", 2}, {"allowed", 1}})));
  EXPECT_THAT(Texts(found), ElementsAre("PUBACK 0x87 not authorized",
                                        "PUBREC 0x87 not authorized",
                                        "PUBACK 0x10 no matching subscribers"));
  EXPECT_EQ(found[0].cause, ProbeCause::kRefused);
  EXPECT_EQ(found[0].reason_code, 0x87);
  EXPECT_EQ(found[2].cause, ProbeCause::kNone);
}

TEST_F(BrokerProbesPublishTest, WhatIsNotOfferedIsNotSent) {
  auto broker = Start({.more_config = "max_qos 1\nmax_packet_size 1000\n"});
  ProbeOrder order = Publishing({{"a", 2}, {"a", 1}});
  std::vector<ProbeFinding> found = Of(Run(At(broker->port(), kMqtt5), order));
  EXPECT_THAT(Texts(found),
              ElementsAre("not sent: QoS 2, the broker takes at most QoS 1",
                          "PUBACK 0x10 no matching subscribers"));
  EXPECT_EQ(found[0].cause, ProbeCause::kNotOffered);
  order.payload = std::string(1000, 'x');
  found = Of(Run(At(broker->port(), kMqtt5), order));
  EXPECT_EQ(found.at(1).text, "not sent: 1011 bytes, the broker takes 1000");
}

TEST_F(BrokerProbesPublishTest, ACutConnectionIsMadeAgain) {
  ScriptedBroker broker(
      [](const MqttPacket& packet) -> std::optional<std::string> {
        if (packet.type == 1) return ScriptedBroker::Connack3(0);
        return std::nullopt;
      });
  const std::vector<ProbeFinding> found =
      Of(Run(At(broker.port(), kMqtt311), Publishing({{"a", 1}, {"b", 1}})));
  // Each over a connection of its own, so that no other is blamed.
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0].cause, ProbeCause::kClosed);
  EXPECT_EQ(found[1].cause, ProbeCause::kClosed);
}

TEST_F(BrokerProbesPublishTest, ADisconnectSaysWhy) {
  ScriptedBroker broker([](const MqttPacket& packet) {
    return packet.type == 1 ? ScriptedBroker::Connack5(0)
                            : ScriptedBroker::Disconnect5(0x97);
  });
  const std::vector<ProbeFinding> found =
      Of(Run(At(broker.port(), kMqtt5), Publishing({{"a", 1}, {"b", 1}})));
  EXPECT_THAT(Texts(found), ElementsAre("DISCONNECT 0x97 quota exceeded",
                                        "DISCONNECT 0x97 quota exceeded"));
  EXPECT_EQ(found[0].cause, ProbeCause::kRefused);
}

TEST_F(BrokerProbesPublishTest, ABrokerThatLetsNobodyInAgainEndsIt) {
  int connects = 0;  // on the broker's thread
  ScriptedBroker broker(
      [&](const MqttPacket& packet) -> std::optional<std::string> {
        if (packet.type != 1) return std::nullopt;
        return ScriptedBroker::Connack3(connects++ == 0 ? 0 : 3);
      });
  const std::vector<ProbeFinding> found = Of(Run(
      At(broker.port(), kMqtt311), Publishing({{"a", 1}, {"b", 1}, {"c", 1}})));
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[1].text,
            "no other connection could be made after that: CONNACK 3: server "
            "unavailable");
}

TEST_F(BrokerProbesPublishTest, AMessageThatIsNeverAcknowledgedIsLeft) {
  ScriptedBroker broker([](const MqttPacket& packet) {
    return packet.type == 1 ? ScriptedBroker::Connack3(0) : std::string();
  });
  const std::vector<ProbeFinding> found =
      Of(Run(At(broker.port(), kMqtt311),
             Publishing({{"a", 1}, {"b", 1}}, absl::Seconds(2))));
  EXPECT_THAT(Texts(found), ElementsAre("no PUBACK in time"));
  EXPECT_EQ(found[0].cause, ProbeCause::kTimedOut);
}

}  // namespace
}  // namespace mqttpush
