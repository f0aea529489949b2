#include "tests/fault/round_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace mqttpush::fault {
namespace {

const std::vector<std::string> kLinks = {"a", "b", "c", "d"};

std::vector<const FaultKind*> AllKinds() {
  std::vector<const FaultKind*> kinds;
  for (const FaultKind& kind : AllFaults()) kinds.push_back(&kind);
  return kinds;
}

TEST(RoundPlan, IsDecidedByTheSeed) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const RoundPlan plan = DrawPlan(seed, AllKinds(), kLinks.size());
    const RoundPlan again = DrawPlan(seed, AllKinds(), kLinks.size());
    EXPECT_EQ(plan.Describe(kLinks), again.Describe(kLinks));
    EXPECT_EQ(plan.events, again.events);
    EXPECT_EQ(plan.span, again.span);
    EXPECT_EQ(plan.latency, again.latency);
    for (size_t i = 0; i < plan.strikes.size(); ++i) {
      EXPECT_EQ(plan.strikes[i].draw, again.strikes[i].draw);
    }
  }
}

TEST(RoundPlan, SeedsDiffer) {
  std::set<std::string> plans;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    plans.insert(DrawPlan(seed, AllKinds(), kLinks.size()).Describe(kLinks));
  }
  EXPECT_GE(plans.size(), 99u);
}

TEST(RoundPlan, StaysWithinItsBounds) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const RoundPlan plan = DrawPlan(seed, AllKinds(), kLinks.size());
    ASSERT_GE(plan.strikes.size(), 1u);
    ASSERT_LE(plan.strikes.size(), 4u);
    absl::Duration last;
    for (const Strike& strike : plan.strikes) {
      EXPECT_LT(strike.link, kLinks.size());
      EXPECT_GE(strike.at, last);
      EXPECT_LE(strike.at, plan.span);
      last = strike.at;
    }
  }
}

TEST(RoundPlan, DrawsOnlyWhatIsAllowed) {
  const RoundPlan plan = DrawPlan(7, {FindFault("cut")}, kLinks.size());
  for (const Strike& strike : plan.strikes) {
    EXPECT_STREQ(strike.kind->name, "cut");
  }
}

// `dev` runs these seeds in `./dev test`.
TEST(RoundPlan, TheSeedsOfTheShortRunCoverEveryFault) {
  std::set<std::string> missing;
  for (const FaultKind& kind : AllFaults()) missing.insert(kind.name);
  for (uint64_t seed = 7; seed < 7 + 25; ++seed) {
    for (const Strike& strike :
         DrawPlan(seed, AllKinds(), kLinks.size()).strikes) {
      missing.erase(strike.kind->name);
    }
  }
  EXPECT_THAT(missing, ::testing::IsEmpty());
}

TEST(Faults, AreKnownByName) {
  for (const FaultKind& kind : AllFaults()) {
    EXPECT_EQ(FindFault(kind.name), &kind);
  }
  EXPECT_EQ(FindFault("none"), nullptr);
}

}  // namespace
}  // namespace mqttpush::fault
