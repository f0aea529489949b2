#include "workers/worker/write_guard.h"

#include <algorithm>
#include <cstdint>

namespace mqttpush {
namespace {

constexpr int kConnectType = 1;
constexpr int kPublishType = 3;
constexpr int kDuplicateFlag = 0x08;

size_t TotalBytes(const iovec* parts, int count) {
  size_t total = 0;
  for (int i = 0; i < count; ++i) total += parts[i].iov_len;
  return total;
}

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

int PacketType(const iovec* parts, int count) {
  return ByteAt(parts, count, 0) >> 4;
}

// Whether the packet is a PUBLISH of QoS 1 or 2.
bool IsGuarded(const iovec* parts, int count) {
  int header = ByteAt(parts, count, 0);
  return header >= 0 && (header >> 4) == kPublishType &&
         ((header >> 1) & 3) > 0;
}

// The 16-bit number at `index`; -1 beyond the packet's end.
int NumberAt(const iovec* parts, int count, size_t index) {
  int high = ByteAt(parts, count, index);
  int low = ByteAt(parts, count, index + 1);
  return high < 0 || low < 0 ? -1 : high << 8 | low;
}

// The packet id of a PUBLISH of QoS 1 or 2; -1 when there is none.
int PacketId(const iovec* parts, int count) {
  size_t index = 1;  // the remaining length has one to four bytes
  while (index < 4 && ByteAt(parts, count, index) >= 0x80) ++index;
  ++index;
  int topic_bytes = NumberAt(parts, count, index);
  if (topic_bytes < 0) return -1;
  return NumberAt(parts, count, index + 2 + topic_bytes);
}

}  // namespace

WriteGuard::Before WriteGuard::BeforeWrite(const iovec* parts, int count) {
  if (pending_bytes_ > 0) return Before::kWrite;  // has no header to look at
  if (PacketType(parts, count) == kConnectType) {
    connect_seen_ = true;
    sent_ids_.reset();
    return Before::kWrite;
  }
  if (!IsGuarded(parts, count)) return Before::kWrite;
  const int id = PacketId(parts, count);
  if (id < 0) return Before::kWrite;
  const bool repeated =
      (ByteAt(parts, count, 0) & kDuplicateFlag) != 0 && sent_ids_.test(id);
  sent_ids_.set(id);
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
    return IsGuarded(parts, count) ? After::kKillConnection : After::kReport;
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
