#include "services/ingest/quota_check.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "services/api/errors.h"
#include "services/api/resource_names.h"
#include "services/api/status.h"

namespace mqttpush {
namespace {

EventLoad LoadOf(const NewEvent& event) {
  const auto deliveries = static_cast<int64_t>(event.route->size());
  return {deliveries, deliveries * static_cast<int64_t>(event.payload.size())};
}

// Which quota, in words.
std::string WordsOf(const absl::Status& error) {
  google::rpc::QuotaFailure failure;
  return GetDetail(error, &failure) ? failure.violations(0).description() : "";
}

absl::Duration RetryDelayOf(const absl::Status& error) {
  google::rpc::RetryInfo retry;
  if (!GetDetail(error, &retry)) return absl::ZeroDuration();
  return absl::Seconds(retry.retry_delay().seconds()) +
         absl::Nanoseconds(retry.retry_delay().nanos());
}

RefusedEvent RefusedOf(NewEvent event, const absl::Status& error,
                       absl::Time now) {
  return {.refusal = Refusal::kOverQuota,
          .time = now,
          .tenant_uid = event.tenant_uid,
          .event_id = std::move(event.event_id),
          .object_type = static_cast<v1::ObjectType>(event.object_type),
          .object_id = std::move(event.object_id),
          .asset_id = std::move(event.asset_id),
          .owner_id = std::move(event.owner_id),
          .violations = {},
          .quota = WordsOf(error)};
}

// Leaves the events that have no error; `errors` has one for each.
void TakeOut(const std::vector<absl::Status>& errors, absl::Time now,
             PreparedBatch& batch) {
  size_t kept = 0;
  for (size_t i = 0; i < errors.size(); ++i) {
    if (errors[i].ok()) {
      std::swap(batch.events[kept], batch.events[i]);
      std::swap(batch.tenant_uids[kept], batch.tenant_uids[i]);
      std::swap(batch.result_indexes[kept++], batch.result_indexes[i]);
      continue;
    }
    v1::EventResult& result =
        *batch.response.mutable_results(batch.result_indexes[i]);
    result.set_outcome(v1::EventResult::OVER_QUOTA);
    *result.mutable_error() = ToRpcStatus(errors[i]);
    batch.refused.push_back(
        RefusedOf(std::move(batch.events[i]), errors[i], now));
  }
  batch.events.resize(kept);
  batch.tenant_uids.resize(kept);
  batch.result_indexes.resize(kept);
}

// The events of one tenant in a batch.
struct Share {
  std::vector<size_t> positions;
  QuotaGate::Entry entry;
};
using Shares = std::map<int64_t, Share>;  // by tenant

Shares EnterAll(const RoutingTable& routes, Admit how, QuotaGate& gate,
                const PreparedBatch& batch) {
  Shares shares;
  for (size_t i = 0; i < batch.events.size(); ++i) {
    shares[batch.tenant_uids[i]].positions.push_back(i);
  }
  for (auto& [tenant_uid, share] : shares) {
    std::vector<EventLoad> loads;
    for (const size_t i : share.positions) {
      loads.push_back(LoadOf(batch.events[i]));
    }
    share.entry = gate.Enter(routes.TenantOf(tenant_uid), loads, how);
  }
  return shares;
}

// Once one tenant's are refused, so are those of the others.
void AllOrNone(const RoutingTable& routes, QuotaGate& gate, Shares& shares) {
  absl::Duration delay;
  bool refused = false;
  for (const auto& [tenant_uid, share] : shares) {
    if (share.entry.error.ok()) continue;
    refused = true;
    delay = std::max(delay, RetryDelayOf(share.entry.error));
  }
  if (!refused) return;
  for (auto& [tenant_uid, share] : shares) {
    if (!share.entry.error.ok()) continue;
    const RoutedTenant& tenant = routes.TenantOf(tenant_uid);
    gate.GiveBack(tenant, share.entry.admission);
    share.entry = {
        .admission = {},
        .error = errors::OthersOverQuota(TenantName(tenant.id), delay)};
  }
}

}  // namespace

Entered CheckQuotas(const RoutingTable& routes, Admit how, absl::Time now,
                    QuotaGate& gate, PreparedBatch& batch) {
  Shares shares = EnterAll(routes, how, gate, batch);
  if (how == Admit::kAllOrNone) AllOrNone(routes, gate, shares);
  Entered entered;
  std::vector<absl::Status> errors;  // of each event, once there is one
  for (const auto& [tenant_uid, share] : shares) {
    const Admission& admission = share.entry.admission;
    if (admission.admitted > 0) entered[tenant_uid] = admission.load;
    if (share.entry.error.ok()) continue;
    errors.resize(batch.events.size());
    for (size_t i = admission.admitted; i < share.positions.size(); ++i) {
      errors[share.positions[i]] = share.entry.error;
    }
  }
  if (!errors.empty()) TakeOut(errors, now, batch);
  return entered;
}

}  // namespace mqttpush
