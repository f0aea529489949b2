#include "services/ingest/routing_table.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/ingest/fakes_for_test.h"
#include "services/ingest/router.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TenantRecord Tenant(int64_t uid, std::string id,
                    std::vector<std::string> owner_ids) {
  TenantRecord tenant;
  tenant.uid = uid;
  tenant.id = std::move(id);
  tenant.owner_ids = std::move(owner_ids);
  return tenant;
}

SubscriptionRecord Subscription(int64_t uid, int64_t tenant_uid, std::string id,
                                std::vector<ObjectType> object_types) {
  SubscriptionRecord subscription;
  subscription.uid = uid;
  subscription.tenant_uid = tenant_uid;
  subscription.id = std::move(id);
  subscription.object_types = std::move(object_types);
  return subscription;
}

ConfigSnapshot MakeConfig() {
  ConfigSnapshot config;
  config.Put(Tenant(1, "acme", {"owner-1", "owner-2"}));
  config.Put(Tenant(2, "other", {"owner-3"}));
  config.Put(Tenant(3, "silent", {"owner-4"}));
  config.Put(Subscription(10, 1, "all", {}));
  config.Put(Subscription(11, 1, "places",
                          {ObjectType::kLocation, ObjectType::kAsset}));
  SubscriptionRecord paused =
      Subscription(12, 2, "paused", {ObjectType::kReeferData});
  paused.paused = true;
  config.Put(paused);
  return config;
}

// The uids of the route; empty when there is none.
std::vector<int64_t> Uids(const RoutingTable::Destination& destination) {
  std::vector<int64_t> uids;
  if (destination.route == nullptr) return uids;
  EXPECT_FALSE(destination.route->empty());
  for (const auto& subscription : *destination.route) {
    uids.push_back(subscription.uid);
  }
  return uids;
}

TEST(RoutingTableTest, RoutesByOwnerAndType) {
  const RoutingTable table(MakeConfig());
  for (const std::string owner : {"owner-1", "owner-2"}) {
    const auto location = table.Find(owner, ObjectType::kLocation);
    EXPECT_EQ(location.tenant_uid, 1);
    EXPECT_THAT(Uids(location), ElementsAre(10, 11));
    EXPECT_EQ((*location.route)[1].id, "places");
    EXPECT_THAT(Uids(table.Find(owner, ObjectType::kAsset)),
                ElementsAre(10, 11));
    EXPECT_THAT(Uids(table.Find(owner, ObjectType::kGtoemData)),
                ElementsAre(10));
  }
}

TEST(RoutingTableTest, FindsNothingForStrangersAndUntakenTypes) {
  const RoutingTable table(MakeConfig());
  EXPECT_THAT(Uids(table.Find("owner-3", ObjectType::kAsset)), IsEmpty());
  EXPECT_THAT(Uids(table.Find("owner-4", ObjectType::kAsset)), IsEmpty());
  EXPECT_THAT(Uids(table.Find("owner-5", ObjectType::kAsset)), IsEmpty());
  EXPECT_THAT(Uids(table.Find("", ObjectType::kAsset)), IsEmpty());
}

TEST(RoutingTableTest, PausedOnesAreRouted) {
  ConfigSnapshot config = MakeConfig();
  TenantRecord tenant = Tenant(2, "other", {"owner-3"});
  tenant.paused = true;
  config.Put(tenant);
  const RoutingTable table(config);
  EXPECT_THAT(Uids(table.Find("owner-3", ObjectType::kReeferData)),
              ElementsAre(12));
}

TEST(RoutingTableTest, HasTheQuotaInForce) {
  ConfigSnapshot config;
  TenantRecord tenant;
  tenant.uid = 1;
  tenant.id = "acme";
  tenant.quota.max_waiting_events = 7;
  config.Put(tenant);
  const RoutingTable routes(config);
  EXPECT_EQ(routes.TenantOf(1).id, "acme");
  EXPECT_EQ(routes.TenantOf(1).quota.max_waiting_events, 7);
  EXPECT_EQ(routes.TenantOf(1).quota.max_waiting_bytes,
            QuotaRules().defaults.max_waiting_bytes);
}

TEST(RouterTest, MakesANewTableWhenTheConfigurationChanges) {
  FakeConfigStore store(MakeConfig());
  Router router(&store);
  const auto first = router.Table();
  EXPECT_EQ(router.Table(), first);
  ConfigSnapshot changed = MakeConfig();
  changed.EraseSubscription(11);
  store.Set(std::move(changed));
  const auto second = router.Table();
  EXPECT_NE(second, first);
  EXPECT_THAT(Uids(first->Find("owner-1", ObjectType::kAsset)),
              ElementsAre(10, 11));
  EXPECT_THAT(Uids(second->Find("owner-1", ObjectType::kAsset)),
              ElementsAre(10));
}

}  // namespace
}  // namespace mqttpush
