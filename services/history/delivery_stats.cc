#include "services/history/delivery_stats.h"

#include <algorithm>
#include <optional>

#include "common/limits.h"
#include "google/protobuf/util/time_util.h"

namespace mqttpush {
namespace {

using google::protobuf::util::TimeUtil;

DeliveryCounts SumOf(const CountsByType& types) {
  DeliveryCounts sum;
  for (const auto& [type, counts] : types) sum.Add(counts);
  return sum;
}

using Percentile = std::optional<google::protobuf::Duration>;

// Absent when there are none, and when it has no upper bound.
Percentile PercentileOf(const LatencyHistogram& latency, double fraction) {
  const absl::Duration bound = latency.Percentile(fraction);
  if (latency.total() == 0 || bound == absl::InfiniteDuration()) {
    return std::nullopt;
  }
  return TimeUtil::MicrosecondsToDuration(
      absl::ToInt64Microseconds(absl::Ceil(bound, absl::Microseconds(1))));
}

v1::DeliveryStats::Latency ToProto(const LatencyHistogram& latency) {
  v1::DeliveryStats::Latency proto;
  if (auto p = PercentileOf(latency, 0.5)) *proto.mutable_p50() = *p;
  if (auto p = PercentileOf(latency, 0.9)) *proto.mutable_p90() = *p;
  if (auto p = PercentileOf(latency, 0.99)) *proto.mutable_p99() = *p;
  return proto;
}

DeliveryCounts ToDeliveryCounts(const TopicCounts& counts) {
  return {.delivered = counts.delivered,
          .delivered_bytes = counts.delivered_bytes,
          .failed = counts.failed,
          .parked = counts.parked};
}

TopicCounts ToTopicCounts(const DeliveryCounts& counts) {
  return {.delivered = counts.delivered,
          .delivered_bytes = counts.delivered_bytes,
          .failed = counts.failed,
          .parked = counts.parked};
}

// The same for the same counts, in whichever order they come.
bool ComesFirst(const TopicRow& a, const TopicRow& b) {
  if (a.counts.attempts() != b.counts.attempts()) {
    return a.counts.attempts() > b.counts.attempts();
  }
  return a.topic < b.topic;
}

template <typename Repeated>
void AddTypes(const CountsByType& types, Repeated* repeated) {
  for (const auto& [type, counts] : types) {
    auto* added = repeated->Add();
    added->set_object_type(static_cast<v1::ObjectType>(type));
    *added->mutable_counts() = ToProto(counts);
  }
}

}  // namespace

std::map<absl::Time, CountsByType> MergeIntoBuckets(
    const std::vector<StatsRow>& rows, absl::Duration bucket) {
  std::map<absl::Time, CountsByType> buckets;
  for (const StatsRow& row : rows) {
    const absl::Time start =
        absl::UnixEpoch() + absl::Floor(row.start - absl::UnixEpoch(), bucket);
    buckets[start][row.object_type].Add(row.counts);
  }
  return buckets;
}

CountsByType Total(const std::map<absl::Time, CountsByType>& buckets) {
  CountsByType total;
  for (const auto& [start, types] : buckets) {
    for (const auto& [type, counts] : types) total[type].Add(counts);
  }
  return total;
}

v1::DeliveryStats::Counts ToProto(const DeliveryCounts& counts) {
  v1::DeliveryStats::Counts proto;
  proto.set_accepted_count(counts.accepted);
  proto.set_accepted_bytes(counts.accepted_bytes);
  proto.set_delivered_count(counts.delivered);
  proto.set_delivered_bytes(counts.delivered_bytes);
  proto.set_failed_attempt_count(counts.failed);
  proto.set_parked_count(counts.parked);
  proto.set_expired_count(counts.expired);
  proto.set_discarded_count(counts.discarded);
  // Each delivered one had one attempt that succeeded; those that brought it
  // again, on a person's word, are not counted.
  proto.set_attempt_count(counts.delivered + counts.failed);
  if (const int64_t tried = counts.delivered + counts.parked; tried > 0) {
    proto.set_attempts_per_delivery(static_cast<double>(proto.attempt_count()) /
                                    static_cast<double>(tried));
  }
  if (counts.latency.total() > 0) {
    *proto.mutable_latency() = ToProto(counts.latency);
  }
  return proto;
}

void SetRange(const StatsRange& range, v1::DeliveryStats& stats) {
  *stats.mutable_start_time() =
      TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(range.start));
  *stats.mutable_end_time() =
      TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(range.end));
}

void SetCounts(const std::map<absl::Time, CountsByType>& buckets,
               v1::DeliveryStats& stats) {
  const CountsByType total = Total(buckets);
  *stats.mutable_total() = ToProto(SumOf(total));
  AddTypes(total, stats.mutable_object_types());
  for (const auto& [start, types] : buckets) {
    v1::DeliveryStats::Bucket& bucket = *stats.add_buckets();
    *bucket.mutable_start_time() =
        TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(start));
    *bucket.mutable_counts() = ToProto(SumOf(types));
    AddTypes(types, bucket.mutable_object_types());
  }
}

void SetTopics(std::vector<TopicRow> topics,
               const std::map<absl::Time, CountsByType>& buckets,
               v1::DeliveryStats& stats) {
  std::sort(topics.begin(), topics.end(), ComesFirst);
  if (topics.size() > limits::kMaxStatsTopics) {
    topics.resize(limits::kMaxStatsTopics);
  }
  TopicCounts other = ToTopicCounts(SumOf(Total(buckets)));
  for (const TopicRow& row : topics) {
    other.Subtract(row.counts);
    v1::DeliveryStats::TopicCounts& added = *stats.add_topics();
    added.set_topic(row.topic);
    *added.mutable_counts() = ToProto(ToDeliveryCounts(row.counts));
  }
  if (other == TopicCounts()) return;
  *stats.mutable_other_topics() = ToProto(ToDeliveryCounts(other));
}

void AddBacklog(const v1::Backlog& backlog, v1::Backlog& sum) {
  sum.set_waiting_count(sum.waiting_count() + backlog.waiting_count());
  sum.set_in_flight_count(sum.in_flight_count() + backlog.in_flight_count());
  sum.set_retrying_count(sum.retrying_count() + backlog.retrying_count());
  sum.set_parked_count(sum.parked_count() + backlog.parked_count());
  sum.set_accepted_count(sum.accepted_count() + backlog.accepted_count());
  sum.set_delivered_count(sum.delivered_count() + backlog.delivered_count());
  sum.set_expired_count(sum.expired_count() + backlog.expired_count());
  sum.set_discarded_count(sum.discarded_count() + backlog.discarded_count());
  if (backlog.has_oldest_waiting_time() &&
      (!sum.has_oldest_waiting_time() ||
       backlog.oldest_waiting_time() < sum.oldest_waiting_time())) {
    *sum.mutable_oldest_waiting_time() = backlog.oldest_waiting_time();
  }
}

}  // namespace mqttpush
