#include "storage/tenant_quota.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

constexpr QuotaRules kRules = {
    .defaults = {10, 20, 100, 1000, OutboxPolicy::kRefuseNew},
    .maxima = {50, 60, 500, 5000}};

TEST(TenantQuotaTest, WhatATenantDoesNotSayTheDeploymentDoes) {
  EXPECT_EQ(EffectiveQuota({}, kRules), kRules.defaults);
}

TEST(TenantQuotaTest, EachPartStandsForItself) {
  EXPECT_EQ(EffectiveQuota({.max_waiting_events = 7}, kRules),
            (TenantQuota{10, 20, 7, 1000, OutboxPolicy::kRefuseNew}));
  EXPECT_EQ(EffectiveQuota({.ingest_events_per_second = 1,
                            .outbox_policy = OutboxPolicy::kDropOldest},
                           kRules),
            (TenantQuota{1, 20, 100, 1000, OutboxPolicy::kDropOldest}));
}

TEST(TenantQuotaTest, AMaximumThatWasLoweredCounts) {
  const TenantQuota own = {99, 99, 999, 9999, OutboxPolicy::kDropOldest};
  EXPECT_EQ(EffectiveQuota(own, kRules),
            (TenantQuota{50, 60, 500, 5000, OutboxPolicy::kDropOldest}));
}

TEST(TenantQuotaTest, NoDefaultIsAboveItsMaximum) {
  const QuotaRules rules;
  EXPECT_EQ(EffectiveQuota({}, rules), rules.defaults);
}

TEST(TenantQuotaTest, TheFullerPartSaysHowMuchIsUsed) {
  const TenantQuota quota = {.max_waiting_events = 200,
                             .max_waiting_bytes = int64_t{100} << 50};
  EXPECT_EQ(UsedPercent({}, quota), 0);
  EXPECT_EQ(UsedPercent({.events = 159, .bytes = 1}, quota), 79);
  EXPECT_EQ(UsedPercent({.events = 1, .bytes = int64_t{95} << 50}, quota), 95);
  EXPECT_EQ(UsedPercent({.events = 500, .bytes = 1}, quota), 250);
}

}  // namespace
}  // namespace mqttpush
