// The parts of MQTT packets that this program looks at, as Paho writes and
// reads them.
#ifndef MQTTPUSH_WORKERS_WORKER_MQTT_PACKET_H_
#define MQTTPUSH_WORKERS_WORKER_MQTT_PACKET_H_

#include <sys/uio.h>

#include <cstddef>
#include <string>
#include <vector>

namespace mqttpush {

// MQTT 5, section 2.1.2.
enum class PacketType {
  kConnect = 1,
  kPublish = 3,
  kPuback = 4,
  kPubrec = 5,
  kPubrel = 6,
  kPubcomp = 7,
};

// The head of a packet that is about to be written.
struct PacketHead {
  PacketType type{};
  int qos = 0;             // of a PUBLISH
  bool duplicate = false;  // of a PUBLISH
  // Of a PUBLISH of QoS 1 or 2 and of a PUBREL; -1 otherwise.
  int packet_id = -1;
};

// Reads a packet that lies in parts. Pure.
PacketHead ReadPacketHead(const iovec* parts, int count);

// An answer of the broker to a message.
struct AckPacket {
  PacketType type{};  // kPuback, kPubrec or kPubcomp
  int packet_id = 0;
  int reason_code = 0;        // MQTT 5; 0 when it names none
  std::string reason_string;  // MQTT 5; may be empty
};

// Finds the answers in the bytes that a broker sends, however they come in
// pieces. Pure; not thread-safe.
class AckReader {
 public:
  // Takes the next bytes of the stream and returns the answers that are now
  // complete.
  std::vector<AckPacket> Feed(const void* data, size_t size);
  // The stream holds what no broker may send; MQTT 5, section 4.8: it is to be
  // closed. Paho would skip the packet and go on with those behind it.
  bool malformed() const { return malformed_; }

 private:
  // Longer answers do not exist but for absurd properties; their tail is
  // skipped.
  static constexpr size_t kMaxBody = 8192;

  bool FeedLength(unsigned char byte);
  void Finish(std::vector<AckPacket>& acks);

  bool malformed_ = false;
  bool in_body_ = false;
  bool has_header_ = false;
  int header_ = 0;
  int length_shift_ = 0;
  size_t length_ = 0;  // of the body
  size_t done_ = 0;    // bytes of the body that came
  std::string body_;   // of an answer
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_MQTT_PACKET_H_
