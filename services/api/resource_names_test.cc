#include "services/api/resource_names.h"

#include <gtest/gtest.h>

#include <string>

namespace mqttpush {
namespace {

TEST(ResourceNamesTest, ResourceIds) {
  const std::string longest(63, 'a');
  for (const std::string& id :
       {std::string("a"), std::string("acme"), std::string("a-b-9"), longest}) {
    EXPECT_TRUE(IsResourceId(id)) << id;
  }
  for (const std::string& id :
       {std::string(""), std::string("A"), std::string("9a"), std::string("-a"),
        std::string("a-"), std::string("a_b"), std::string("a/b"),
        std::string("a\n"), std::string("é"), std::string("a\0b", 3),
        longest + "a"}) {
    EXPECT_FALSE(IsResourceId(id)) << id;
  }
}

TEST(ResourceNamesTest, FindsTheTenantInAnyName) {
  EXPECT_EQ(TenantIdIn("tenants/acme"), "acme");
  EXPECT_EQ(TenantIdIn("tenants/acme/deliveries/7-1/attempts/2"), "acme");
  for (const char* none : {"", "acme", "tenants", "tenants/", "x/tenants/a"}) {
    EXPECT_EQ(TenantIdIn(none), "") << none;
  }
}

TEST(ResourceNamesTest, FormatsAndParsesEachKind) {
  EXPECT_EQ(TenantName("acme"), "tenants/acme");
  EXPECT_EQ(ParseTenantName("tenants/acme")->tenant, "acme");

  EXPECT_EQ(BrokerName("acme", "main"), "tenants/acme/brokers/main");
  const auto broker = ParseBrokerName("tenants/acme/brokers/main");
  ASSERT_TRUE(broker);
  EXPECT_EQ(broker->tenant, "acme");
  EXPECT_EQ(broker->broker, "main");

  EXPECT_EQ(SubscriptionName("acme", "all"), "tenants/acme/subscriptions/all");
  const auto subscription =
      ParseSubscriptionName("tenants/acme/subscriptions/all");
  ASSERT_TRUE(subscription);
  EXPECT_EQ(subscription->tenant, "acme");
  EXPECT_EQ(subscription->subscription, "all");

  EXPECT_EQ(DeliveryName("acme", 12, 3), "tenants/acme/deliveries/12-3");
  const auto delivery = ParseDeliveryName("tenants/acme/deliveries/12-3");
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->tenant, "acme");
  EXPECT_EQ(delivery->event_seq, 12);
  EXPECT_EQ(delivery->subscription_uid, 3);

  EXPECT_EQ(AttemptName("acme", 12, 3, 2),
            "tenants/acme/deliveries/12-3/attempts/2");

  EXPECT_EQ(ReplayName("acme", 7), "tenants/acme/replays/7");
  const auto replay = ParseReplayName("tenants/acme/replays/7");
  ASSERT_TRUE(replay);
  EXPECT_EQ(replay->tenant, "acme");
  EXPECT_EQ(replay->uid, 7);
}

TEST(ResourceNamesTest, RefusesWhatIsNotAName) {
  for (const char* name :
       {"", "tenants", "tenants/", "tenant/acme", "tenants/Acme",
        "tenants/acme/", "/tenants/acme", "tenants/acme/brokers/main"}) {
    EXPECT_FALSE(ParseTenantName(name)) << name;
  }
  for (const char* name :
       {"", "tenants/acme", "tenants/acme/brokers/", "tenants/acme/brokers/M",
        "tenants/A/brokers/main", "tenants/acme/subscriptions/main",
        "tenants/acme/brokers/main/x"}) {
    EXPECT_FALSE(ParseBrokerName(name)) << name;
  }
  for (const char* name : {"tenants/acme/brokers/all", "tenants/acme",
                           "tenants/acme/subscriptions/-"}) {
    EXPECT_FALSE(ParseSubscriptionName(name)) << name;
  }
  for (const char* delivery :
       {"", "1", "1-", "-1", "1-2-3", "01-2", "1-02", "0-1", "1-0", "+1-2",
        " 1-2", "a-b", "99999999999999999999-1"}) {
    EXPECT_FALSE(
        ParseDeliveryName(std::string("tenants/acme/deliveries/") + delivery))
        << delivery;
  }
  for (const char* replay : {"", "0", "07", "-1", "a", "7/x"}) {
    EXPECT_FALSE(ParseReplayName(std::string("tenants/acme/replays/") + replay))
        << replay;
  }
}

}  // namespace
}  // namespace mqttpush
