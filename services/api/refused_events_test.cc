#include "services/api/refused_events.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

RefusedEvent Event(int64_t tenant_uid, const std::string& event_id,
                   absl::Time time = kNow) {
  return {.refusal = tenant_uid == 0 ? Refusal::kNoTenant : Refusal::kRejected,
          .time = time,
          .tenant_uid = tenant_uid,
          .event_id = event_id,
          .object_id = absl::StrCat("object of ", event_id),
          .asset_id = "asset"};
}

RefusedEvent OverQuota(int64_t tenant_uid, const std::string& event_id,
                       absl::Time time = kNow) {
  RefusedEvent event = Event(tenant_uid, event_id, time);
  event.refusal = Refusal::kOverQuota;
  return event;
}

class RefusedEventsTest : public ::testing::Test {
 protected:
  void Remember(RefusedEvent event) { refused_.Remember({std::move(event)}); }
  std::vector<std::string> Find(int64_t tenant_uid, RefusedEventQuery query,
                                absl::Time now = kNow) {
    std::vector<std::string> ids;
    for (const RefusedEvent& event : refused_.Find(tenant_uid, query, now)) {
      ids.push_back(event.event_id);
    }
    return ids;
  }

  RefusedEvents refused_{kNow - absl::Hours(1)};
};

TEST_F(RefusedEventsTest, FindsByAnyIdOfTheTenantAndOfNobody) {
  Remember(Event(1, "a"));
  Remember(Event(2, "b"));
  Remember(Event(0, "c", kNow + absl::Seconds(1)));
  EXPECT_THAT(Find(1, {}), ElementsAre("c", "a"));
  EXPECT_THAT(Find(2, {}), ElementsAre("c", "b"));
  EXPECT_THAT(Find(1, {.event_id = "a"}), ElementsAre("a"));
  EXPECT_THAT(Find(1, {.event_id = "b"}), IsEmpty());
  EXPECT_THAT(Find(2, {.object_id = "object of b"}), ElementsAre("b"));
  EXPECT_THAT(Find(2, {.object_id = "object of b", .asset_id = "other"}),
              IsEmpty());
  EXPECT_THAT(
      Find(1, {.asset_id = "asset", .end_time = kNow + absl::Seconds(1)}),
      ElementsAre("a"));
  EXPECT_THAT(
      Find(1, {.asset_id = "asset", .start_time = kNow + absl::Seconds(1)}),
      ElementsAre("c"));
}

TEST_F(RefusedEventsTest, OneTenantsFloodLeavesTheOthers) {
  Remember(Event(1, "mine"));
  for (size_t i = 0; i < 2 * RefusedEvents::kMaxPerTenant; ++i) {
    Remember(Event(2, absl::StrCat("e", i)));
  }
  EXPECT_THAT(Find(1, {}), ElementsAre("mine"));
  EXPECT_THAT(Find(2, {}), SizeIs(RefusedEvents::kMaxPerTenant));
  EXPECT_THAT(Find(2, {.event_id = "e0"}), IsEmpty());
  EXPECT_THAT(Find(2, {.event_id = "e1999"}), SizeIs(1));
  EXPECT_EQ(refused_.Count(2).rejected, 2000);
  EXPECT_EQ(refused_.Count(2).forgotten, 1000);
  EXPECT_GT(refused_.CompleteSince(2, kNow), kNow);
  EXPECT_EQ(refused_.CompleteSince(1, kNow), refused_.start_time());
}

// Everybody is told of those of unknown owners.
TEST_F(RefusedEventsTest, WhatIsNobodysCountsForEverybodysMemory) {
  for (size_t i = 0; i <= RefusedEvents::kMaxPerTenant; ++i) {
    Remember(Event(0, "e", kNow + absl::Seconds(i)));
  }
  EXPECT_EQ(refused_.CompleteSince(1, kNow), kNow + absl::Microseconds(1));
}

TEST_F(RefusedEventsTest, ForgetsTheOldestOfAllBeyondItsSize) {
  for (int64_t tenant = 1; tenant <= 11; ++tenant) {
    for (size_t i = 0; i < RefusedEvents::kMaxPerTenant; ++i) {
      Remember(Event(tenant, "e"));
    }
  }
  EXPECT_THAT(Find(1, {}), IsEmpty());
  EXPECT_THAT(Find(2, {}), SizeIs(RefusedEvents::kMaxPerTenant));
  EXPECT_THAT(Find(11, {}), SizeIs(RefusedEvents::kMaxPerTenant));
}

