#include "services/admin/probe_plan.h"

#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/status_macros.h"
#include "common/topic_template.h"
#include "services/admin/broker_converter.h"
#include "services/admin/lookup.h"
#include "services/admin/values.h"
#include "services/api/errors.h"
#include "services/api/resource_names.h"
#include "storage/compatibility.h"
#include "storage/topic_map.h"

namespace mqttpush {
namespace {

constexpr absl::Duration kDefaultTimeout = absl::Seconds(15);
constexpr absl::Duration kLeastTimeout = absl::Seconds(1);
constexpr absl::Duration kLongestTimeout = absl::Seconds(60);
constexpr char kDefaultPayload[] = R"({"probe":true})";
// In the place of an asset's or owner's id.
constexpr char kProbe[] = "probe";

// The tenant need not exist when settings are given: of it only the id counts.
struct Target {
  TenantRecord tenant;
  BrokerRecord broker;  // uid 0: not saved
};

absl::StatusOr<Target> FindTarget(const ConfigSnapshot& snapshot,
                                  const v1::ProbeBrokerRequest& request) {
  const auto name = ParseBrokerName(request.name());
  if (!name) return InvalidField("name", std::string(kBrokerFormat));
  Target target;
  target.tenant.id = name->tenant;
  target.broker.id = name->broker;
  const TenantRecord* tenant = snapshot.FindTenant(name->tenant);
  if (tenant != nullptr) target.tenant = *tenant;
  const BrokerRecord* broker =
      tenant == nullptr ? nullptr
                        : snapshot.FindBroker(tenant->uid, name->broker);
  if (broker != nullptr) {
    target.broker = *broker;
  } else if (!request.has_broker()) {
    return errors::BrokerNotFound(request.name());
  }
  return target;
}

// What a probe publishes for one subscription.
std::set<std::pair<std::string, Qos>> TopicsOf(
    const SubscriptionRecord& subscription, const std::string& tenant_id) {
  std::set<std::pair<std::string, Qos>> topics;
  for (const ObjectType type : TypesTaken(subscription)) {
    const auto topic = RenderTopic(TopicTemplateOf(subscription, type),
                                   {.tenant = tenant_id,
                                    .object_type = ObjectTypeName(type),
                                    .asset_id = kProbe,
                                    .owner_id = kProbe});
    // Templates are checked when they are set; with values as short as these
    // they give topics.
    if (topic.ok()) topics.emplace(*topic, QosOf(subscription, type));
  }
  return topics;
}

void PlanPublications(const std::string& tenant_id, ProbePlan* plan) {
  for (const ProbePlan::Demand& demand : plan->demands) {
    for (const auto& [topic, qos] : TopicsOf(demand.subscription, tenant_id)) {
      if (plan->order.publications.size() == limits::kMaxProbePublications) {
        ++plan->left_out;
        continue;
      }
      plan->order.publications.push_back({.subscription = demand.name,
                                          .topic = topic,
                                          .qos = static_cast<int>(qos)});
    }
  }
}

void OrderFromProto(const v1::ProbeBrokerRequest& request, ProbePlan* plan,
                    Violations* violations) {
  plan->publish = request.publish();
  plan->order.timeout =
      request.has_timeout()
          ? WholeSeconds(request.timeout(), kLeastTimeout, kLongestTimeout,
                         "timeout", violations)
          : kDefaultTimeout;
  const std::string& payload = request.publish_payload();
  if (!payload.empty() && !request.publish()) {
    violations->Add("publish_payload", "requires `publish`");
  }
  if (payload.size() > limits::kMaxProbePayloadBytes) {
    violations->Add("publish_payload",
                    absl::StrCat("must be at most ",
                                 limits::kMaxProbePayloadBytes, " bytes"));
  }
  plan->order.payload = payload.empty() ? kDefaultPayload : payload;
}

// Whether `broker` speaks to the same peer in the same way as `saved`.
bool SameTarget(const BrokerRecord& broker, const BrokerRecord& saved) {
  const auto target = [](const BrokerRecord& record) {
    return std::tie(record.host, record.port, record.tls_enabled,
                    record.tls_ca_certificates_pem, record.tls_server_name,
                    record.tls_insecure_skip_verify);
  };
  return target(broker) == target(saved);
}

// A probe leaves no trace in the broker's settings, so it must not carry the
// stored secrets to a peer that they were not entered for, nor over a
// connection that protects them less.
void CheckKeptSecrets(const v1::Broker& given, const BrokerRecord& broker,
                      const BrokerRecord& saved, Violations* violations) {
  if (saved.uid == 0 || SameTarget(broker, saved)) return;
  const auto require = [&](bool kept, const std::string& field) {
    if (!kept) return;
    violations->Add(field,
                    "is required when `host`, `port` or `tls` differ from "
                    "those of the saved broker");
  };
  require(
      given.username_password().password().empty() && !broker.password.empty(),
      "broker.username_password.password");
  require(given.client_certificate().private_key_pem().empty() &&
              !broker.private_key_pem.empty(),
          "broker.client_certificate.private_key_pem");
}

BrokerRecord SettingsFromProto(const v1::Broker& given, const Target& target,
                               Violations* violations) {
  BrokerRecord broker =
      BrokerFromProto(given, target.broker, target.tenant, {}, violations);
  CheckKeptSecrets(given, broker, target.broker, violations);
  return broker;
}

}  // namespace

absl::StatusOr<ProbePlan> PlanProbe(const ConfigSnapshot& snapshot,
                                    const v1::ProbeBrokerRequest& request) {
  MQTTPUSH_ASSIGN_OR_RETURN(const Target target, FindTarget(snapshot, request));
  Violations violations;
  ProbePlan plan;
  plan.order.tenant_id = target.tenant.id;
  OrderFromProto(request, &plan, &violations);
  plan.broker = request.has_broker()
                    ? SettingsFromProto(request.broker(), target, &violations)
                    : target.broker;
  MQTTPUSH_RETURN_IF_ERROR(violations.ToStatus());
  if (target.broker.uid != 0) {
    for (const SubscriptionRecord* subscription :
         SubscriptionsOf(snapshot, target.broker)) {
      if (subscription->disabled) continue;
      plan.demands.push_back({NameOf(snapshot, *subscription), *subscription});
      if (NamesExactlyOnce(*subscription)) {
        plan.order.session_expiry = AskedSessionExpiry(plan.broker);
      }
    }
  }
  if (plan.publish) PlanPublications(target.tenant.id, &plan);
  return plan;
}

}  // namespace mqttpush
