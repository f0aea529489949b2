#include "tests/fault/mqtt_packets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mqttpush::fault {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(PacketSplitter, CutsAtAnyByte) {
  const std::string publish = PublishPacket({.topic = "a/b",
                                             .payload = std::string(300, 'x'),
                                             .qos = 1,
                                             .packet_id = 7});
  const std::string puback = AcknowledgementPacket(kPuback, 7);
  const std::string stream = publish + puback;
  for (size_t cut = 0; cut <= stream.size(); ++cut) {
    PacketSplitter splitter;
    std::vector<std::string> packets = splitter.Add(stream.substr(0, cut));
    for (auto& packet : splitter.Add(stream.substr(cut))) {
      packets.push_back(packet);
    }
    EXPECT_THAT(packets, ElementsAre(publish, puback)) << cut;
  }
}

TEST(PacketSplitter, HoldsWhatIsIncomplete) {
  PacketSplitter splitter;
  EXPECT_THAT(splitter.Add(std::string("\x30\x05hell", 6)), IsEmpty());
  EXPECT_THAT(splitter.Add("o"), ElementsAre(std::string("\x30\x05hello")));
}

TEST(PacketSplitter, LetsGarbagePass) {
  const std::string garbage(20, '\xFF');
  EXPECT_THAT(PacketSplitter().Add(garbage), ElementsAre(garbage));
}

TEST(MqttPackets, PublishIsReadAsWritten) {
  for (int qos = 0; qos < 3; ++qos) {
    const Publish publish = ParsePublish(
        PublishPacket({.topic = "t/x",
                       .payload = "{}",
                       .qos = qos,
                       .duplicate = qos == 1,
                       .retain = qos == 2,
                       .packet_id = static_cast<uint16_t>(0x1234)}));
    EXPECT_EQ(publish.topic, "t/x");
    EXPECT_EQ(publish.payload, "{}");
    EXPECT_EQ(publish.qos, qos);
    EXPECT_EQ(publish.duplicate, qos == 1);
    EXPECT_EQ(publish.retain, qos == 2);
    EXPECT_EQ(publish.packet_id, qos == 0 ? 0 : 0x1234);
  }
}

TEST(MqttPackets, KnowsAcknowledgements) {
  EXPECT_TRUE(IsAcknowledgement(AcknowledgementPacket(kPuback, 1)));
  EXPECT_TRUE(IsAcknowledgement(AcknowledgementPacket(kPubrec, 1)));
  EXPECT_TRUE(IsAcknowledgement(AcknowledgementPacket(kPubcomp, 1)));
  EXPECT_FALSE(IsAcknowledgement(AcknowledgementPacket(kPubrel, 1)));
  EXPECT_FALSE(IsAcknowledgement(PingPacket()));
  EXPECT_EQ(PacketIdOf(AcknowledgementPacket(kPubrel, 0x0102)), 0x0102);
}

}  // namespace
}  // namespace mqttpush::fault
