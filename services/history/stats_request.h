// Parsing and validation of GetDeliveryStats' requests.
#ifndef MQTTPUSH_SERVICES_HISTORY_STATS_REQUEST_H_
#define MQTTPUSH_SERVICES_HISTORY_STATS_REQUEST_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mqttpush/v1/history_service.pb.h"
#include "storage/config_snapshot.h"
#include "storage/stats_reader.h"

namespace mqttpush {

// Whole buckets, from `start` (inclusive) to `end` (exclusive).
struct StatsRange {
  absl::Time start;
  absl::Time end;
  absl::Duration bucket;

  // Leaves out the buckets that end at or before `since`.
  void CutOff(absl::Time since);
  StatsResolution resolution() const {
    return bucket < absl::Hours(1) ? StatsResolution::kMinute
                                   : StatsResolution::kHour;
  }
  bool operator==(const StatsRange&) const = default;
};

struct DeliveryStatsQuery {
  const TenantRecord* tenant = nullptr;                  // of the snapshot
  std::vector<const SubscriptionRecord*> subscriptions;  // likewise
  StatsScope scope;
  StatsRange range;
};

// Errors: INVALID_ARGUMENT with all violations; NOT_FOUND for an unknown tenant
// or subscription. `now` is where the range ends when the request does not say.
absl::StatusOr<DeliveryStatsQuery> ParseDeliveryStats(
    const v1::GetDeliveryStatsRequest& request, const ConfigSnapshot& snapshot,
    absl::Time now);

// The range alone.
absl::StatusOr<StatsRange> ParseStatsRange(
    const v1::GetDeliveryStatsRequest& request, absl::Time now);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_STATS_REQUEST_H_
