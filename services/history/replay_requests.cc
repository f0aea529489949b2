#include "services/history/replay_requests.h"

#include <limits>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/status_macros.h"
#include "services/api/errors.h"
#include "services/api/page_token.h"
#include "services/api/resource_names.h"
#include "services/api/violations.h"
#include "services/history/history_requests.h"

namespace mqttpush {
namespace {

// So that nobody sends all of the history by a slip.
void CheckNarrow(const v1::HistoryFilter& filter, Violations& violations) {
  if (filter.subscription().empty() && !filter.has_start_time() &&
      filter.asset_id().empty() && filter.event_id().empty() &&
      filter.topic().empty()) {
    violations.Add("filter",
                   "must set at least one of subscription, start_time, "
                   "asset_id, event_id and topic");
  }
}

std::vector<DeliveryState> ParseStates(
    const v1::ReplayDeliveriesRequest& request, Violations& violations) {
  std::vector<DeliveryState> states;
  for (int i = 0; i < request.states_size(); ++i) {
    const v1::Delivery::State state = request.states(i);
    if (state != v1::Delivery::PARKED && state != v1::Delivery::DELIVERED) {
      violations.Add(absl::StrCat("states[", i, "]"),
                     "must be PARKED or DELIVERED");
    } else {
      states.push_back(static_cast<DeliveryState>(state));
    }
  }
  if (states.empty()) states = {DeliveryState::kParked};
  return states;
}

int ParseRate(const v1::ReplayDeliveriesRequest& request,
              Violations& violations) {
  const int rate = request.max_per_second();
  if (rate < 0 || rate > limits::kMaxReplayRate) {
    violations.Add("max_per_second",
                   absl::StrCat("must be from 0 to ", limits::kMaxReplayRate));
  }
  return rate == 0 ? limits::kDefaultReplayRate : rate;
}

}  // namespace

absl::StatusOr<ReplayRecord> ParseReplayDeliveries(
    const v1::ReplayDeliveriesRequest& request, const ConfigSnapshot& snapshot,
    absl::Time now) {
  MQTTPUSH_ASSIGN_OR_RETURN(const TenantRecord* tenant,
                            FindTenant(request.parent(), snapshot));
  Violations violations;
  ReplayRecord replay;
  CheckNarrow(request.filter(), violations);
  replay.query = ParseFilter(request.filter(), *tenant, snapshot, violations);
  replay.states = ParseStates(request, violations);
  replay.max_per_second = ParseRate(request, violations);
  MQTTPUSH_RETURN_IF_ERROR(violations.ToStatus());
  if (replay.query.subscription_uid.has_value()) {
    replay.subscription_id =
        snapshot.FindSubscription(*replay.query.subscription_uid)->id;
  }
  replay.create_time = absl::FromUnixMicros(absl::ToUnixMicros(now));
  return replay;
}

absl::StatusOr<ReplayKey> ParseReplayKey(const std::string& name,
                                         const ConfigSnapshot& snapshot) {
  const auto parsed = ParseReplayName(name);
  if (!parsed.has_value()) {
    return InvalidField("name", std::string(kReplayFormat));
  }
  const TenantRecord* tenant = snapshot.FindTenant(parsed->tenant);
  if (tenant == nullptr) return errors::ReplayNotFound(name);
  return ReplayKey{tenant, parsed->uid};
}

absl::StatusOr<ListReplaysQuery> ParseListReplays(
    const v1::ListReplaysRequest& request, const ConfigSnapshot& snapshot) {
  ListReplaysQuery query;
  MQTTPUSH_ASSIGN_OR_RETURN(query.tenant,
                            FindTenant(request.parent(), snapshot));
  Violations violations;
  query.page_size = EffectivePageSize(request.page_size(), &violations);
  query.before = std::numeric_limits<int64_t>::max();
  const std::string key = DecodePageToken(
      request.page_token(), FingerprintRequest(request), &violations);
  if (!key.empty() && !absl::SimpleAtoi(key, &query.before)) {
    violations.Add("page_token", "is not a token of this method");
  }
  MQTTPUSH_RETURN_IF_ERROR(violations.ToStatus());
  return query;
}

std::string ReplayPageToken(const v1::ListReplaysRequest& request,
                            int64_t first_uid) {
  return EncodePageToken(FingerprintRequest(request),
                         absl::StrCat(first_uid + 1));
}

}  // namespace mqttpush
