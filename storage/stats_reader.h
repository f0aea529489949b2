// StatsReader: how much happened, per subscription and minute or hour, counted
// as the log was written.
#ifndef MQTTPUSH_STORAGE_STATS_READER_H_
#define MQTTPUSH_STORAGE_STATS_READER_H_

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/records.h"

namespace mqttpush {

// Latencies by size: four buckets to a factor of ten, from 1 ms.
class LatencyHistogram {
 public:
  static constexpr int kBuckets = 25;

  void Add(absl::Duration latency, int64_t count = 1);
  void Add(const LatencyHistogram& other);
  // The upper bound of the bucket in which the fraction (0 to 1) of all lies;
  // zero when there are none.
  absl::Duration Percentile(double fraction) const;
  // Latencies of bucket i are below it; the last one has no bound.
  static absl::Duration UpperBound(int bucket);

  int64_t count(int bucket) const { return counts_[bucket]; }
  void set_count(int bucket, int64_t count) { counts_[bucket] = count; }
  int64_t total() const;
  bool operator==(const LatencyHistogram&) const = default;

 private:
  std::array<int64_t, kBuckets> counts_{};
};

// What happened in a stretch of time to deliveries of one object type.
struct DeliveryCounts {
  int64_t accepted = 0;
  int64_t accepted_bytes = 0;  // of payloads
  int64_t delivered = 0;       // not again what was delivered again
  int64_t delivered_bytes = 0;
  int64_t failed = 0;  // attempts
  int64_t parked = 0;
  int64_t expired = 0;
  int64_t discarded = 0;
  LatencyHistogram latency;  // of delivered ones, from acceptance
  void Add(const DeliveryCounts& other);
  bool operator==(const DeliveryCounts&) const = default;
};

struct StatsRow {
  absl::Time start;  // of the minute or hour
  ObjectType object_type = ObjectType::kAsset;
  DeliveryCounts counts;
};

// Whose deliveries.
struct StatsScope {
  int64_t tenant_uid = 0;
  // Absent: all that the tenant ever had, deleted ones too.
  std::optional<int64_t> subscription_uid;
};

enum class StatsResolution { kMinute, kHour };

// Thread-safe.
class StatsReader {
 public:
  virtual ~StatsReader() = default;

  // Added up over the subscriptions, those that begin from `start` (inclusive)
  // to `end` (exclusive), by start, then by object type; without those in which
  // nothing happened. What retention has dropped is not counted any more.
  virtual absl::StatusOr<std::vector<StatsRow>> ReadStats(
      const StatsScope& scope, absl::Time start, absl::Time end,
      StatsResolution resolution) = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_STATS_READER_H_
