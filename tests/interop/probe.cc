#include "tests/interop/probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/string_view.h"
#include "tests/interop/broker_process.h"

namespace mqttpush {
namespace {

constexpr int kTimeoutSeconds = 10;
constexpr char kKeepAlive[] = {0, 60};
// Session Expiry Interval: an hour.
constexpr char kConnectProperties[] = {5, 0x11, 0, 0, 0x0E, 0x10};

std::string Number(size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)};
}

std::string Text(const std::string& text) { return Number(text.size()) + text; }

uint32_t TakeNumber(absl::string_view& bytes, size_t size) {
  uint32_t value = 0;
  for (; size > 0 && !bytes.empty(); --size, bytes.remove_prefix(1)) {
    value = value << 8 | static_cast<uint8_t>(bytes[0]);
  }
  return value;
}

void SkipText(absl::string_view& bytes) {
  bytes.remove_prefix(std::min<size_t>(TakeNumber(bytes, 2), bytes.size()));
}

// How many bytes the number of a property has; 0 for texts.
size_t SizeOf(int property) {
  switch (property) {
    case 0x11:
    case kMaximumPacketSize:
      return 4;
    case kServerKeepAlive:
    case kReceiveMaximum:
    case 0x22:
      return 2;
    case kMaximumQos:
    case kRetainAvailable:
    case 0x28:
    case 0x29:
    case 0x2A:
      return 1;
    default:
      return 0;
  }
}

// Of at most 127 bytes: nothing longer is needed of a CONNACK.
Properties ParseProperties(absl::string_view bytes) {
  Properties properties;
  while (!bytes.empty()) {
    const int property = static_cast<int>(TakeNumber(bytes, 1));
    const size_t size = SizeOf(property);
    if (size > 0) {
      properties[property] = TakeNumber(bytes, size);
    } else {
      SkipText(bytes);
      if (property == 0x26) SkipText(bytes);
    }
  }
  return properties;
}

}  // namespace

Probe::Probe(int port, v1::Broker::ProtocolVersion version)
    : mqtt_5_(version == v1::Broker::MQTT_5),
      fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  const timeval timeout{kTimeoutSeconds, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  // Where this fails, so does the first Read.
  (void)!connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
}

Probe::~Probe() { close(fd_); }

std::optional<int> Probe::ConnectAsNobody() {
  std::string body = Text("MQTT");
  body += mqtt_5_ ? '\5' : '\4';
  body += '\2';
  body.append(kKeepAlive, sizeof kKeepAlive);
  if (mqtt_5_) body += '\0';
  Send(0x10, body + Text(""));
  const auto packet = Read();
  if (!packet || packet->body.size() < 2) return std::nullopt;
  return static_cast<uint8_t>(packet->body[1]);
}

std::optional<Connack> Probe::Connect(const std::string& client_id) {
  // User name and password; neither clean session nor clean start.
  std::string body = Text("MQTT");
  body += mqtt_5_ ? '\5' : '\4';
  body += '\xC0';
  body.append(kKeepAlive, sizeof kKeepAlive);
  if (mqtt_5_) body.append(kConnectProperties, sizeof kConnectProperties);
  Send(0x10, body + Text(client_id) + Text(kUser) + Text(kPassword));
  const auto packet = Read();
  if (!packet || packet->type != 2 || packet->body.size() < 2) {
    return std::nullopt;
  }
  Connack connack;
  connack.session_present = packet->body[0] != 0;
  connack.code = static_cast<uint8_t>(packet->body[1]);
  if (packet->body.size() > 3) {
    connack.properties =
        ParseProperties(absl::string_view(packet->body).substr(3));
  }
  return connack;
}

void Probe::Publish(const std::string& topic, const std::string& payload,
                    uint16_t packet_id, bool duplicate) {
  Send(duplicate ? 0x3C : 0x34, Text(topic) + Number(packet_id) +
                                    std::string(mqtt_5_ ? 1 : 0, '\0') +
                                    payload);
}

void Probe::Release(uint16_t packet_id) { Send(0x62, Number(packet_id)); }

bool Probe::Await(int type) {
  while (const auto packet = Read()) {
    if (packet->type == type) return true;
  }
  return false;
}

std::optional<MqttPacket> Probe::Read() {
  char head[2];
  if (!ReadExactly(head, sizeof head)) return std::nullopt;
  size_t size = head[1] & 0x7F;
  for (int shift = 7; (head[1] & 0x80) != 0; shift += 7) {
    if (!ReadExactly(head + 1, 1)) return std::nullopt;
    size |= static_cast<size_t>(head[1] & 0x7F) << shift;
  }
  MqttPacket packet;
  packet.type = static_cast<uint8_t>(head[0]) >> 4;
  packet.flags = head[0] & 0x0F;
  packet.body.resize(size);
  if (!ReadExactly(packet.body.data(), size)) return std::nullopt;
  return packet;
}

bool Probe::ReadExactly(char* bytes, size_t count) {
  for (size_t done = 0; done < count;) {
    const ssize_t got = recv(fd_, bytes + done, count - done, 0);
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

void Probe::Send(int first_byte, const std::string& body) {
  std::string packet = {static_cast<char>(first_byte),
                        static_cast<char>(body.size())};
  packet += body;  // always below 128 bytes
  (void)!send(fd_, packet.data(), packet.size(), MSG_NOSIGNAL);
}

}  // namespace mqttpush
