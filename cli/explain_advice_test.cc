#include "cli/explain_advice.h"

#include "gtest/gtest.h"

namespace mqttpush::cli {
namespace {

struct Case {
  v1::Explanation::Reason reason;
  bool tenant_paused;
  const char* advice;
};

TEST(ExplainAdviceTest, IsWhatHelps) {
  const Case kCases[] = {
      {v1::Explanation::PARKED, false, "mqttpush retry acme/7-1"},
      {v1::Explanation::WAITING_PAUSED, false,
       "mqttpush subscriptions resume acme/events"},
      {v1::Explanation::WAITING_PAUSED, true, "mqttpush tenants resume acme"},
      {v1::Explanation::WAITING_FOR_LINK, false, "mqttpush probe acme/main"},
      {v1::Explanation::WAITING_INCOMPATIBLE, false,
       "mqttpush probe acme/main"},
      {v1::Explanation::NOT_TAKEN, false,
       "mqttpush subscriptions get acme/events"},
      {v1::Explanation::NO_SUBSCRIPTION, false,
       "mqttpush subscriptions list acme"},
      {v1::Explanation::NO_TENANT, false, "mqttpush tenants get acme"},
      {v1::Explanation::DELIVERED, false, ""},
      {v1::Explanation::WAITING_FOR_TURN, false, ""},
      {v1::Explanation::NOT_KNOWN, false, ""},
  };
  for (const Case& c : kCases) {
    v1::Explanation explanation;
    explanation.set_reason(c.reason);
    explanation.set_delivery("tenants/acme/deliveries/7-1");
    explanation.set_subscription("tenants/acme/subscriptions/events");
    explanation.set_broker("tenants/acme/brokers/main");
    EXPECT_EQ(AdviceOn(explanation, {"tenants/acme", c.tenant_paused}),
              c.advice);
  }
  // Of a subscription that was deleted there is no broker to look at.
  v1::Explanation deleted;
  deleted.set_reason(v1::Explanation::WAITING_FOR_LINK);
  EXPECT_EQ(AdviceOn(deleted, {"tenants/acme"}), "");
}

}  // namespace
}  // namespace mqttpush::cli
