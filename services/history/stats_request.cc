#include "services/history/stats_request.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/status_macros.h"
#include "services/api/errors.h"
#include "services/api/resource_names.h"
#include "services/api/violations.h"
#include "services/history/history_requests.h"

namespace mqttpush {
namespace {

using Request = v1::GetDeliveryStatsRequest;

constexpr absl::Duration kDefaultRange = absl::Hours(24);

absl::Duration BucketOf(const Request& request, Violations& violations) {
  switch (request.granularity()) {
    case Request::MINUTE:
      return absl::Minutes(1);
    case Request::DAY:
      return absl::Hours(24);
    case Request::GRANULARITY_UNSPECIFIED:
    case Request::HOUR:
      return absl::Hours(1);
    default:
      violations.Add("granularity", "must be MINUTE, HOUR or DAY");
      return absl::Hours(1);
  }
}

absl::Time RoundDown(absl::Time time, absl::Duration bucket) {
  return absl::UnixEpoch() + absl::Floor(time - absl::UnixEpoch(), bucket);
}

absl::Time RoundUp(absl::Time time, absl::Duration bucket) {
  return absl::UnixEpoch() + absl::Ceil(time - absl::UnixEpoch(), bucket);
}

void CheckLength(const StatsRange& range, Violations& violations) {
  const absl::Duration longest =
      std::min(limits::kMaxStatsBuckets * range.bucket,
               limits::kMaxStatsDays * absl::Hours(24));
  if (range.end - range.start <= longest) return;
  violations.Add(
      "start_time",
      absl::StrCat("must be at most ", limits::kMaxStatsBuckets,
                   " buckets and ", limits::kMaxStatsDays,
                   " days before end_time; take a coarser granularity"));
}

// The tenant, and one or all of its subscriptions.
absl::StatusOr<DeliveryStatsQuery> FindParent(const std::string& parent,
                                              const ConfigSnapshot& snapshot) {
  DeliveryStatsQuery query;
  const auto name = ParseSubscriptionName(parent);
  const auto tenant_name = ParseTenantName(parent);
  if (!name.has_value() && !tenant_name.has_value()) {
    return InvalidField(
        "parent", absl::StrCat(kTenantFormat, " or that of a subscription"));
  }
  const std::string tenant =
      name.has_value() ? name->tenant : tenant_name->tenant;
  query.tenant = snapshot.FindTenant(tenant);
  if (query.tenant == nullptr) {
    return errors::TenantNotFound(TenantName(tenant));
  }
  query.scope.tenant_uid = query.tenant->uid;
  if (!name.has_value()) {
    query.subscriptions = snapshot.SubscriptionsOf(query.tenant->uid);
    return query;
  }
  const SubscriptionRecord* subscription =
      snapshot.FindSubscription(query.tenant->uid, name->subscription);
  if (subscription == nullptr) return errors::SubscriptionNotFound(parent);
  query.subscriptions = {subscription};
  query.scope.subscription_uid = subscription->uid;
  return query;
}

}  // namespace

void StatsRange::CutOff(absl::Time since) {
  if (since <= start) return;
  start = std::min(end, RoundDown(since, bucket));
}

absl::StatusOr<StatsRange> ParseStatsRange(const Request& request,
                                           absl::Time now) {
  Violations violations;
  StatsRange range = {.bucket = BucketOf(request, violations)};
  const absl::Time end =
      request.has_end_time()
          ? ParseTime(request.end_time(), "end_time", violations).value_or(now)
          : now;
  const absl::Time start =
      request.has_start_time()
          ? ParseTime(request.start_time(), "start_time", violations)
                .value_or(end - kDefaultRange)
          : end - kDefaultRange;
  if (end <= start) violations.Add("end_time", "must be after start_time");
  range.start = RoundDown(start, range.bucket);
  range.end = RoundUp(end, range.bucket);
  CheckLength(range, violations);
  MQTTPUSH_RETURN_IF_ERROR(violations.ToStatus());
  return range;
}

absl::StatusOr<DeliveryStatsQuery> ParseDeliveryStats(
    const Request& request, const ConfigSnapshot& snapshot, absl::Time now) {
  MQTTPUSH_ASSIGN_OR_RETURN(DeliveryStatsQuery query,
                            FindParent(request.parent(), snapshot));
  MQTTPUSH_ASSIGN_OR_RETURN(query.range, ParseStatsRange(request, now));
  return query;
}

}  // namespace mqttpush
