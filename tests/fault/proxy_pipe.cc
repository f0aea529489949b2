#include "tests/fault/proxy_pipe.h"

#include <algorithm>
#include <utility>

namespace mqttpush::fault {
namespace {

// A throttled path passes its bytes in so many portions a second.
constexpr int64_t kPortionsPerSecond = 50;
constexpr char kNoPacket = '\x00';  // packet type 0 is forbidden

// CONNACK with return or reason code 0.
bool IsYes(absl::string_view packet) {
  return TypeOf(packet) == kConnack && packet.size() > 3 && packet[3] == 0;
}

}  // namespace

void ProxyPipe::Take(absl::string_view bytes, const PathFaults& faults,
                     absl::Time now) {
  if (faults.swallow || lossy_) {
    lossy_ = true;
    counts_.swallowed += static_cast<int64_t>(bytes.size());
    return;
  }
  for (std::string& packet : splitter_.Add(bytes)) {
    TakePacket(std::move(packet), faults, now);
  }
}

void ProxyPipe::TakePacket(std::string packet, const PathFaults& faults,
                           absl::Time now) {
  if (lose_answer_ && IsYes(packet)) answer_lost_ = true;
  if (answer_lost_) return;
  if (faults.swallow_acknowledgements && IsAcknowledgement(packet)) {
    ++counts_.acknowledgements;
    return;
  }
  if (std::exchange(corrupt_next_, false)) {
    packet[0] = kNoPacket;
    ++counts_.corrupted;
  }
  waiting_ += packet.size();
  // A delay that gets shorter does not let bytes overtake each other.
  const absl::Time due =
      std::max(now + faults.delay,
               chunks_.empty() ? absl::InfinitePast() : chunks_.back().due);
  chunks_.push_back({std::move(packet), due});
}

absl::string_view ProxyPipe::Ready(const PathFaults& faults,
                                   absl::Time now) const {
  if (NextTime() > now) return "";
  const absl::string_view bytes = chunks_.front().bytes;
  if (faults.bytes_per_second <= 0) return bytes;
  return bytes.substr(
      0, std::max<int64_t>(1, faults.bytes_per_second / kPortionsPerSecond));
}

void ProxyPipe::Wrote(size_t count, const PathFaults& faults, absl::Time now) {
  counts_.bytes += static_cast<int64_t>(count);
  waiting_ -= count;
  std::string& bytes = chunks_.front().bytes;
  bytes.erase(0, count);
  if (bytes.empty()) chunks_.pop_front();
  if (faults.bytes_per_second > 0) {
    free_ = now + absl::Seconds(static_cast<double>(count) /
                                static_cast<double>(faults.bytes_per_second));
  }
}

absl::Time ProxyPipe::NextTime() const {
  if (chunks_.empty()) return absl::InfiniteFuture();
  return std::max(chunks_.front().due, free_);
}

}  // namespace mqttpush::fault
