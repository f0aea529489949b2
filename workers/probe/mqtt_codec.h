// The MQTT packets of a probe, written and read by ourselves: Paho makes its
// own connections, and tells of a failure no more than a number.
#ifndef MQTTPUSH_WORKERS_PROBE_MQTT_CODEC_H_
#define MQTTPUSH_WORKERS_PROBE_MQTT_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "mqttpush/worker/v1/worker_link.pb.h"

namespace mqttpush::mqtt {

// MQTT 5, section 2.1.2.
enum class Type {
  kConnect = 1,
  kConnack = 2,
  kPublish = 3,
  kPuback = 4,
  kPubrec = 5,
  kPubrel = 6,
  kPubcomp = 7,
  kPingreq = 12,
  kPingresp = 13,
  kDisconnect = 14,
};

// Protocol levels.
inline constexpr int kLevel5 = 5;

struct Connect {
  int level = 4;
  std::string client_id;
  std::string username;  // empty: none, and no password
  std::string password;
  int keep_alive = 60;          // seconds
  uint32_t session_expiry = 0;  // seconds; MQTT 5
};

// What a broker sent.
struct Packet {
  Type type{};
  std::string body;
};

struct Connack {
  int code = 0;
  std::string reason_string;  // MQTT 5
  worker::v1::BrokerLimits limits;
};

// PUBACK, PUBREC, PUBCOMP, and DISCONNECT, which has no packet id.
struct Answer {
  int packet_id = 0;
  int code = 0;
  std::string reason_string;
};

// Begins a session of nothing.
std::string Encode(const Connect& connect);
// Not retained.
std::string EncodePublish(int level, absl::string_view topic, int qos,
                          int packet_id, absl::string_view payload);
std::string EncodePubrel(int packet_id);
std::string EncodePingreq();
// MQTT 5: ends the session too.
std::string EncodeDisconnect(int level);

// DATA_LOSS: the broker sent what MQTT does not allow.
absl::StatusOr<Connack> ParseConnack(absl::string_view body, int level);
absl::StatusOr<Answer> ParseAnswer(Type type, absl::string_view body,
                                   int level);

// Finds the packets in bytes that come in pieces. Not thread-safe.
class PacketReader {
 public:
  void Feed(absl::string_view bytes) {
    buffer_.append(bytes.data(), bytes.size());
  }
  // The next packet; nothing when it is not complete. DATA_LOSS when it cannot
  // be one, or is far longer than any that a probe is sent.
  absl::StatusOr<std::optional<Packet>> Next();
  // Whether the next packet is, or can be, of this type.
  bool MayBe(Type type) const;

 private:
  std::string buffer_;
};

}  // namespace mqttpush::mqtt

#endif  // MQTTPUSH_WORKERS_PROBE_MQTT_CODEC_H_
