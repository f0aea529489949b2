#include "workers/probe/dialogue.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

constexpr int kFirstRefusal = 0x80;

std::string NameOf(mqtt::Type type) {
  switch (type) {
    case mqtt::Type::kConnack:
      return "CONNACK";
    case mqtt::Type::kPuback:
      return "PUBACK";
    case mqtt::Type::kPubrec:
      return "PUBREC";
    case mqtt::Type::kPubcomp:
      return "PUBCOMP";
    case mqtt::Type::kPingresp:
      return "PINGRESP";
    default:
      return "DISCONNECT";
  }
}

}  // namespace

absl::StatusOr<mqtt::Packet> Dialogue::Next(absl::Duration deadline,
                                            std::optional<mqtt::Type> only) {
  while (true) {
    if (only.has_value() && !reader_.MayBe(*only)) {
      return absl::DataLossError(absl::StrCat("what the peer sent is not ",
                                              NameOf(*only),
                                              ": it may not speak MQTT"));
    }
    MQTTPUSH_ASSIGN_OR_RETURN(std::optional<mqtt::Packet> packet,
                              reader_.Next());
    if (packet.has_value()) return *std::move(packet);
    MQTTPUSH_ASSIGN_OR_RETURN(const std::string bytes, stream_->Read(deadline));
    reader_.Feed(bytes);
  }
}

absl::StatusOr<mqtt::Connack> Dialogue::Connect(const mqtt::Connect& connect,
                                                absl::Duration deadline) {
  // As below.
  (void)stream_->Write(mqtt::Encode(connect), deadline);
  MQTTPUSH_ASSIGN_OR_RETURN(const mqtt::Packet packet,
                            Next(deadline, mqtt::Type::kConnack));
  return mqtt::ParseConnack(packet.body, level_);
}

PublishAnswer Dialogue::Publish(const std::string& topic, int qos,
                                const std::string& payload,
                                absl::Duration deadline) {
  const int packet_id = qos > 0 ? ++last_packet_id_ : 0;
  const std::string publish =
      mqtt::EncodePublish(level_, topic, qos, packet_id, payload);
  if (qos == 0) {
    return Ask(absl::StrCat(publish, mqtt::EncodePingreq()),
               mqtt::Type::kPingresp, 0, deadline);
  }
  if (qos == 1) return Ask(publish, mqtt::Type::kPuback, packet_id, deadline);
  PublishAnswer received =
      Ask(publish, mqtt::Type::kPubrec, packet_id, deadline);
  if (!received.status.ok() ||
      received.reason_code.value_or(0) >= kFirstRefusal) {
    return received;
  }
  PublishAnswer complete = Ask(mqtt::EncodePubrel(packet_id),
                               mqtt::Type::kPubcomp, packet_id, deadline);
  // What became of the message, PUBREC has said.
  if (complete.status.ok() && complete.reason_code.value_or(0) == 0) {
    complete.reason_code = received.reason_code;
  }
  return complete;
}

PublishAnswer Dialogue::Ask(const std::string& packet, mqtt::Type answer,
                            int packet_id, absl::Duration deadline) {
  // What the broker said last may explain that nothing can be written.
  (void)stream_->Write(packet, deadline);
  return Await(answer, packet_id, deadline);
}

PublishAnswer Dialogue::Await(mqtt::Type type, int packet_id,
                              absl::Duration deadline) {
  while (true) {
    absl::StatusOr<mqtt::Packet> packet = Next(deadline);
    if (!packet.ok()) return {packet.status(), NameOf(type)};
    const bool left = packet->type == mqtt::Type::kDisconnect;
    if (packet->type != type && !left) continue;
    if (type == mqtt::Type::kPingresp && !left) return {{}, NameOf(type)};
    absl::StatusOr<mqtt::Answer> answer =
        mqtt::ParseAnswer(packet->type, packet->body, level_);
    if (!answer.ok()) return {answer.status(), NameOf(type)};
    if (!left && answer->packet_id != packet_id) continue;
    PublishAnswer result;
    if (left) result.status = absl::CancelledError("DISCONNECT");
    result.packet = NameOf(packet->type);
    if (level_ == mqtt::kLevel5) result.reason_code = answer->code;
    result.reason_string = answer->reason_string;
    return result;
  }
}

void Dialogue::Disconnect(absl::Duration deadline) {
  (void)stream_->Write(mqtt::EncodeDisconnect(level_), deadline);
}

}  // namespace mqttpush
