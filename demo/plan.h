// The tenants of the demo: what is provisioned, and what each must receive.
#ifndef MQTTPUSH_DEMO_PLAN_H_
#define MQTTPUSH_DEMO_PLAN_H_

#include <string>
#include <vector>

#include "demo/fleet.h"
#include "mqttpush/v1/resources.pb.h"
#include "tests/support/admin_client.h"

namespace mqttpush::demo {

// One tenant with one broker and one subscription.
struct TenantPlan {
  std::string id;
  std::string shape;  // in words, for people
  v1::Tenant tenant;
  v1::Broker broker;
  v1::Subscription subscription;
  std::string topic_filter;  // what the customer subscribes to

  bool Owns(const std::string& owner_id) const;
};

// Three tenants of different shapes that share out the owners of the fleet. The
// last owner is left over: events of nobody must reach nobody.
std::vector<TenantPlan> MakePlans(const std::vector<FleetEvent>& fleet,
                                  const std::string& broker_host,
                                  int broker_port);

// Creates tenant, broker and subscription through the API.
absl::Status Provision(const TenantPlan& plan, AdminClient& admin);

// A message as the customer must see it.
struct Message {
  std::string topic;
  std::string payload;
  bool operator==(const Message&) const = default;
};

// Worked out from the plan alone, with none of the product's code.
Message ExpectedMessage(const TenantPlan& plan, const FleetEvent& event);
int ExpectedQos(const TenantPlan& plan, const FleetEvent& event);

}  // namespace mqttpush::demo

#endif  // MQTTPUSH_DEMO_PLAN_H_
