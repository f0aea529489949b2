// How counts by minute or hour become DeliveryStats. Pure functions.
#ifndef MQTTPUSH_SERVICES_HISTORY_DELIVERY_STATS_H_
#define MQTTPUSH_SERVICES_HISTORY_DELIVERY_STATS_H_

#include <map>
#include <vector>

#include "absl/time/time.h"
#include "mqttpush/v1/history_service.pb.h"
#include "services/history/stats_request.h"
#include "storage/stats_reader.h"

namespace mqttpush {

using CountsByType = std::map<ObjectType, DeliveryCounts>;

// Adds up what begins in the same bucket of the length, counted from the Unix
// epoch, so that days are those of UTC. By start; without empty ones.
std::map<absl::Time, CountsByType> MergeIntoBuckets(
    const std::vector<StatsRow>& rows, absl::Duration bucket);

// Adds up buckets.
CountsByType Total(const std::map<absl::Time, CountsByType>& buckets);

v1::DeliveryStats::Counts ToProto(const DeliveryCounts& counts);

// Sets `start_time` and `end_time`.
void SetRange(const StatsRange& range, v1::DeliveryStats& stats);

// Sets `total`, `object_types` and `buckets`.
void SetCounts(const std::map<absl::Time, CountsByType>& buckets,
               v1::DeliveryStats& stats);

// Sets `topics`, those with the most attempts first, and `other_topics`, which
// is what the buckets have beyond them.
void SetTopics(std::vector<TopicRow> topics,
               const std::map<absl::Time, CountsByType>& buckets,
               v1::DeliveryStats& stats);

// Adds a subscription's backlog; the oldest waiting one of all counts.
void AddBacklog(const v1::Backlog& backlog, v1::Backlog& sum);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_DELIVERY_STATS_H_
