#include "workers/worker/write_guard.h"

#include <algorithm>

namespace mqttpush {
namespace {

size_t TotalBytes(const iovec* parts, int count) {
  size_t total = 0;
  for (int i = 0; i < count; ++i) total += parts[i].iov_len;
  return total;
}

// Whether the packet is a PUBLISH of QoS 1 or 2.
bool IsGuarded(const PacketHead& packet) {
  return packet.type == PacketType::kPublish && packet.qos > 0;
}

}  // namespace

WriteGuard::Before WriteGuard::BeforeWrite(const iovec* parts, int count) {
  packet_ = PacketHead();
  if (pending_bytes_ > 0) return Before::kWrite;  // has no header to look at
  packet_ = ReadPacketHead(parts, count);
  if (packet_.type == PacketType::kConnect) {
    connect_seen_ = true;
    sent_ids_.reset();
    return Before::kWrite;
  }
  if (!IsGuarded(packet_) || packet_.packet_id < 0) return Before::kWrite;
  const bool repeated = packet_.duplicate && sent_ids_.test(packet_.packet_id);
  sent_ids_.set(packet_.packet_id);
  return repeated ? Before::kSwallow : Before::kWrite;
}

WriteGuard::After WriteGuard::AfterWrite(const iovec* parts, int count,
                                         ssize_t written, bool retry) {
  const size_t total = TotalBytes(parts, count);
  if (pending_bytes_ > 0) {
    Continue(written, retry);
    return After::kReport;
  }
  if (written < 0 && !retry) {
    // Told that a PUBREL failed, Paho would not read what the broker had said
    // before it closed, such as which message it refused.
    return IsGuarded(packet_) || packet_.type == PacketType::kPubrel
               ? After::kKillConnection
               : After::kReport;
  }
  pending_bytes_ = total - static_cast<size_t>(std::max<ssize_t>(written, 0));
  return After::kReport;
}

void WriteGuard::Continue(ssize_t written, bool retry) {
  if (written >= 0) {
    const size_t done = static_cast<size_t>(written);
    pending_bytes_ -= std::min(done, pending_bytes_);
  } else if (!retry) {
    pending_bytes_ = 0;
  }
}

}  // namespace mqttpush
