#include "workers/worker/message_limits.h"

#include <string>

#include "common/reason_codes.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

wire::Publish Message(int qos, size_t payload) {
  wire::Publish message;
  message.set_topic("t");
  message.set_qos(qos);
  message.set_payload(std::string(payload, 'x'));
  return message;
}

TEST(MessageLimitsTest, CountsTheWholePacket) {
  struct Case {
    int qos;
    size_t payload;
    int64_t bytes;
  };
  // Header and length, topic with its length, packet id, no properties.
  for (const Case& c :
       {Case{0, 10, 2 + 3 + 1 + 10}, Case{1, 10, 2 + 3 + 2 + 1 + 10},
        Case{1, 121, 2 + 127}, Case{1, 122, 3 + 128},
        Case{2, 16'377, 3 + 16'383}, Case{2, 16'378, 4 + 16'384}}) {
    BrokerLimits limits;
    limits.maximum_packet_size = c.bytes;
    const wire::Publish message = Message(c.qos, c.payload);
    EXPECT_EQ(CheckLimits(limits, message).reason_code, 0) << c.bytes;
    --limits.maximum_packet_size;
    EXPECT_EQ(CheckLimits(limits, message).reason_code, kReasonPacketTooLarge)
        << c.bytes;
  }
}

TEST(MessageLimitsTest, KnowsQosAndRetain) {
  BrokerLimits limits;
  EXPECT_EQ(CheckLimits(limits, Message(2, 1)).reason_code, 0);
  limits.maximum_qos = 1;
  EXPECT_EQ(CheckLimits(limits, Message(1, 1)).reason_code, 0);
  EXPECT_EQ(CheckLimits(limits, Message(2, 1)).reason_code,
            kReasonQosNotSupported);
  wire::Publish retained = Message(1, 1);
  retained.set_retain(true);
  EXPECT_EQ(CheckLimits(limits, retained).reason_code, 0);
  limits.retain_available = false;
  EXPECT_EQ(CheckLimits(limits, retained).reason_code,
            kReasonRetainNotSupported);
}

}  // namespace
}  // namespace mqttpush
