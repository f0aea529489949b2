#include "workers/worker/message_limits.h"

#include "absl/strings/str_cat.h"
#include "common/reason_codes.h"

namespace mqttpush {
namespace {

// Of the whole PUBLISH packet; MQTT 5, section 3.3.
int64_t PacketBytes(const wire::Publish& message) {
  int64_t rest = 2 + static_cast<int64_t>(message.topic().size()) +
                 (message.qos() > 0 ? 2 : 0) + 1 +  // 1: no properties
                 static_cast<int64_t>(message.payload().size());
  int64_t header = 2;
  for (int64_t n = rest; n >= 128; n /= 128) ++header;
  return header + rest;
}

}  // namespace

Refusal CheckLimits(const BrokerLimits& limits, const wire::Publish& message) {
  const int64_t bytes = PacketBytes(message);
  if (bytes > limits.maximum_packet_size) {
    return {kReasonPacketTooLarge,
            absl::StrCat("not sent: ", bytes, " bytes, the broker takes ",
                         limits.maximum_packet_size)};
  }
  if (message.qos() > limits.maximum_qos) {
    return {kReasonQosNotSupported,
            absl::StrCat("not sent: QoS ", message.qos(), ", the broker takes ",
                         limits.maximum_qos)};
  }
  if (message.retain() && !limits.retain_available) {
    return {kReasonRetainNotSupported,
            "not sent: the broker keeps no retained messages"};
  }
  return {};
}

}  // namespace mqttpush
