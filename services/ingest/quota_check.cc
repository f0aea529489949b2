#include "services/ingest/quota_check.h"

#include <string>
#include <utility>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
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

}  // namespace

Entered CheckQuotas(const RoutingTable& routes, Admit how, absl::Time now,
                    QuotaGate& gate, PreparedBatch& batch) {
  std::map<int64_t, std::vector<size_t>> positions;  // by tenant
  for (size_t i = 0; i < batch.events.size(); ++i) {
    positions[batch.tenant_uids[i]].push_back(i);
  }
  Entered entered;
  std::vector<absl::Status> errors;  // of each event, once there is one
  for (const auto& [tenant_uid, own] : positions) {
    std::vector<EventLoad> loads;
    for (const size_t i : own) loads.push_back(LoadOf(batch.events[i]));
    const QuotaGate::Entry entry =
        gate.Enter(routes.TenantOf(tenant_uid), loads, how);
    if (entry.admission.admitted > 0) {
      entered[tenant_uid] = entry.admission.load;
    }
    if (entry.error.ok()) continue;
    errors.resize(batch.events.size());
    for (size_t i = entry.admission.admitted; i < own.size(); ++i) {
      errors[own[i]] = entry.error;
    }
  }
  if (!errors.empty()) TakeOut(errors, now, batch);
  return entered;
}

}  // namespace mqttpush
