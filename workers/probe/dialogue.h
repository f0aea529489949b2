// Dialogue: MQTT with a broker, one question after the other.
#ifndef MQTTPUSH_WORKERS_PROBE_DIALOGUE_H_
#define MQTTPUSH_WORKERS_PROBE_DIALOGUE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "workers/probe/byte_stream.h"
#include "workers/probe/mqtt_codec.h"

namespace mqttpush {

// What came of a message.
struct PublishAnswer {
  // Not OK: there was no answer to this message, with the errors of ByteStream
  // and DATA_LOSS. CANCELLED: the broker ended the connection with DISCONNECT.
  absl::Status status;
  // What answered, as "PUBACK".
  std::string packet;
  // Of that, or of DISCONNECT; MQTT 3.1.1 has none.
  std::optional<int> reason_code;
  std::string reason_string;
};

// Deadlines are of SteadyNow(). Not thread-safe.
class Dialogue {
 public:
  // `stream` must outlive it.
  Dialogue(ByteStream* stream, int level) : stream_(stream), level_(level) {}

  // With the errors of ByteStream and DATA_LOSS.
  absl::StatusOr<mqtt::Connack> Connect(const mqtt::Connect& connect,
                                        absl::Duration deadline);
  // At QoS 0 the broker is asked afterwards whether it is still there.
  PublishAnswer Publish(const std::string& topic, int qos,
                        const std::string& payload, absl::Duration deadline);
  // Leaves in order, without waiting for anything.
  void Disconnect(absl::Duration deadline);

 private:
  // DATA_LOSS as soon as it cannot be of the type `only`.
  absl::StatusOr<mqtt::Packet> Next(
      absl::Duration deadline, std::optional<mqtt::Type> only = std::nullopt);
  // Skips what is about something else.
  PublishAnswer Await(mqtt::Type type, int packet_id, absl::Duration deadline);
  PublishAnswer Ask(const std::string& packet, mqtt::Type answer, int packet_id,
                    absl::Duration deadline);

  ByteStream* const stream_;
  const int level_;
  mqtt::PacketReader reader_;
  int last_packet_id_ = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_PROBE_DIALOGUE_H_
