// brokers pause|resume. The API pauses tenants and subscriptions; to pause a
// broker is to pause all of its subscriptions.
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "cli/proto_json.h"
#include "cli/resource_calls.h"
#include "cli/resource_tables.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"
#include "common/status_macros.h"
#include "mqttpush/v1/admin_service.pb.h"

namespace mqttpush::cli {
namespace {

using SubscriptionList = v1::ListSubscriptionsResponse;

// Those of the broker. NOT_FOUND when there is no such broker.
absl::StatusOr<SubscriptionList> SubscriptionsOf(const std::string& broker,
                                                 Client& client) {
  MQTTPUSH_RETURN_IF_ERROR(
      ResourceCalls(client, BrokerKind()).Get(broker).status());
  MQTTPUSH_ASSIGN_OR_RETURN(
      const MessagePtr all,
      ResourceCalls(client, SubscriptionKind()).List(TenantOf(broker)));
  SubscriptionList list;
  list.CopyFrom(*all);
  SubscriptionList of_broker;
  for (const v1::Subscription& subscription : list.subscriptions()) {
    if (subscription.broker() == broker) {
      *of_broker.add_subscriptions() = subscription;
    }
  }
  return of_broker;
}

absl::StatusOr<ExitCode> Run(const std::string& method, const std::string& text,
                             Session& session) {
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string broker,
                            ResourceName(BrokerKind(), text));
  MQTTPUSH_ASSIGN_OR_RETURN(SubscriptionList list,
                            SubscriptionsOf(broker, session.client));
  for (v1::Subscription& subscription : *list.mutable_subscriptions()) {
    MQTTPUSH_ASSIGN_OR_RETURN(const MessagePtr switched,
                              ResourceCalls(session.client, SubscriptionKind())
                                  .Switch(method, subscription.name()));
    subscription.CopyFrom(*switched);
  }
  if (session.json) {
    session.console.Line(ToJson(list));
  } else if (list.subscriptions().empty()) {
    session.console.Note("the broker has no subscriptions");
  } else {
    ResourceTable(list, session.clock.Now()).Print(session.console);
  }
  return ExitCode::kOk;
}

void AddSwitch(Command group, const std::string& method,
               const std::string& summary, const std::string& details) {
  auto name = std::make_shared<std::string>();
  group.Add(absl::AsciiStrToLower(method), summary, details)
      .Argument("BROKER", name.get(), "The broker, as acme/main.")
      .Does([method, name](Session& session) {
        return Run(method, *name, session);
      });
}

}  // namespace

void AddBrokerSwitches(Command group) {
  AddSwitch(group, "Pause", "holds the events of all subscriptions of a broker",
            "Pauses each subscription of the broker, and prints them. The "
            "connection stays.");
  AddSwitch(group, "Resume",
            "goes on sending the events of all subscriptions of a broker",
            "Also those of subscriptions that were paused one by one.");
}

}  // namespace mqttpush::cli
