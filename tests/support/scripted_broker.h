// ScriptedBroker: a TCP peer that answers MQTT packets as a test wants it.
#ifndef MQTTPUSH_TESTS_SUPPORT_SCRIPTED_BROKER_H_
#define MQTTPUSH_TESTS_SUPPORT_SCRIPTED_BROKER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/mutex.h"

namespace mqttpush {

// A packet as it came.
struct MqttPacket {
  int type = 0;   // 1 CONNECT, 3 PUBLISH, 6 PUBREL, 12 PINGREQ, 14 DISCONNECT
  int flags = 0;  // the lower half of the first byte
  std::string body;

  int qos() const { return flags >> 1 & 3; }
  // Of a PUBLISH of QoS 1 or 2, or of a PUBREL.
  uint16_t packet_id() const;
};

// Serves one connection after the other, on 127.0.0.1. Thread-safe.
class ScriptedBroker {
 public:
  // The bytes to answer with, perhaps none; nullopt closes the connection. Runs
  // on the broker's thread.
  using Script = std::function<std::optional<std::string>(const MqttPacket&)>;

  explicit ScriptedBroker(Script script);
  ~ScriptedBroker();

  int port() const { return port_; }
  // All packets so far, of all connections.
  std::vector<MqttPacket> packets() const;

  // Answers for scripts. `reason` below 0x80 succeeds.
  static std::string Connack3(int code);
  static std::string Connack5(int reason, const std::string& properties = "");
  static std::string Puback3(uint16_t packet_id);
  // `type` is 4 PUBACK, 5 PUBREC or 7 PUBCOMP.
  static std::string Ack5(int type, uint16_t packet_id, int reason,
                          const std::string& reason_string = "");
  static std::string Disconnect5(int reason);

 private:
  void Run();
  // Returns when the connection ends.
  void Serve(int fd);
  std::optional<MqttPacket> ReadPacket(int fd);

  const Script script_;
  int listener_ = -1;
  int port_ = 0;
  mutable Mutex mutex_;
  std::vector<MqttPacket> packets_ ABSL_GUARDED_BY(mutex_);
  int connection_ ABSL_GUARDED_BY(mutex_) = -1;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_SUPPORT_SCRIPTED_BROKER_H_
