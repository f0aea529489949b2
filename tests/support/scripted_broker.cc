#include "tests/support/scripted_broker.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace mqttpush {
namespace {

std::string Number(uint16_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)};
}

// A packet with a body of less than 128 bytes.
std::string Packet(int first_byte, const std::string& body) {
  return std::string{static_cast<char>(first_byte),
                     static_cast<char>(body.size())} +
         body;
}

uint16_t NumberAt(const std::string& bytes, size_t index) {
  return static_cast<uint16_t>(static_cast<uint8_t>(bytes[index]) << 8 |
                               static_cast<uint8_t>(bytes[index + 1]));
}

bool ReadExactly(int fd, char* bytes, size_t count) {
  for (size_t done = 0; done < count;) {
    const ssize_t got = recv(fd, bytes + done, count - done, 0);
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

}  // namespace

uint16_t MqttPacket::packet_id() const {
  return type == 3 ? NumberAt(body, 2 + NumberAt(body, 0)) : NumberAt(body, 0);
}

ScriptedBroker::ScriptedBroker(Script script) : script_(std::move(script)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, generic, length) != 0 || listen(listener_, 10) != 0 ||
      getsockname(listener_, generic, &length) != 0) {
    std::perror("ScriptedBroker");
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

ScriptedBroker::~ScriptedBroker() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    if (connection_ >= 0) shutdown(connection_, SHUT_RDWR);
  }
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

std::vector<MqttPacket> ScriptedBroker::packets() const {
  MutexLock lock(&mutex_);
  return packets_;
}

void ScriptedBroker::Run() {
  while (true) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    {
      MutexLock lock(&mutex_);
      connection_ = fd;
      if (stopping_) shutdown(fd, SHUT_RDWR);
    }
    Serve(fd);
    MutexLock lock(&mutex_);
    connection_ = -1;
    close(fd);
  }
}

void ScriptedBroker::Serve(int fd) {
  while (std::optional<MqttPacket> packet = ReadPacket(fd)) {
    {
      MutexLock lock(&mutex_);
      packets_.push_back(*packet);
    }
    const std::optional<std::string> answer = script_(*packet);
    if (!answer.has_value()) return;
    if (send(fd, answer->data(), answer->size(), MSG_NOSIGNAL) < 0) return;
  }
}

std::optional<MqttPacket> ScriptedBroker::ReadPacket(int fd) {
  char byte = 0;
  if (!ReadExactly(fd, &byte, 1)) return std::nullopt;
  MqttPacket packet;
  packet.type = static_cast<uint8_t>(byte) >> 4;
  packet.flags = byte & 0x0F;
  size_t length = 0;
  int shift = 0;
  do {
    if (!ReadExactly(fd, &byte, 1)) return std::nullopt;
    length |= static_cast<size_t>(byte & 0x7F) << shift;
    shift += 7;
  } while ((byte & 0x80) != 0 && shift < 28);
  packet.body.resize(length);
  if (!ReadExactly(fd, packet.body.data(), length)) return std::nullopt;
  return packet;
}

std::string ScriptedBroker::Connack3(int code) {
  return Packet(0x20, {'\0', static_cast<char>(code)});
}

std::string ScriptedBroker::Connack5(int reason,
                                     const std::string& properties) {
  return Packet(0x20, std::string{'\0', static_cast<char>(reason),
                                  static_cast<char>(properties.size())} +
                          properties);
}

std::string ScriptedBroker::Puback3(uint16_t packet_id) {
  return Packet(0x40, Number(packet_id));
}

std::string ScriptedBroker::Ack5(int type, uint16_t packet_id, int reason,
                                 const std::string& reason_string) {
  std::string properties;
  if (!reason_string.empty()) {
    properties = '\x1f' + Number(static_cast<uint16_t>(reason_string.size())) +
                 reason_string;
  }
  return Packet(type << 4, Number(packet_id) + static_cast<char>(reason) +
                               static_cast<char>(properties.size()) +
                               properties);
}

std::string ScriptedBroker::Disconnect5(int reason) {
  return Packet(0xE0, {static_cast<char>(reason), '\0'});
}

}  // namespace mqttpush
