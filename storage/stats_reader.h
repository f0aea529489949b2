// StatsReader: how much happened, per subscription and minute or hour, counted
// as the log was written.
#ifndef MQTTPUSH_STORAGE_STATS_READER_H_
#define MQTTPUSH_STORAGE_STATS_READER_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
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

// What came of the attempts at one topic; each as above.
struct TopicCounts {
  int64_t delivered = 0;
  int64_t delivered_bytes = 0;
  int64_t failed = 0;
  int64_t parked = 0;  // after an attempt at it
  int64_t attempts() const { return delivered + failed; }
  void Add(const TopicCounts& other);
  void Subtract(const TopicCounts& other);
  bool operator==(const TopicCounts&) const = default;
};

struct TopicRow {
  std::string topic;
  TopicCounts counts;
};

struct StatsRow {
  absl::Time start;  // of the minute or hour
  ObjectType object_type = ObjectType::kAsset;
  DeliveryCounts counts;
};

struct Stats {
  // By start, then by object type; without those in which nothing happened.
  std::vector<StatsRow> rows;
  // Of the whole time, in no order. A customer may have a topic for each asset,
  // so there may be more than these, and more at one of these than it says; all
  // together are never more than `rows` say.
  std::vector<TopicRow> topics;
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

  // Added up over the subscriptions, of minutes or hours that begin from
  // `start` (inclusive) to `end` (exclusive). What retention has dropped is not
  // counted any more. Topics are counted by hours only, and left out of
  // minutes.
  virtual absl::StatusOr<Stats> ReadStats(const StatsScope& scope,
                                          absl::Time start, absl::Time end,
                                          StatsResolution resolution) = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_STATS_READER_H_
