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
  const std::string verb = absl::AsciiStrToLower(method);
  group.Add(verb, summary, details)
      .Argument("BROKER", name.get(), "The broker, as acme/main.")
      .Example(absl::StrCat("mqttpush brokers ", verb, " acme/main"),
               absl::StrCat(method, "s what goes to this broker."))
      .Does([method, name](Session& session) {
        return Run(method, *name, session);
      });
}

}  // namespace

void AddBrokerSwitches(Command group) {
  AddSwitch(group, "Pause", "pauses all subscriptions of a broker",
            "Acts on the subscriptions: a broker has no pause of its own. "
            "Pauses each subscription that the broker has now, one after the "
            "other, and prints them. Their events are held; the connection "
            "stays; a subscription that is created later is not paused.");
  AddSwitch(group, "Resume", "resumes all subscriptions of a broker",
            "Acts on the subscriptions: a broker has no pause of its own. "
            "Resumes each subscription of the broker, one after the other, "
            "and prints them; also those that were paused one by one. What "
            "was held is sent, unless the tenant is paused too.");
}

}  // namespace mqttpush::cli
