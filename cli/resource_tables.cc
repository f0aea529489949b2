#include "cli/resource_tables.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/proto_text.h"
#include "cli/text.h"
#include "cli/words.h"
#include "mqttpush/v1/admin_service.pb.h"

namespace mqttpush::cli {
namespace {

using google::protobuf::DynamicCastToGenerated;

Table TenantTable(const v1::ListTenantsResponse& response, absl::Time now) {
  Table table({{"TENANT"}, {"NAME"}, {"STATE"}, {"OWNERS", true}, {"CHANGED"}});
  for (const v1::Tenant& tenant : response.tenants()) {
    table.Add({ShortName(tenant.name()), OneLine(tenant.display_name()),
               v1::Tenant::State_Name(tenant.state()),
               absl::StrCat(tenant.owner_ids_size()),
               Ago(tenant.update_time(), now)});
  }
  return table;
}

// Why it is not connected, and when it is tried again.
std::string Trouble(const v1::Link& link, absl::Time now) {
  if (link.state() == v1::Link::CONNECTED) return "";
  const std::string next = Ago(link.next_connect_time(), now);
  return absl::StrCat(OneLine(link.last_error()), next.empty() ? "" : "; next ",
                      next);
}

Table BrokerTable(const v1::ListBrokersResponse& response, absl::Time now) {
  Table table({{"BROKER"},
               {"ADDRESS"},
               {"LINK"},
               {"SINCE"},
               {"LAST ACK"},
               {"TROUBLE"}});
  for (const v1::Broker& broker : response.brokers()) {
    const v1::Link& link = broker.link();
    table.Add({ShortName(broker.name()), OneLine(BrokerUrl(broker)),
               link.state() == v1::Link::STATE_UNSPECIFIED
                   ? "UNKNOWN"
                   : v1::Link::State_Name(link.state()),
               Ago(link.since(), now), Ago(link.last_ack_time(), now),
               Trouble(link, now)});
  }
  return table;
}

std::string TypesOf(const v1::Subscription& subscription) {
  if (subscription.object_types().empty()) return "all";
  return absl::StrJoin(
      subscription.object_types(), ",", [](std::string* out, int type) {
        absl::StrAppend(out, ObjectTypeWord(static_cast<v1::ObjectType>(type)));
      });
}

Table SubscriptionTable(const v1::ListSubscriptionsResponse& response,
                        absl::Time now) {
  Table table({{"SUBSCRIPTION"},
               {"STATE"},
               {"BROKER"},
               {"TYPES"},
               {"TOPIC"},
               {"QOS"},
               {"WAITING", true},
               {"RETRYING", true},
               {"PARKED", true},
               {"OLDEST"}});
  for (const v1::Subscription& subscription : response.subscriptions()) {
    const v1::Backlog& backlog = subscription.backlog();
    table.Add(
        {ShortName(subscription.name()),
         v1::Subscription::State_Name(subscription.state()),
         LastPart(subscription.broker()), TypesOf(subscription),
         OneLine(subscription.topic()), QosNumber(subscription.qos()),
         absl::StrCat(backlog.waiting_count() + backlog.in_flight_count()),
         absl::StrCat(backlog.retrying_count()),
         absl::StrCat(backlog.parked_count()),
         Ago(backlog.oldest_waiting_time(), now)});
  }
  return table;
}

}  // namespace

Table ResourceTable(const google::protobuf::Message& response, absl::Time now) {
  if (const auto* tenants =
          DynamicCastToGenerated<v1::ListTenantsResponse>(&response)) {
    return TenantTable(*tenants, now);
  }
  if (const auto* brokers =
          DynamicCastToGenerated<v1::ListBrokersResponse>(&response)) {
    return BrokerTable(*brokers, now);
  }
  return SubscriptionTable(
      *DynamicCastToGenerated<v1::ListSubscriptionsResponse>(&response), now);
}

}  // namespace mqttpush::cli
