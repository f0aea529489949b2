#include "workers/worker/wire_log.h"

namespace mqttpush {
namespace {

constexpr int kFirstFailure = 0x80;

}  // namespace

void WireLog::OnWrite(const PacketHead& packet, absl::Time now) {
  if (packet.packet_id < 0) return;
  if (packet.type == PacketType::kPublish && !packet.duplicate) {
    messages_.erase(packet.packet_id);  // the number is used anew
  }
  auto [entry, added] = messages_.try_emplace(packet.packet_id);
  if (!added) return;
  entry->second.publish_time = now;
  entry->second.qos = packet.qos;
  entry->second.duplicate_flag =
      packet.duplicate || packet.type == PacketType::kPubrel;
}

void WireLog::OnAck(const AckPacket& ack, absl::Time now) {
  auto found = messages_.find(ack.packet_id);
  if (found == messages_.end()) return;
  WireEvidence& message = found->second;
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
}

WireEvidence WireLog::Get(int packet_id) const {
  auto found = messages_.find(packet_id);
  return found == messages_.end() ? WireEvidence() : found->second;
}

}  // namespace mqttpush