TEST_F(RefusedEventsTest, OverTheQuotaIsRememberedOnceWithHowOften) {
  Remember(OverQuota(1, "a"));
  Remember(OverQuota(1, "b", kNow + absl::Seconds(1)));
  Remember(OverQuota(2, "a", kNow + absl::Seconds(1)));
  Remember(OverQuota(1, "a", kNow + absl::Seconds(2)));
  EXPECT_THAT(Find(1, {}), ElementsAre("a", "b"));
  const RefusedEvent found = refused_.Find(1, {.event_id = "a"}, kNow).at(0);
  EXPECT_EQ(found.count, 2);
  EXPECT_EQ(found.time, kNow + absl::Seconds(2));
  EXPECT_EQ(found.first_time, kNow);
  EXPECT_EQ(refused_.Count(1).over_quota, 3);
  EXPECT_EQ(refused_.Count(1).forgotten, 0);
  // It was refused at some time from the first to the last.
  EXPECT_THAT(Find(1, {.event_id = "a", .end_time = kNow + absl::Seconds(1)}),
              ElementsAre("a"));
  EXPECT_THAT(Find(1, {.event_id = "a", .end_time = kNow}), IsEmpty());
}

TEST_F(RefusedEventsTest, RepeatingWhatIsOverTheQuotaForgetsNothing) {
  for (size_t i = 0; i < 3 * RefusedEvents::kMaxEvents; ++i) {
    Remember(OverQuota(1, absl::StrCat("e", i % RefusedEvents::kMaxPerTenant)));
  }
  EXPECT_THAT(Find(1, {}), SizeIs(RefusedEvents::kMaxPerTenant));
  EXPECT_EQ(refused_.Count(1).forgotten, 0);
  EXPECT_EQ(refused_.OverQuotaCompleteSince(1, kNow), refused_.start_time());
}

// However many tenants are over theirs.
TEST_F(RefusedEventsTest, WhatIsOverTheQuotaLeavesTheOthers) {
  Remember(Event(1, "mine"));
  for (int64_t tenant = 1; tenant <= 11; ++tenant) {
    for (size_t i = 0; i <= RefusedEvents::kMaxPerTenant; ++i) {
      Remember(OverQuota(tenant, absl::StrCat("e", i)));
    }
  }
  EXPECT_THAT(Find(1, {}), ElementsAre("mine"));
  EXPECT_THAT(Find(11, {}), SizeIs(RefusedEvents::kMaxPerTenant));
  EXPECT_EQ(refused_.CompleteSince(1, kNow), refused_.start_time());
  EXPECT_GT(refused_.OverQuotaCompleteSince(1, kNow), kNow);
  EXPECT_EQ(refused_.OverQuotaCompleteSince(12, kNow), refused_.start_time());
  EXPECT_EQ(refused_.Count(1).forgotten, 1011);
}

TEST_F(RefusedEventsTest, ForgetsAfterADay) {
  Remember(Event(1, "a"));
  const absl::Time later = kNow + RefusedEvents::kMaxAge + absl::Seconds(1);
  EXPECT_THAT(Find(1, {}, later), IsEmpty());
  Remember(Event(1, "b", later));
  EXPECT_EQ(refused_.Count(1).forgotten, 1);
  EXPECT_THAT(Find(1, {}, later), ElementsAre("b"));
  EXPECT_EQ(refused_.CompleteSince(1, later), kNow + absl::Seconds(1));
}

TEST_F(RefusedEventsTest, CutsWhatIsTooLong) {
  RefusedEvent event = Event(1, std::string(1000, 'x'));
  for (int i = 0; i < 50; ++i) {
    v1::Violation violation;
    violation.set_field(std::string(1000, 'f'));
    event.violations.push_back(violation);
  }
  Remember(event);
  const RefusedEvent found = refused_.Find(1, {}, kNow).at(0);
  EXPECT_LE(found.event_id.size(), RefusedEvents::kMaxTextBytes);
  ASSERT_THAT(found.violations, SizeIs(RefusedEvents::kMaxViolations));
  EXPECT_EQ(found.further_violations, 47);
  EXPECT_LE(found.violations[0].field().size(), RefusedEvents::kMaxTextBytes);
}

TEST_F(RefusedEventsTest, CountsByTenantAndReason) {
  RefusedEvent event = Event(1, "a");
  for (Refusal refusal : {Refusal::kNoSubscription, Refusal::kDuplicate,
                          Refusal::kDuplicate, Refusal::kRejected}) {
    event.refusal = refusal;
    Remember(event);
  }
  Remember(Event(0, "b"));
  const RefusedEventCounts counts = refused_.Count(1);
  EXPECT_EQ(counts.rejected, 1);
  EXPECT_EQ(counts.no_subscription, 1);
  EXPECT_EQ(counts.duplicate, 2);
  EXPECT_EQ(counts.unknown_owner, 1);
  EXPECT_EQ(refused_.Count(9).rejected, 0);
  EXPECT_EQ(refused_.Count(9).unknown_owner, 1);
}

}  // namespace
}  // namespace mqttpush
