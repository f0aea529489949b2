#include "services/admin/broker_handlers.h"

#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "services/admin/broker_converter.h"
#include "services/admin/changes.h"
#include "services/admin/etag.h"
#include "services/admin/lookup.h"
#include "services/admin/page.h"
#include "services/admin/subscription_converter.h"
#include "services/admin/update_mask.h"
#include "services/api/errors.h"
#include "services/api/resource_names.h"
#include "services/api/violations.h"

namespace mqttpush {
namespace {

std::vector<std::string> ReferrersOf(const ConfigSnapshot& snapshot,
                                     const BrokerRecord& broker) {
  std::vector<std::string> names;
  for (const SubscriptionRecord* subscription :
       SubscriptionsOf(snapshot, broker)) {
    names.push_back(NameOf(snapshot, *subscription));
  }
  return names;
}

// By the mask, or by being given without one. `*` is no such wish: it is how
// what was read is written back.
bool NamesCredentials(const v1::UpdateBrokerRequest& request) {
  if (request.update_mask().paths().empty()) {
    return request.broker().has_username_password() ||
           request.broker().has_client_certificate();
  }
  return absl::c_any_of(request.update_mask().paths(), [](const auto& path) {
    return absl::StartsWith(path, "username_password") ||
           absl::StartsWith(path, "client_certificate");
  });
}

}  // namespace

absl::StatusOr<v1::Broker> BrokerHandlers::Create(
    const v1::CreateBrokerRequest& request) {
  const auto decide =
      [&](const ConfigSnapshot& snapshot) -> absl::StatusOr<BrokerRecord> {
    Violations violations;
    const TenantRecord tenant =
        LookUpParent(snapshot, request.parent(), &violations);
    if (!IsResourceId(request.broker_id())) {
      violations.Add("broker_id", std::string(kResourceIdRule));
    }
    BrokerRecord base;
    base.tenant_uid = tenant.uid;
    base.id = request.broker_id();
    BrokerRecord broker =
        BrokerFromProto(request.broker(), base, tenant, {}, &violations);
    MQTTPUSH_RETURN_IF_ERROR(violations.ToStatus());
    MQTTPUSH_RETURN_IF_ERROR(CheckParent(tenant));
    if (snapshot.FindBroker(tenant.uid, broker.id) != nullptr) {
      return errors::NameTaken(BrokerName(tenant.id, broker.id));
    }
    return broker;
  };
  MQTTPUSH_ASSIGN_OR_RETURN(
      auto changed,
      ChangeRecord<BrokerRecord>(context_, request.validate_only(), decide));
  return ToResponse(*changed.snapshot, changed.record);
}

absl::StatusOr<v1::Broker> BrokerHandlers::Get(
    const v1::GetBrokerRequest& request) {
  const auto snapshot = context_.config->Snapshot();
  MQTTPUSH_ASSIGN_OR_RETURN(const BrokerRecord* broker,
                            LookUpBroker(*snapshot, request.name(), "name"));
  return ToResponse(*snapshot, *broker);
}

absl::StatusOr<v1::ListBrokersResponse> BrokerHandlers::List(
    const v1::ListBrokersRequest& request) {
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
  v1::ListBrokersResponse response;
  std::string last_id;
  for (auto it = snapshot->brokers().upper_bound({tenant->uid, page.after});
       it != snapshot->brokers().end() && it->first.first == tenant->uid;
       ++it) {
    if (response.brokers_size() == page.size) {
      response.set_next_page_token(page.TokenFor(last_id));
      break;
    }
    *response.add_brokers() = ToResponse(*snapshot, *it->second);
    last_id = it->second->id;
  }
  return response;
}

absl::StatusOr<v1::Broker> BrokerHandlers::Update(
    const v1::UpdateBrokerRequest& request) {
  const v1::Broker& given = request.broker();
  const auto decide =
      [&](const ConfigSnapshot& snapshot) -> absl::StatusOr<BrokerRecord> {
    MQTTPUSH_ASSIGN_OR_RETURN(
        const BrokerRecord* current,
        LookUpBroker(snapshot, given.name(), "broker.name"));
    MQTTPUSH_RETURN_IF_ERROR(
        CheckEtag(given.etag(), Etag(*current), given.name()));
    const TenantRecord& tenant = *snapshot.FindTenant(current->tenant_uid);
    const auto& mask = request.update_mask();
    const SecretsToClear clear = {
        MaskNames(mask, "username_password.password"),
        MaskNames(mask, "client_certificate.private_key_pem")};
    Violations violations;
    v1::Broker merged = BrokerToProto(*current, tenant, LinkStatus());
    MergeByMask(given, mask, &merged, &violations);
    BrokerRecord next =
        BrokerFromProto(merged, *current, tenant, clear, &violations);
    MQTTPUSH_RETURN_IF_ERROR(violations.ToStatus());
    // Somebody wants them tried now: a new revision, even of equal settings,
    // wakes the link.
    if (NamesCredentials(request)) next.revision = current->revision + 1;
    return next;
  };
  MQTTPUSH_ASSIGN_OR_RETURN(
      auto changed,
      ChangeRecord<BrokerRecord>(context_, request.validate_only(), decide));
  return ToResponse(*changed.snapshot, changed.record);
}

absl::Status BrokerHandlers::Delete(const v1::DeleteBrokerRequest& request) {
  const auto decide =
      [&](const ConfigSnapshot& snapshot) -> absl::StatusOr<ConfigChange> {
    MQTTPUSH_ASSIGN_OR_RETURN(const BrokerRecord* broker,
                              LookUpBroker(snapshot, request.name(), "name"));
    MQTTPUSH_RETURN_IF_ERROR(
        CheckEtag(request.etag(), Etag(*broker), request.name()));
    const std::vector<std::string> referrers = ReferrersOf(snapshot, *broker);
    if (!referrers.empty()) {
      return errors::StillReferredTo(request.name(), referrers);
    }
    return ConfigChange{ConfigChange::DeleteBroker{broker->uid}};
  };
  return DeleteRecord(context_, request.validate_only(), decide);
}

v1::Broker BrokerHandlers::ToResponse(const ConfigSnapshot& snapshot,
                                      const BrokerRecord& broker) const {
  const TenantRecord& tenant = *snapshot.FindTenant(broker.tenant_uid);
  v1::Broker proto =
      BrokerToProto(broker, tenant, context_.status->GetLink(broker.uid));
  for (const SubscriptionRecord* subscription :
       SubscriptionsOf(snapshot, broker)) {
    const std::string words =
        context_.status->GetIncompatibility(subscription->uid);
    if (StateOf(*subscription, tenant, !words.empty()) ==
        v1::Subscription::INCOMPATIBLE) {
      proto.add_incompatibilities(
          absl::StrCat(NameOf(snapshot, *subscription), ": ", words));
    }
  }
  return proto;
}

}  // namespace mqttpush
