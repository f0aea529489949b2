#include "services/admin/subscription_handlers.h"

#include <utility>

#include "common/status_macros.h"
#include "services/admin/changes.h"
#include "services/admin/etag.h"
#include "services/admin/lookup.h"
#include "services/admin/page.h"
#include "services/admin/subscription_converter.h"
#include "services/admin/undelivered.h"
#include "services/admin/update_mask.h"
#include "services/api/backlog.h"
#include "services/api/errors.h"
#include "services/api/resource_names.h"
#include "services/api/violations.h"

namespace mqttpush {
namespace {

// What a customer still waits for must not vanish by a slip.
absl::Status CheckNothingIn(const Undelivered& undelivered) {
  MQTTPUSH_RETURN_IF_ERROR(undelivered.count.status());
  if (*undelivered.count <= 0) return absl::OkStatus();
  return errors::UndeliveredEvents(undelivered.subscription,
                                   *undelivered.count);
}

}  // namespace

absl::StatusOr<v1::Subscription> SubscriptionHandlers::Create(
    const v1::CreateSubscriptionRequest& request) {
  const auto decide = [&](const ConfigSnapshot& snapshot)
      -> absl::StatusOr<SubscriptionRecord> {
    Violations violations;
    const TenantRecord tenant =
        LookUpParent(snapshot, request.parent(), &violations);
    if (!IsResourceId(request.subscription_id())) {
      violations.Add("subscription_id", std::string(kResourceIdRule));
    }
    SubscriptionRecord base;
    base.tenant_uid = tenant.uid;
    base.id = request.subscription_id();
    SubscriptionRecord subscription = SubscriptionFromProto(
        request.subscription(), std::move(base), tenant, snapshot, &violations);
    MQTTPUSH_RETURN_IF_ERROR(violations.ToStatus());
    MQTTPUSH_RETURN_IF_ERROR(CheckParent(tenant));
    if (snapshot.FindSubscription(tenant.uid, subscription.id) != nullptr) {
      return errors::NameTaken(SubscriptionName(tenant.id, subscription.id));
    }
    return subscription;
  };
  MQTTPUSH_ASSIGN_OR_RETURN(auto changed,
                            ChangeRecord<SubscriptionRecord>(
                                context_, request.validate_only(), decide));
  return ToChangeResponse(*changed.snapshot, changed.record);
}

absl::StatusOr<v1::Subscription> SubscriptionHandlers::Get(
    const v1::GetSubscriptionRequest& request) {
  const auto snapshot = context_.config->Snapshot();
  MQTTPUSH_ASSIGN_OR_RETURN(
      const SubscriptionRecord* subscription,
      LookUpSubscription(*snapshot, request.name(), "name"));
  return ToResponse(*snapshot, *subscription);
}

absl::StatusOr<v1::ListSubscriptionsResponse> SubscriptionHandlers::List(
    const v1::ListSubscriptionsRequest& request) {
  Violations violations;
  const Page page = ParsePage(request, &violations);
  if (!ParseTenantName(request.parent())) {
    violations.Add("parent", std::string(kTenantFormat));
  }
  MQTTPUSH_RETURN_IF_ERROR(violations.ToStatus());

  const auto snapshot = context_.config->Snapshot();
  MQTTPUSH_ASSIGN_OR_RETURN(
      const TenantRecord* tenant,
      LookUpTenant(*snapshot, request.parent(), "parent"));
  const auto& all = snapshot->subscriptions();
  v1::ListSubscriptionsResponse response;
  std::string last_id;
  for (auto it = all.upper_bound({tenant->uid, page.after});
       it != all.end() && it->first.first == tenant->uid; ++it) {
    if (response.subscriptions_size() == page.size) {
      response.set_next_page_token(page.TokenFor(last_id));
      break;
    }
    MQTTPUSH_ASSIGN_OR_RETURN(*response.add_subscriptions(),
                              ToResponse(*snapshot, *it->second));
    last_id = it->second->id;
  }
  return response;
}

absl::StatusOr<v1::Subscription> SubscriptionHandlers::Update(
    const v1::UpdateSubscriptionRequest& request) {
  const v1::Subscription& given = request.subscription();
  const auto decide = [&](const ConfigSnapshot& snapshot)
      -> absl::StatusOr<SubscriptionRecord> {
    MQTTPUSH_ASSIGN_OR_RETURN(
        const SubscriptionRecord* current,
        LookUpSubscription(snapshot, given.name(), "subscription.name"));
    MQTTPUSH_RETURN_IF_ERROR(
        CheckEtag(given.etag(), Etag(*current), given.name()));
    Violations violations;
    v1::Subscription merged = SubscriptionToProto(*current, snapshot);
    MergeByMask(given, request.update_mask(), &merged, &violations);
    SubscriptionRecord next = SubscriptionFromProto(
        merged, *current, *snapshot.FindTenant(current->tenant_uid), snapshot,
        &violations);
    MQTTPUSH_RETURN_IF_ERROR(violations.ToStatus());
    return next;
  };
  MQTTPUSH_ASSIGN_OR_RETURN(auto changed,
                            ChangeRecord<SubscriptionRecord>(
                                context_, request.validate_only(), decide));
  return ToChangeResponse(*changed.snapshot, changed.record);
}

absl::Status SubscriptionHandlers::Delete(
    const v1::DeleteSubscriptionRequest& request) {
  Undelivered dropped;
  const auto decide =
      [&](const ConfigSnapshot& snapshot) -> absl::StatusOr<ConfigChange> {
    MQTTPUSH_ASSIGN_OR_RETURN(
        const SubscriptionRecord* subscription,
        LookUpSubscription(snapshot, request.name(), "name"));
    MQTTPUSH_RETURN_IF_ERROR(
        CheckEtag(request.etag(), Etag(*subscription), request.name()));
    dropped = ReadUndelivered(snapshot, *subscription, context_.log);
    if (!request.force()) MQTTPUSH_RETURN_IF_ERROR(CheckNothingIn(dropped));
    return ConfigChange{ConfigChange::DeleteSubscription{subscription->uid}};
  };
  MQTTPUSH_RETURN_IF_ERROR(
      DeleteRecord(context_, request.validate_only(), decide));
  if (!request.validate_only()) LogDiscarded({dropped});
  return absl::OkStatus();
}

absl::StatusOr<v1::Subscription> SubscriptionHandlers::Pause(
    const v1::PauseSubscriptionRequest& request) {
  return SetPaused(request.name(), request.etag(), true);
}

absl::StatusOr<v1::Subscription> SubscriptionHandlers::Resume(
    const v1::ResumeSubscriptionRequest& request) {
  return SetPaused(request.name(), request.etag(), false);
}

absl::StatusOr<v1::Subscription> SubscriptionHandlers::SetPaused(
    const std::string& name, const std::string& etag, bool paused) {
  const auto decide = [&](const ConfigSnapshot& snapshot)
      -> absl::StatusOr<SubscriptionRecord> {
    MQTTPUSH_ASSIGN_OR_RETURN(const SubscriptionRecord* current,
                              LookUpSubscription(snapshot, name, "name"));
    MQTTPUSH_RETURN_IF_ERROR(CheckEtag(etag, Etag(*current), name));
    SubscriptionRecord next = *current;
    next.paused = paused;
    return next;
  };
  MQTTPUSH_ASSIGN_OR_RETURN(auto changed,
                            ChangeRecord<SubscriptionRecord>(
                                context_, /*validate_only=*/false, decide));
  return ToChangeResponse(*changed.snapshot, changed.record);
}

absl::StatusOr<v1::Subscription> SubscriptionHandlers::ToResponse(
    const ConfigSnapshot& snapshot,
    const SubscriptionRecord& subscription) const {
  v1::Subscription proto = WithoutBacklog(snapshot, subscription);
  MQTTPUSH_ASSIGN_OR_RETURN(
      *proto.mutable_backlog(),
      ComputeBacklog(subscription, *context_.status, context_.log));
  return proto;
}

v1::Subscription SubscriptionHandlers::ToChangeResponse(
    const ConfigSnapshot& snapshot,
    const SubscriptionRecord& subscription) const {
  absl::StatusOr<v1::Subscription> proto = ToResponse(snapshot, subscription);
  return proto.ok() ? *std::move(proto)
                    : WithoutBacklog(snapshot, subscription);
}

v1::Subscription SubscriptionHandlers::WithoutBacklog(
    const ConfigSnapshot& snapshot,
    const SubscriptionRecord& subscription) const {
  return SubscriptionToProto(
      subscription, snapshot,
      context_.status->GetIncompatibility(subscription.uid));
}

}  // namespace mqttpush
