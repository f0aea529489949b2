#include "cli/resource_tables.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
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

// As much of a reason as a table can bear; `brokers get` has all of it.
constexpr size_t kMaxTrouble = 100;

std::string Short(absl::string_view reason) {
  const std::string line = OneLine(reason);
  size_t end = kMaxTrouble;
  if (line.size() <= end) return line;
  while ((line[end] & 0xC0) == 0x80) --end;  // within a character
  return absl::StrCat(line.substr(0, end), "...");
}

// Why it is not connected, and when it is tried again.
std::string LinkTrouble(const v1::Link& link, absl::Time now) {
  if (link.state() == v1::Link::CONNECTED) return "";
  const std::string next = Ago(link.next_connect_time(), now);
  return absl::StrCat(Short(link.last_error()),
                      next.empty() ? "" : "; next try ", next);
}

// "INCOMPATIBLE events: QoS 2 is asked for, ...; and 2 more", without what to
// do about it.
std::string Misfits(const v1::Broker& broker) {
  const int count = broker.incompatibilities_size();
  if (count == 0) return "";
  const std::vector<std::string> parts =
      absl::StrSplit(broker.incompatibilities(0), ": ");
  return absl::StrCat(
      "INCOMPATIBLE ", LastPart(OneLine(parts[0])),
      parts.size() > 1 ? absl::StrCat(": ", Short(parts[1])) : "",
      count > 1 ? absl::StrCat("; and ", count - 1, " more") : "");
}

std::string Trouble(const v1::Broker& broker, absl::Time now) {
  std::vector<std::string> troubles = {LinkTrouble(broker.link(), now),
                                       Misfits(broker)};
  std::erase(troubles, "");
  return absl::StrJoin(troubles, "; ");
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
               Trouble(broker, now)});
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
