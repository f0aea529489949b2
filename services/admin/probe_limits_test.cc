#include "services/admin/probe_limits.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;
using Step = v1::ProbeStep;

ProbePlan PlanOf(Qos qos, bool retain = false) {
  ProbePlan plan;
  plan.broker.protocol_version = ProtocolVersion::kMqtt5;
  ProbePlan::Demand demand{.name = "tenants/acme/subscriptions/a"};
  demand.subscription.qos = qos;
  demand.subscription.retain = retain;
  plan.demands.push_back(demand);
  plan.order.session_expiry = absl::Hours(1);
  return plan;
}

BrokerOffer Everything() {
  return {.maximum_qos = 2,
          .receive_maximum = 65535,
          .retain_available = true,
          .topic_alias_maximum = 0};
}

TEST(JudgeLimitsTest, WhatIsOfferedPasses) {
  const Step step =
      JudgeLimits(Everything(), PlanOf(Qos::kExactlyOnce, /*retain=*/true));
  EXPECT_EQ(step.kind(), Step::LIMITS);
  EXPECT_EQ(step.outcome(), Step::PASSED);
  EXPECT_EQ(step.text(), "the broker offers all that is asked for");
  EXPECT_EQ(step.hint(), "");
  EXPECT_EQ(step.offer().maximum_qos(), v1::EXACTLY_ONCE);
  EXPECT_FALSE(step.has_duration());
}

TEST(JudgeLimitsTest, Mqtt311SaysNothing) {
  ProbePlan plan = PlanOf(Qos::kExactlyOnce);
  plan.broker.protocol_version = ProtocolVersion::kMqtt311;
  const Step step = JudgeLimits(BrokerOffer(), plan);
  EXPECT_EQ(step.outcome(), Step::PASSED);
  EXPECT_THAT(step.text(), HasSubstr("does not say"));
}

TEST(JudgeLimitsTest, Table) {
  struct Row {
    Step::Outcome outcome;
    const char* text;
    const char* hint;
    BrokerOffer offer = Everything();
    Qos qos = Qos::kAtLeastOnce;
    bool retain = false;
  };
  Row rows[] = {
      {Step::FAILED,
       "tenants/acme/subscriptions/a: QoS 2 is asked for, the broker takes at "
       "most QoS 1",
       "change the subscription"},
      {Step::FAILED, "the broker keeps no retained messages",
       "change the subscription"},
      {Step::WARNED,
       "the broker takes 9 unacknowledged messages, `max_in_flight` is 100",
       "The smaller one"},
      {Step::WARNED,
       "the broker demands a keep alive of 30s, `keep_alive` is 1m",
       "set `keep_alive`"},
      {Step::WARNED,
       "the broker takes packets of at most 1000 bytes, events may have 262144",
       "PARKED"},
      {Step::WARNED, "the broker keeps a session for 1m, 1h are asked for",
       "may arrive twice"},
  };
  rows[0].offer.maximum_qos = 1;
  rows[0].qos = Qos::kExactlyOnce;
  rows[1].offer.retain_available = false;
  rows[1].retain = true;
  rows[2].offer.receive_maximum = 9;
  rows[3].offer.server_keep_alive = absl::Seconds(30);
  rows[4].offer.maximum_packet_size = 1000;
  rows[5].offer.session_expiry = absl::Minutes(1);
  for (const Row& row : rows) {
    const Step step = JudgeLimits(row.offer, PlanOf(row.qos, row.retain));
    EXPECT_EQ(step.outcome(), row.outcome) << row.text;
    EXPECT_THAT(step.text(), HasSubstr(row.text));
    EXPECT_THAT(step.hint(), HasSubstr(row.hint));
  }
}

TEST(JudgeLimitsTest, WhatIsGenerousIsNoRestriction) {
  BrokerOffer offer = Everything();
  offer.receive_maximum = 20;  // the default window is no wish
  offer.server_keep_alive = absl::Seconds(60);
  offer.maximum_packet_size = 1 << 20;
  offer.session_expiry = absl::Hours(2);
  EXPECT_EQ(JudgeLimits(offer, PlanOf(Qos::kAtLeastOnce)).outcome(),
            Step::PASSED);
}

TEST(JudgeLimitsTest, AWindowThatWasSetIsAWish) {
  ProbePlan plan = PlanOf(Qos::kAtLeastOnce);
  plan.broker.max_in_flight = 50;
  BrokerOffer offer = Everything();
  offer.receive_maximum = 49;
  EXPECT_EQ(JudgeLimits(offer, plan).outcome(), Step::WARNED);
  offer.receive_maximum = 50;
  EXPECT_EQ(JudgeLimits(offer, plan).outcome(), Step::PASSED);
}

TEST(JudgeLimitsTest, AllIsToldAtOnceAndEachHintOnce) {
  ProbePlan plan = PlanOf(Qos::kExactlyOnce);
  plan.demands.push_back(plan.demands[0]);
  plan.demands[1].name = "tenants/acme/subscriptions/b";
  BrokerOffer offer = Everything();
  offer.maximum_qos = 0;
  offer.receive_maximum = 1;
  const Step step = JudgeLimits(offer, plan);
  EXPECT_EQ(step.outcome(), Step::FAILED);
  for (const char* words : {"subscriptions/a: QoS 2", "subscriptions/b: QoS 2",
                            "takes 1 unacknowledged"}) {
    EXPECT_THAT(step.text(), HasSubstr(words));
  }
  EXPECT_EQ(step.hint().find("Its events"), step.hint().rfind("Its events"));
  EXPECT_THAT(step.hint(), HasSubstr("The smaller one"));
}

}  // namespace
}  // namespace mqttpush
