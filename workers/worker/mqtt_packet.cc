#include "workers/worker/mqtt_packet.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace mqttpush {
namespace {

constexpr int kDuplicateFlag = 0x08;
constexpr int kReasonStringProperty = 0x1F;
constexpr int kUserProperty = 0x26;

// Byte `index` of the gathered packet; -1 beyond its end.
int ByteAt(const iovec* parts, int count, size_t index) {
  for (int i = 0; i < count; ++i) {
    if (index < parts[i].iov_len) {
      return static_cast<const uint8_t*>(parts[i].iov_base)[index];
    }
    index -= parts[i].iov_len;
  }
  return -1;
}

// The 16-bit number at `index`; -1 beyond the packet's end.
int NumberAt(const iovec* parts, int count, size_t index) {
  const int high = ByteAt(parts, count, index);
  const int low = ByteAt(parts, count, index + 1);
  return high < 0 || low < 0 ? -1 : high << 8 | low;
}

// Where the remaining length, of one to four bytes, ends.
size_t BodyIndex(const iovec* parts, int count) {
  size_t index = 1;
  while (index < 4 && ByteAt(parts, count, index) >= 0x80) ++index;
  return index + 1;
}

int Number(const std::string& body, size_t index) {
  return static_cast<uint8_t>(body[index]) << 8 |
         static_cast<uint8_t>(body[index + 1]);
}

// The two-byte length at `index` and what it counts; npos when cut short.
size_t AfterText(const std::string& body, size_t index) {
  if (index + 2 > body.size()) return std::string::npos;
  const size_t end = index + 2 + static_cast<size_t>(Number(body, index));
  return end > body.size() ? std::string::npos : end;
}

// MQTT 5, section 3.4.2.2: answers carry a reason string and user properties.
std::string ReasonString(const std::string& body) {
  size_t index = 3;
  while (index < body.size() && static_cast<uint8_t>(body[index]) >= 0x80) {
    ++index;
  }
  ++index;  // the properties' length, which the body's own makes redundant
  while (index < body.size()) {
    const int property = static_cast<uint8_t>(body[index++]);
    const size_t end = AfterText(body, index);
    if (end == std::string::npos) return "";
    if (property == kReasonStringProperty) {
      return body.substr(index + 2, end - index - 2);
    }
    if (property != kUserProperty) return "";
    index = AfterText(body, end);
    if (index == std::string::npos) return "";
  }
  return "";
}

// Whether a broker may begin a packet so; MQTT 5, sections 2.1.2 and 2.1.3.
bool MayBegin(int header) {
  const int type = header >> 4;
  const int flags = header & 0x0F;
  switch (type) {
    case 3:  // PUBLISH
      return (flags >> 1 & 3) != 3;
    case 6:  // PUBREL
      return flags == 2;
    case 2:
    case 4:
    case 5:
    case 7:
    case 9:
    case 11:
    case 13:
    case 14:
    case 15:
      return flags == 0;
    default:
      return false;
  }
}

bool IsAnswer(int header) {
  const auto type = static_cast<PacketType>(header >> 4);
  return type == PacketType::kPuback || type == PacketType::kPubrec ||
         type == PacketType::kPubcomp;
}

}  // namespace

PacketHead ReadPacketHead(const iovec* parts, int count) {
  PacketHead head;
  const int header = ByteAt(parts, count, 0);
  if (header < 0) return head;
  head.type = static_cast<PacketType>(header >> 4);
  const size_t body = BodyIndex(parts, count);
  if (head.type == PacketType::kPubrel) {
    head.packet_id = NumberAt(parts, count, body);
  }
  if (head.type != PacketType::kPublish) return head;
  head.qos = header >> 1 & 3;
  head.duplicate = (header & kDuplicateFlag) != 0;
  const int topic_bytes = NumberAt(parts, count, body);
  if (head.qos > 0 && topic_bytes >= 0) {
    head.packet_id =
        NumberAt(parts, count, body + 2 + static_cast<size_t>(topic_bytes));
  }
  return head;
}

std::vector<AckPacket> AckReader::Feed(const void* data, size_t size) {
  std::vector<AckPacket> acks;
  const char* bytes = static_cast<const char*>(data);
  for (size_t i = 0; i < size && !malformed_;) {
    if (!in_body_) {
      in_body_ = FeedLength(static_cast<unsigned char>(bytes[i++]));
    } else {
      const size_t part = std::min(size - i, length_ - done_);
      if (IsAnswer(header_) && body_.size() < kMaxBody) {
        body_.append(bytes + i, std::min(part, kMaxBody - body_.size()));
      }
      done_ += part;
      i += part;
    }
    if (in_body_ && done_ == length_) Finish(acks);
  }
  return acks;
}

// True when the fixed header is complete.
bool AckReader::FeedLength(unsigned char byte) {
  if (!has_header_) {
    has_header_ = true;
    header_ = byte;
    malformed_ = !MayBegin(header_);
    return false;
  }
  length_ |= static_cast<size_t>(byte & 0x7F) << length_shift_;
  length_shift_ += 7;
  return byte < 0x80 || length_shift_ >= 28;
}

void AckReader::Finish(std::vector<AckPacket>& acks) {
  AckPacket ack;
  if (IsAnswer(header_) && body_.size() >= 2) {
    ack.type = static_cast<PacketType>(header_ >> 4);
    ack.packet_id = Number(body_, 0);
    if (body_.size() >= 3) ack.reason_code = static_cast<uint8_t>(body_[2]);
    if (body_.size() >= 4) ack.reason_string = ReasonString(body_);
    acks.push_back(std::move(ack));
  }
  *this = AckReader();
}

}  // namespace mqttpush
