#include "demo/plan.h"

#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/status_macros.h"

namespace mqttpush::demo {
namespace {

TenantPlan NewPlan(const std::string& id, const std::string& display_name) {
  TenantPlan plan;
  plan.id = id;
  plan.tenant.set_display_name(display_name);
  plan.topic_filter = absl::StrCat(id, "/#");
  return plan;
}

TenantPlan OneTopicForAll() {
  TenantPlan plan = NewPlan("acme-shipping", "Acme Shipping");
  plan.shape = "one topic for all object types, QoS 1, MQTT 3.1.1";
  plan.broker.set_protocol_version(v1::Broker::MQTT_3_1_1);
  plan.subscription.set_topic("{tenant}/events");
  plan.subscription.set_qos(v1::AT_LEAST_ONCE);
  return plan;
}

TenantPlan TopicPerObjectType() {
  TenantPlan plan = NewPlan("nordic-reefers", "Nordic Reefers");
  plan.shape = "a topic per object type, an override, QoS 2, MQTT 5";
  plan.broker.set_protocol_version(v1::Broker::MQTT_5);
  plan.subscription.set_topic("{tenant}/events/{objectType}");
  plan.subscription.set_qos(v1::EXACTLY_ONCE);
  auto* const positions = plan.subscription.add_topic_overrides();
  positions->set_object_type(v1::LOCATION);
  positions->set_topic("{tenant}/positions/{assetId}");
  positions->set_qos(v1::AT_LEAST_ONCE);
  return plan;
}

TenantPlan WithEventId() {
  TenantPlan plan = NewPlan("genset-rental", "Genset Rental");
  plan.shape = "a topic per asset, event id added, QoS 0, MQTT 3.1.1";
  plan.broker.set_protocol_version(v1::Broker::MQTT_3_1_1);
  plan.subscription.set_topic("{tenant}/{assetId}/{objectType}");
  plan.subscription.set_qos(v1::AT_MOST_ONCE);
  plan.subscription.set_event_id_field("eventId");
  return plan;
}

const v1::Subscription::TopicOverride* OverrideFor(const TenantPlan& plan,
                                                   v1::ObjectType type) {
  for (const auto& candidate : plan.subscription.topic_overrides()) {
    if (candidate.object_type() == type) return &candidate;
  }
  return nullptr;
}

void ShareOutOwners(const std::vector<FleetEvent>& fleet,
                    std::vector<TenantPlan>& plans) {
  std::set<std::string> owners;
  for (const FleetEvent& event : fleet) owners.insert(event.owner_id);
  if (owners.size() > plans.size()) owners.erase(std::prev(owners.end()));
  size_t next = 0;
  for (const std::string& owner : owners) {
    plans[next++ % plans.size()].tenant.add_owner_ids(owner);
  }
}

}  // namespace

bool TenantPlan::Owns(const std::string& owner_id) const {
  return absl::c_linear_search(tenant.owner_ids(), owner_id);
}

std::vector<TenantPlan> MakePlans(const std::vector<FleetEvent>& fleet,
                                  const std::string& broker_host,
                                  int broker_port) {
  std::vector<TenantPlan> plans = {OneTopicForAll(), TopicPerObjectType(),
                                   WithEventId()};
  for (TenantPlan& plan : plans) {
    plan.broker.set_host(broker_host);
    plan.broker.set_port(broker_port);
    plan.subscription.set_broker(
        absl::StrCat("tenants/", plan.id, "/brokers/main"));
  }
  ShareOutOwners(fleet, plans);
  return plans;
}

absl::Status Provision(const TenantPlan& plan, AdminClient& admin) {
  const std::string tenant = absl::StrCat("tenants/", plan.id);
  const auto& owner_ids = plan.tenant.owner_ids();
  MQTTPUSH_RETURN_IF_ERROR(
      admin.CreateTenant(tenant, {owner_ids.begin(), owner_ids.end()},
                         plan.tenant.display_name()));
  MQTTPUSH_RETURN_IF_ERROR(
      admin.CreateBroker(absl::StrCat(tenant, "/brokers/main"), plan.broker));
  return admin.CreateSubscription(absl::StrCat(tenant, "/subscriptions/events"),
                                  plan.subscription);
}

Message ExpectedMessage(const TenantPlan& plan, const FleetEvent& event) {
  const auto* const other = OverrideFor(plan, event.object_type);
  const std::string& topic =
      other != nullptr ? other->topic() : plan.subscription.topic();
  Message message;
  message.topic = absl::StrReplaceAll(
      topic, {{"{tenant}", plan.id},
              {"{objectType}", TopicName(event.object_type)},
              {"{assetId}", event.asset_id}});
  message.payload = event.payload;
  if (!plan.subscription.event_id_field().empty()) {
    message.payload.insert(
        message.payload.rfind('}'),
        absl::StrCat(",\"", plan.subscription.event_id_field(), "\":\"",
                     event.event_id, "\""));
  }
  return message;
}

int ExpectedQos(const TenantPlan& plan, const FleetEvent& event) {
  const auto* const other = OverrideFor(plan, event.object_type);
  return (other != nullptr ? other->qos() : plan.subscription.qos()) -
         v1::AT_MOST_ONCE;
}

}  // namespace mqttpush::demo
