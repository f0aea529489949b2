// WireLog: what went over one connection about each message that is in flight.
#ifndef MQTTPUSH_WORKERS_WORKER_WIRE_LOG_H_
#define MQTTPUSH_WORKERS_WORKER_WIRE_LOG_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "workers/worker/mqtt_packet.h"

namespace mqttpush {

// Of one message. InfinitePast: it has not happened. The later times are those
// of a clock that was set right at `publish_time` and not touched since, so
// that they are in order whatever happens to the time of day.
struct WireEvidence {
  // PUBLISH, or PUBREL alone when the message had been received before.
  absl::Time publish_time = absl::InfinitePast();
  absl::Duration publish_steady{};  // SteadyNow() at `publish_time`
  // It was sent over an earlier connection, too.
  bool duplicate_flag = false;
  absl::Time pubrec_time = absl::InfinitePast();
  absl::Time ack_time = absl::InfinitePast();  // PUBACK or PUBCOMP
  // The broker refused it, in PUBACK or PUBREC.
  bool rejected = false;
  int qos = 0;  // of PUBLISH, 0 when only PUBREL was sent
  // The broker answered QoS 2 as if it were QoS 1.
  bool downgraded = false;
  int reason_code = 0;        // MQTT 5; the last that is not 0
  std::string reason_string;  // MQTT 5

  int64_t order = 0;  // of the writing

  // Of the connection; not known to WireLog.
  std::string broker_address;
  bool session_present = false;
  int64_t connection = 0;

  bool written() const { return publish_time != absl::InfinitePast(); }
  // The broker has taken it over: what follows is not about the message.
  bool received() const {
    return pubrec_time != absl::InfinitePast() ||
           ack_time != absl::InfinitePast();
  }
};

// By packet id. Pure; not thread-safe.
class WireLog {
 public:
  // `steady` is SteadyNow().
  void OnWrite(const PacketHead& packet, absl::Time now, absl::Duration steady);
  // False when PUBREC passes over an older message of QoS 2 that has none,
  // which MQTT forbids (MQTT 5, section 4.6): to go on would change the order.
  bool OnAck(const AckPacket& ack, absl::Duration steady);

  // What was seen so far; nothing for an unknown packet id.
  WireEvidence Get(int packet_id) const;
  void Erase(int packet_id) { messages_.erase(packet_id); }

 private:
  bool PassesOverOlder(const WireEvidence& message) const;

  int64_t written_ = 0;
  std::map<int, WireEvidence> messages_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_WIRE_LOG_H_
