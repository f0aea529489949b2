// The little of MQTT that the proxy and the ledger must read and write.
#ifndef MQTTPUSH_TESTS_FAULT_MQTT_PACKETS_H_
#define MQTTPUSH_TESTS_FAULT_MQTT_PACKETS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace mqttpush::fault {

// The upper half of a packet's first byte.
enum PacketType {
  kConnect = 1,
  kConnack = 2,
  kPublish = 3,
  kPuback = 4,
  kPubrec = 5,
  kPubrel = 6,
  kPubcomp = 7,
  kSubscribe = 8,
  kSuback = 9,
  kPingreq = 12,
  kPingresp = 13,
};

inline int TypeOf(absl::string_view packet) {
  return static_cast<uint8_t>(packet[0]) >> 4;
}

// PUBACK, PUBREC or PUBCOMP.
bool IsAcknowledgement(absl::string_view packet);

// Cuts a stream of bytes into packets.
class PacketSplitter {
 public:
  // Returns the packets that `bytes` completes. What cannot be MQTT (a length
  // of five bytes) comes out as it is.
  std::vector<std::string> Add(absl::string_view bytes);

 private:
  std::string rest_;
};

// A PUBLISH packet of MQTT 3.1.1, taken apart.
struct Publish {
  std::string topic;
  std::string payload;
  int qos = 0;
  bool duplicate = false;
  bool retain = false;
  uint16_t packet_id = 0;  // 0 at QoS 0
};
Publish ParsePublish(absl::string_view packet);

// Of an acknowledgement, PUBREL or SUBACK.
uint16_t PacketIdOf(absl::string_view packet);

// Packets of MQTT 3.1.1.
std::string ConnectPacket(absl::string_view client_id, bool clean_session,
                          absl::string_view username,
                          absl::string_view password);
std::string SubscribePacket(uint16_t packet_id, absl::string_view filter,
                            int qos);
std::string PublishPacket(const Publish& publish);
// PUBACK, PUBREC, PUBREL or PUBCOMP.
std::string AcknowledgementPacket(PacketType type, uint16_t packet_id);
std::string PingPacket();

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_MQTT_PACKETS_H_
