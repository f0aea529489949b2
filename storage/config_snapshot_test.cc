#include "storage/config_snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mqttpush {
namespace {

using ::testing::ElementsAre;

TenantRecord Tenant(int64_t uid, std::string id,
                    std::vector<std::string> owner_ids) {
  TenantRecord tenant;
  tenant.uid = uid;
  tenant.id = std::move(id);
  tenant.owner_ids = std::move(owner_ids);
  return tenant;
}

SubscriptionRecord Subscription(int64_t uid, int64_t tenant_uid,
                                std::string id) {
  SubscriptionRecord subscription;
  subscription.uid = uid;
  subscription.tenant_uid = tenant_uid;
  subscription.id = std::move(id);
  return subscription;
}

TEST(ConfigSnapshotTest, FindsTenantsByIdUidAndOwnerId) {
  ConfigSnapshot snapshot;
  snapshot.Put(Tenant(1, "acme", {"o1", "o2"}));
  EXPECT_EQ(snapshot.FindTenant("acme")->uid, 1);
  EXPECT_EQ(snapshot.FindTenant(int64_t{1})->id, "acme");
  EXPECT_EQ(snapshot.FindTenantByOwnerId("o2")->uid, 1);
  EXPECT_EQ(snapshot.FindTenant("other"), nullptr);
  EXPECT_EQ(snapshot.FindTenant(int64_t{2}), nullptr);
  EXPECT_EQ(snapshot.FindTenantByOwnerId("o3"), nullptr);
}

TEST(ConfigSnapshotTest, PutReplacesTheOwnerIds) {
  ConfigSnapshot snapshot;
  snapshot.Put(Tenant(1, "acme", {"o1", "o2"}));
  snapshot.Put(Tenant(1, "acme", {"o2", "o3"}));
  EXPECT_EQ(snapshot.FindTenantByOwnerId("o1"), nullptr);
  EXPECT_EQ(snapshot.FindTenantByOwnerId("o2")->uid, 1);
  EXPECT_EQ(snapshot.FindTenantByOwnerId("o3")->uid, 1);
  EXPECT_EQ(snapshot.tenants().size(), 1u);
}

TEST(ConfigSnapshotTest, EraseForgetsEveryKey) {
  ConfigSnapshot snapshot;
  snapshot.Put(Tenant(1, "acme", {"o1"}));
  snapshot.Put(Subscription(5, 1, "s"));
  snapshot.EraseSubscription(5);
  snapshot.EraseTenant(1);
  EXPECT_EQ(snapshot.FindTenant("acme"), nullptr);
  EXPECT_EQ(snapshot.FindTenant(int64_t{1}), nullptr);
  EXPECT_EQ(snapshot.FindTenantByOwnerId("o1"), nullptr);
  EXPECT_EQ(snapshot.FindSubscription(5), nullptr);
  EXPECT_EQ(snapshot.FindSubscription(1, "s"), nullptr);
  snapshot.EraseTenant(1);  // no effect
}

TEST(ConfigSnapshotTest, SubscriptionsOfOneTenantInOrderOfId) {
  ConfigSnapshot snapshot;
  snapshot.Put(Subscription(1, 7, "b"));
  snapshot.Put(Subscription(2, 8, "a"));
  snapshot.Put(Subscription(3, 7, "a"));
  EXPECT_THAT(
      snapshot.SubscriptionsOf(7),
      ElementsAre(snapshot.FindSubscription(3), snapshot.FindSubscription(1)));
  EXPECT_TRUE(snapshot.SubscriptionsOf(9).empty());
}

TEST(ConfigSnapshotTest, ACopyDoesNotChangeWithTheOriginal) {
  ConfigSnapshot snapshot;
  snapshot.Put(Tenant(1, "acme", {"o1"}));
  const ConfigSnapshot copy = snapshot;
  snapshot.EraseTenant(1);
  EXPECT_NE(copy.FindTenant("acme"), nullptr);
}

}  // namespace
}  // namespace mqttpush
