#include "storage/stats_reader.h"

#include <cmath>
#include <numeric>

namespace mqttpush {

absl::Duration LatencyHistogram::UpperBound(int bucket) {
  if (bucket >= kBuckets - 1) return absl::InfiniteDuration();
  return absl::Milliseconds(std::pow(10.0, bucket / 4.0));
}

void LatencyHistogram::Add(absl::Duration latency, int64_t count) {
  const double ms = absl::ToDoubleMilliseconds(latency);
  int bucket = 0;
  if (ms >= 1) bucket = static_cast<int>(std::floor(std::log10(ms) * 4)) + 1;
  counts_[std::min(bucket, kBuckets - 1)] += count;
}

void LatencyHistogram::Add(const LatencyHistogram& other) {
  for (int i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
}

int64_t LatencyHistogram::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), int64_t{0});
}

absl::Duration LatencyHistogram::Percentile(double fraction) const {
  const int64_t all = total();
  if (all == 0) return absl::ZeroDuration();
  int64_t below = 0;
  int bucket = 0;
  for (; bucket < kBuckets - 1; ++bucket) {
    below += counts_[bucket];
    if (static_cast<double>(below) >= fraction * static_cast<double>(all)) {
      break;
    }
  }
  return UpperBound(bucket);
}

void DeliveryCounts::Add(const DeliveryCounts& other) {
  accepted += other.accepted;
  accepted_bytes += other.accepted_bytes;
  delivered += other.delivered;
  delivered_bytes += other.delivered_bytes;
  failed += other.failed;
  parked += other.parked;
  expired += other.expired;
  discarded += other.discarded;
  latency.Add(other.latency);
}

void TopicCounts::Add(const TopicCounts& other) {
  delivered += other.delivered;
  delivered_bytes += other.delivered_bytes;
  failed += other.failed;
  parked += other.parked;
}

void TopicCounts::Subtract(const TopicCounts& other) {
  delivered -= other.delivered;
  delivered_bytes -= other.delivered_bytes;
  failed -= other.failed;
  parked -= other.parked;
}

}  // namespace mqttpush
