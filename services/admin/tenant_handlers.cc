#include "services/admin/tenant_handlers.h"

#include <utility>
#include <vector>

#include "common/status_macros.h"
#include "services/admin/changes.h"
#include "services/admin/etag.h"
#include "services/admin/lookup.h"
#include "services/admin/page.h"
#include "services/admin/tenant_converter.h"
#include "services/admin/undelivered.h"
#include "services/admin/update_mask.h"
#include "services/api/errors.h"
#include "services/api/resource_names.h"
#include "services/api/violations.h"

namespace mqttpush {
namespace {

// Objects find their tenant by their owner id: two owners of one id would mix
// two customers' data.
absl::Status CheckOwnerIdsAreFree(const ConfigSnapshot& snapshot,
                                  const TenantRecord& tenant) {
  std::vector<errors::TakenOwnerId> taken;
  for (const std::string& owner_id : tenant.owner_ids) {
    const TenantRecord* owner = snapshot.FindTenantByOwnerId(owner_id);
    if (owner != nullptr && owner->uid != tenant.uid) {
      taken.push_back({owner_id, TenantName(owner->id)});
    }
  }
  return taken.empty() ? absl::OkStatus() : errors::OwnerIdsTaken(taken);
}

std::vector<std::string> ChildrenOf(const ConfigSnapshot& snapshot,
                                    const TenantRecord& tenant) {
  std::vector<std::string> names;
  for (auto it = snapshot.brokers().lower_bound({tenant.uid, ""});
       it != snapshot.brokers().end() && it->first.first == tenant.uid; ++it) {
    names.push_back(BrokerName(tenant.id, it->second->id));
  }
  for (const SubscriptionRecord* subscription :
       snapshot.SubscriptionsOf(tenant.uid)) {
    names.push_back(SubscriptionName(tenant.id, subscription->id));
  }
  return names;
}

// The undelivered events of all its subscriptions.
absl::StatusOr<int64_t> Sum(const std::vector<Undelivered>& all) {
  int64_t sum = 0;
  for (const Undelivered& undelivered : all) {
    MQTTPUSH_RETURN_IF_ERROR(undelivered.count.status());
    sum += *undelivered.count;
  }
  return sum;
}

}  // namespace

v1::Tenant TenantHandlers::Show(const TenantRecord& tenant) const {
  return TenantToProto(tenant, context_.quotas,
                       context_.log->GetOutbox(tenant.uid));
}

absl::StatusOr<v1::Tenant> TenantHandlers::Create(
    const v1::CreateTenantRequest& request) {
  Violations violations;
  if (!IsResourceId(request.tenant_id())) {
    violations.Add("tenant_id", std::string(kResourceIdRule));
  }
  TenantRecord base;
  base.id = request.tenant_id();
  const TenantRecord tenant = TenantFromProto(request.tenant(), std::move(base),
                                              context_.quotas, &violations);
  MQTTPUSH_RETURN_IF_ERROR(violations.ToStatus());

  const auto decide =
      [&](const ConfigSnapshot& snapshot) -> absl::StatusOr<TenantRecord> {
    if (snapshot.FindTenant(tenant.id) != nullptr) {
      return errors::NameTaken(TenantName(tenant.id));
    }
    MQTTPUSH_RETURN_IF_ERROR(CheckOwnerIdsAreFree(snapshot, tenant));
    return tenant;
  };
  MQTTPUSH_ASSIGN_OR_RETURN(
      auto changed,
      ChangeRecord<TenantRecord>(context_, request.validate_only(), decide));
  return Show(changed.record);
}

absl::StatusOr<v1::Tenant> TenantHandlers::Get(
    const v1::GetTenantRequest& request) {
  const auto snapshot = context_.config->Snapshot();
  MQTTPUSH_ASSIGN_OR_RETURN(const TenantRecord* tenant,
                            LookUpTenant(*snapshot, request.name(), "name"));
  return Show(*tenant);
}

absl::StatusOr<v1::ListTenantsResponse> TenantHandlers::List(
    const v1::ListTenantsRequest& request) {
  Violations violations;
  const Page page = ParsePage(request, &violations);
  MQTTPUSH_RETURN_IF_ERROR(violations.ToStatus());

  const auto snapshot = context_.config->Snapshot();
  v1::ListTenantsResponse response;
  std::string last_id;
  for (auto it = snapshot->tenants().upper_bound(page.after);
       it != snapshot->tenants().end(); ++it) {
    if (response.tenants_size() == page.size) {
      response.set_next_page_token(page.TokenFor(last_id));
      break;
    }
    *response.add_tenants() = Show(*it->second);
    last_id = it->first;
  }
  return response;
}

absl::StatusOr<v1::Tenant> TenantHandlers::Update(
    const v1::UpdateTenantRequest& request) {
  const v1::Tenant& given = request.tenant();
  const auto decide =
      [&](const ConfigSnapshot& snapshot) -> absl::StatusOr<TenantRecord> {
    MQTTPUSH_ASSIGN_OR_RETURN(
        const TenantRecord* current,
        LookUpTenant(snapshot, given.name(), "tenant.name"));
    MQTTPUSH_RETURN_IF_ERROR(
        CheckEtag(given.etag(), Etag(*current), given.name()));
    Violations violations;
    v1::Tenant merged = Show(*current);
    MergeByMask(given, request.update_mask(), &merged, &violations);
    TenantRecord next =
        TenantFromProto(merged, *current, context_.quotas, &violations);
    MQTTPUSH_RETURN_IF_ERROR(violations.ToStatus());
    MQTTPUSH_RETURN_IF_ERROR(CheckOwnerIdsAreFree(snapshot, next));
    return next;
  };
  MQTTPUSH_ASSIGN_OR_RETURN(
      auto changed,
      ChangeRecord<TenantRecord>(context_, request.validate_only(), decide));
  return Show(changed.record);
}

absl::Status TenantHandlers::Delete(const v1::DeleteTenantRequest& request) {
  std::vector<Undelivered> dropped;
  const auto decide =
      [&](const ConfigSnapshot& snapshot) -> absl::StatusOr<ConfigChange> {
    MQTTPUSH_ASSIGN_OR_RETURN(const TenantRecord* tenant,
                              LookUpTenant(snapshot, request.name(), "name"));
    MQTTPUSH_RETURN_IF_ERROR(
        CheckEtag(request.etag(), Etag(*tenant), request.name()));
    dropped.clear();
    for (const auto* subscription : snapshot.SubscriptionsOf(tenant->uid)) {
      dropped.push_back(ReadUndelivered(snapshot, *subscription, context_.log));
    }
    const std::vector<std::string> children = ChildrenOf(snapshot, *tenant);
    if (!children.empty() && !request.force()) {
      MQTTPUSH_ASSIGN_OR_RETURN(const int64_t undelivered, Sum(dropped));
      return errors::TenantInUse(request.name(), children, undelivered);
    }
    return ConfigChange{
        ConfigChange::DeleteTenant{tenant->uid, request.force()}};
  };
  MQTTPUSH_RETURN_IF_ERROR(
      DeleteRecord(context_, request.validate_only(), decide));
  if (!request.validate_only()) LogDiscarded(dropped);
  return absl::OkStatus();
}

absl::StatusOr<v1::Tenant> TenantHandlers::Pause(
    const v1::PauseTenantRequest& request) {
  return SetPaused(request.name(), request.etag(), true);
}

absl::StatusOr<v1::Tenant> TenantHandlers::Resume(
    const v1::ResumeTenantRequest& request) {
  return SetPaused(request.name(), request.etag(), false);
}

absl::StatusOr<v1::Tenant> TenantHandlers::SetPaused(const std::string& name,
                                                     const std::string& etag,
                                                     bool paused) {
  const auto decide =
      [&](const ConfigSnapshot& snapshot) -> absl::StatusOr<TenantRecord> {
    MQTTPUSH_ASSIGN_OR_RETURN(const TenantRecord* current,
                              LookUpTenant(snapshot, name, "name"));
    MQTTPUSH_RETURN_IF_ERROR(CheckEtag(etag, Etag(*current), name));
    TenantRecord next = *current;
    next.paused = paused;
    return next;
  };
  MQTTPUSH_ASSIGN_OR_RETURN(
      auto changed,
      ChangeRecord<TenantRecord>(context_, /*validate_only=*/false, decide));
  return Show(changed.record);
}

}  // namespace mqttpush
