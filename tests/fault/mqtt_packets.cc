#include "tests/fault/mqtt_packets.h"

#include <optional>

namespace mqttpush::fault {
namespace {

constexpr size_t kMaxLengthBytes = 4;
constexpr int kKeepAliveSeconds = 60;

// Where the body begins and how long it is; nothing while bytes are missing.
struct Frame {
  size_t header = 0;
  size_t body = 0;
};

std::optional<Frame> FrameOf(absl::string_view bytes) {
  Frame frame;
  for (size_t i = 1; i < bytes.size() && i <= kMaxLengthBytes; ++i) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    frame.body |= static_cast<size_t>(byte & 0x7F) << (7 * (i - 1));
    frame.header = i + 1;
    if ((byte & 0x80) == 0) return frame;
  }
  if (bytes.size() <= kMaxLengthBytes) return std::nullopt;
  return Frame{.header = bytes.size(), .body = 0};
}

uint16_t NumberAt(absl::string_view bytes, size_t index) {
  if (index + 2 > bytes.size()) return 0;
  return static_cast<uint16_t>(static_cast<uint8_t>(bytes[index]) << 8 |
                               static_cast<uint8_t>(bytes[index + 1]));
}

std::string Number(size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)};
}

std::string Text(absl::string_view text) {
  return Number(text.size()) + std::string(text);
}

std::string Packet(int first_byte, const std::string& body) {
  std::string packet(1, static_cast<char>(first_byte));
  size_t length = body.size();
  do {
    const size_t byte = length & 0x7F;
    length >>= 7;
    packet += static_cast<char>(length > 0 ? byte | 0x80 : byte);
  } while (length > 0);
  return packet + body;
}

absl::string_view BodyOf(absl::string_view packet) {
  const std::optional<Frame> frame = FrameOf(packet);
  return frame.has_value() ? packet.substr(frame->header) : "";
}

}  // namespace

bool IsAcknowledgement(absl::string_view packet) {
  const int type = TypeOf(packet);
  return type == kPuback || type == kPubrec || type == kPubcomp;
}

std::vector<std::string> PacketSplitter::Add(absl::string_view bytes) {
  rest_.append(bytes.data(), bytes.size());
  std::vector<std::string> packets;
  size_t begin = 0;
  while (begin < rest_.size()) {
    const absl::string_view left = absl::string_view(rest_).substr(begin);
    const std::optional<Frame> frame = FrameOf(left);
    if (!frame.has_value()) break;
    const size_t size = frame->header + frame->body;
    if (left.size() < size) break;
    packets.emplace_back(left.substr(0, size));
    begin += size;
  }
  rest_.erase(0, begin);
  return packets;
}

Publish ParsePublish(absl::string_view packet) {
  const absl::string_view body = BodyOf(packet);
  const int flags = packet[0];
  Publish publish{.qos = flags >> 1 & 3,
                  .duplicate = (flags & 8) != 0,
                  .retain = (flags & 1) != 0};
  size_t end = 2u + NumberAt(body, 0);
  if (end > body.size()) return publish;
  publish.topic = std::string(body.substr(2, end - 2));
  if (publish.qos > 0) {
    publish.packet_id = NumberAt(body, end);
    end += 2;
  }
  if (end <= body.size()) publish.payload = std::string(body.substr(end));
  return publish;
}

uint16_t PacketIdOf(absl::string_view packet) {
  return NumberAt(BodyOf(packet), 0);
}

std::string ConnectPacket(absl::string_view client_id, bool clean_session,
                          absl::string_view username,
                          absl::string_view password) {
  const int flags = (clean_session ? 0x02 : 0) | 0xC0;
  return Packet(kConnect << 4, Text("MQTT") + '\x04' +
                                   static_cast<char>(flags) +
                                   Number(kKeepAliveSeconds) + Text(client_id) +
                                   Text(username) + Text(password));
}

std::string SubscribePacket(uint16_t packet_id, absl::string_view filter,
                            int qos) {
  return Packet(kSubscribe << 4 | 2,
                Number(packet_id) + Text(filter) + static_cast<char>(qos));
}

std::string PublishPacket(const Publish& publish) {
  const int flags =
      publish.qos << 1 | (publish.duplicate ? 8 : 0) | (publish.retain ? 1 : 0);
  return Packet(kPublish << 4 | flags,
                Text(publish.topic) +
                    (publish.qos > 0 ? Number(publish.packet_id) : "") +
                    publish.payload);
}

std::string AcknowledgementPacket(PacketType type, uint16_t packet_id) {
  return Packet(type << 4 | (type == kPubrel ? 2 : 0), Number(packet_id));
}

std::string PingPacket() { return Packet(kPingreq << 4, ""); }

}  // namespace mqttpush::fault
