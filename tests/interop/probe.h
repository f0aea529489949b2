// Probe: a bare MQTT client that shows what a broker says and remembers.
#ifndef MQTTPUSH_TESTS_INTEROP_PROBE_H_
#define MQTTPUSH_TESTS_INTEROP_PROBE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "mqttpush/v1/resources.pb.h"
#include "tests/support/scripted_broker.h"

namespace mqttpush {

// MQTT 5 properties that are numbers, by their identifier.
using Properties = std::map<int, uint32_t>;

inline constexpr int kServerKeepAlive = 0x13;
inline constexpr int kReceiveMaximum = 0x21;
inline constexpr int kMaximumQos = 0x24;
inline constexpr int kRetainAvailable = 0x25;
inline constexpr int kMaximumPacketSize = 0x27;

struct Connack {
  bool session_present = false;
  int code = 0;
  Properties properties;
};

// One connection, with a session that outlives it. Every call waits for an
// answer for some seconds.
class Probe {
 public:
  Probe(int port, v1::Broker::ProtocolVersion version);
  ~Probe();  // closes the connection without DISCONNECT

  // nullopt when the broker closed the connection instead.
  std::optional<Connack> Connect(const std::string& client_id);
  // A clean session without client id and login, as the worker's probe
  // (workers/worker/probe_policy.h); nullopt when the broker says nothing.
  std::optional<int> ConnectAsNobody();
  // QoS 2. `duplicate` sets the DUP flag.
  void Publish(const std::string& topic, const std::string& payload,
               uint16_t packet_id, bool duplicate);
  void Release(uint16_t packet_id);  // PUBREL
  // Reads on to a packet of that type; false when none comes. A broker may
  // first repeat what it sent on the session's last connection.
  bool Await(int type);

 private:
  // The next packet; nullopt when there is none.
  std::optional<MqttPacket> Read();
  bool ReadExactly(char* bytes, size_t count);
  void Send(int first_byte, const std::string& body);

  const bool mqtt_5_;
  int fd_ = -1;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_INTEROP_PROBE_H_
