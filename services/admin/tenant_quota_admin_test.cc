// AdminService on the quotas of tenants.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "services/admin/admin_fixture.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;

using Stub = v1::AdminService::Stub;

class TenantQuotaAdminTest : public AdminFixture {
 protected:
  Reply<v1::Tenant> Update(const std::string& request) {
    return Call(&Stub::UpdateTenant, Parse<v1::UpdateTenantRequest>(request));
  }
};

TEST_F(TenantQuotaAdminTest, IsReturnedByGetAlsoAfterARestart) {
  const auto created = CreateTenant(
      "acme",
      "quota { ingest_events_per_second: 50 ingest_burst: 60 "
      "max_waiting_events: 70 max_waiting_bytes: 80 "
      "outbox_policy: DROP_OLDEST } "
      "effective_quota { ingest_burst: 1 } outbox { waiting_events: 9 }");
  ASSERT_TRUE(created.ok()) << created.status.error_message();
  for (int restarted = 0; restarted < 2; ++restarted) {
    const auto tenant = GetTenant("tenants/acme");
    EXPECT_EQ(tenant->quota().ingest_events_per_second(), 50);
    EXPECT_EQ(tenant->quota().ingest_burst(), 60);
    EXPECT_EQ(tenant->quota().max_waiting_events(), 70);
    EXPECT_EQ(tenant->quota().max_waiting_bytes(), 80);
    EXPECT_EQ(tenant->quota().outbox_policy(), v1::Quota::DROP_OLDEST);
    EXPECT_EQ(tenant->effective_quota().SerializeAsString(),
              tenant->quota().SerializeAsString());
    EXPECT_EQ(tenant->outbox().waiting_events(), 0);
    Restart();
  }
}

TEST_F(TenantQuotaAdminTest, WhatIsNotSaidIsAsTheDeploymentSays) {
  ASSERT_TRUE(CreateTenant("acme", "quota { max_waiting_events: 70 }").ok());
  const auto tenant = GetTenant("tenants/acme");
  EXPECT_EQ(tenant->quota().max_waiting_bytes(), 0);
  const v1::Quota& effective = tenant->effective_quota();
  EXPECT_EQ(effective.ingest_events_per_second(), 1'000'000);
  EXPECT_EQ(effective.ingest_burst(), 1'000'000);
  EXPECT_EQ(effective.max_waiting_events(), 70);
  EXPECT_EQ(effective.max_waiting_bytes(), 1 << 30);
  EXPECT_EQ(effective.outbox_policy(), v1::Quota::REFUSE_NEW);
  ASSERT_TRUE(CreateTenant("other", "").ok());
  EXPECT_FALSE(GetTenant("tenants/other")->has_quota());
}

TEST_F(TenantQuotaAdminTest, ShowsHowMuchIsUsed) {
  ASSERT_TRUE(CreateTenant("acme", "quota { max_waiting_events: 70 }").ok());
  log_.SetOutbox(1, {.events = 35, .bytes = 4096});
  const auto tenant = GetTenant("tenants/acme");
  EXPECT_EQ(tenant->outbox().waiting_events(), 35);
  EXPECT_EQ(tenant->outbox().waiting_bytes(), 4096);
  EXPECT_EQ(tenant->outbox().used_percent(), 50);
}

TEST_F(TenantQuotaAdminTest, AMaskChangesOnePartOfIt) {
  const auto created =
      CreateTenant("acme",
                   "display_name: 'A' quota { ingest_burst: 60 "
                   "max_waiting_events: 70 }");
  const auto updated = Update(
      "tenant { name: 'tenants/acme' quota { max_waiting_events: 7 } } "
      "update_mask { paths: 'quota.max_waiting_events' }");
  ASSERT_TRUE(updated.ok()) << updated.status.error_message();
  EXPECT_EQ(updated->quota().max_waiting_events(), 7);
  EXPECT_EQ(updated->quota().ingest_burst(), 60);
  EXPECT_EQ(updated->display_name(), "A");
  EXPECT_NE(updated->etag(), created->etag());
}

TEST_F(TenantQuotaAdminTest, AMaskTakesItAway) {
  ASSERT_TRUE(CreateTenant("acme",
                           "quota { ingest_burst: 60 "
                           "outbox_policy: DROP_OLDEST }")
                  .ok());
  const auto updated =
      Update("tenant { name: 'tenants/acme' } update_mask { paths: 'quota' }");
  EXPECT_FALSE(updated->has_quota());
  EXPECT_EQ(updated->effective_quota().outbox_policy(), v1::Quota::REFUSE_NEW);
}

TEST_F(TenantQuotaAdminTest, WithoutAMaskWhatIsNotSetStays) {
  ASSERT_TRUE(CreateTenant("acme", "quota { ingest_burst: 60 }").ok());
  const auto updated =
      Update("tenant { name: 'tenants/acme' quota { max_waiting_events: 7 } }");
  EXPECT_EQ(updated->quota().max_waiting_events(), 7);
  EXPECT_EQ(updated->quota().ingest_burst(), 60);
}

TEST_F(TenantQuotaAdminTest, TheSameQuotaIsNoChange) {
  const auto created = CreateTenant("acme", "quota { ingest_burst: 60 }");
  const auto updated =
      Update("tenant { name: 'tenants/acme' quota { ingest_burst: 60 } }");
  EXPECT_EQ(updated->etag(), created->etag());
}

TEST_F(TenantQuotaAdminTest, WhatIsOverALoweredMaximumMayStay) {
  ASSERT_TRUE(CreateTenant("acme",
                           "quota { ingest_events_per_second: 50 "
                           "ingest_burst: 60 max_waiting_events: 70 "
                           "max_waiting_bytes: 80 }")
                  .ok());
  quotas_.maxima = {.ingest_events_per_second = 5,
                    .ingest_burst = 6,
                    .max_waiting_events = 7,
                    .max_waiting_bytes = 8};
  Restart();
  const auto renamed =
      Update("tenant { name: 'tenants/acme' display_name: 'A' }");
  ASSERT_TRUE(renamed.ok()) << renamed.status.error_message();
  EXPECT_EQ(renamed->quota().max_waiting_events(), 70);
  EXPECT_EQ(renamed->effective_quota().max_waiting_events(), 7);
  const auto raised = Update(
      "tenant { name: 'tenants/acme' quota { max_waiting_events: 71 } } "
      "update_mask { paths: 'quota.max_waiting_events' }");
  EXPECT_THAT(raised.violations,
              ElementsAre("tenant.quota.max_waiting_events: must be from 1 to "
                          "7, or 0 for what the deployment says"));
}

TEST_F(TenantQuotaAdminTest, BadValuesAreNamedWithTheirRule) {
  const auto reply = CreateTenant(
      "acme",
      "quota { ingest_events_per_second: -1 ingest_burst: 1000001 "
      "max_waiting_events: 100000001 max_waiting_bytes: 107374182401 "
      "outbox_policy: 7 }");
  EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(
      reply.violations,
      ElementsAre("tenant.quota.ingest_events_per_second: must be from 1 to "
                  "1000000, or 0 for what the deployment says",
                  "tenant.quota.ingest_burst: must be from 1 to 1000000, or 0 "
                  "for what the deployment says",
                  "tenant.quota.max_waiting_events: must be from 1 to "
                  "100000000, or 0 for what the deployment says",
                  "tenant.quota.max_waiting_bytes: must be from 1 to "
                  "107374182400, or 0 for what the deployment says",
                  "tenant.quota.outbox_policy: must be REFUSE_NEW or "
                  "DROP_OLDEST"));
}

}  // namespace
}  // namespace mqttpush
