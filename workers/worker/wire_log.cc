#include "workers/worker/wire_log.h"

#include <algorithm>

namespace mqttpush {
namespace {

constexpr int kFirstFailure = 0x80;

}  // namespace

void WireLog::OnWrite(const PacketHead& packet, absl::Time now,
                      absl::Duration steady) {
  if (packet.packet_id < 0) return;
  if (packet.type == PacketType::kPublish && !packet.duplicate) {
    messages_.erase(packet.packet_id);  // the number is used anew
  }
  auto [entry, added] = messages_.try_emplace(packet.packet_id);
  if (!added) return;
  entry->second.publish_time = now;
  entry->second.publish_steady = steady;
  entry->second.qos = packet.qos;
  entry->second.order = ++written_;
  entry->second.duplicate_flag =
      packet.duplicate || packet.type == PacketType::kPubrel;
}

bool WireLog::OnAck(const AckPacket& ack, absl::Duration steady) {
  auto found = messages_.find(ack.packet_id);
  if (found == messages_.end()) return true;
  WireEvidence& message = found->second;
  const absl::Time now =
      message.publish_time + (steady - message.publish_steady);
  const bool in_order =
      ack.type != PacketType::kPubrec || !PassesOverOlder(message);
  if (ack.type == PacketType::kPubrec) {
    message.pubrec_time = now;
  } else {
    message.ack_time = now;
  }
  message.downgraded |= ack.type == PacketType::kPuback && message.qos == 2;
  // PUBCOMP 0x92 says that the broker had finished the message before.
  if (ack.type != PacketType::kPubcomp) {
    message.rejected = ack.reason_code >= kFirstFailure;
  }
  if (ack.reason_code != 0) message.reason_code = ack.reason_code;
  if (!ack.reason_string.empty()) message.reason_string = ack.reason_string;
  // A refused message takes no part in the order: no PUBREL follows.
  return in_order || message.rejected;
}

bool WireLog::PassesOverOlder(const WireEvidence& message) const {
  return std::any_of(messages_.begin(), messages_.end(),
                     [&message](const auto& entry) {
                       const WireEvidence& other = entry.second;
                       return other.qos == 2 && other.order < message.order &&
                              !other.received();
                     });
}

WireEvidence WireLog::Get(int packet_id) const {
  auto found = messages_.find(packet_id);
  return found == messages_.end() ? WireEvidence() : found->second;
}

}  // namespace mqttpush
