#include "workers/worker/probe_policy.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr absl::Duration kNow = absl::Hours(7);
const absl::Duration kLater = kNow + kPatience;

TEST(ProbePolicyTest, GoesFirstForAsLongAsItsSilenceIsNew) {
  ProbePolicy probe;
  EXPECT_TRUE(probe.IsNext(kNow, kPatience));
  probe.OnProbeSilent(kNow);
  EXPECT_TRUE(probe.IsNext(kNow, kPatience));
  probe.OnProbeSilent(kLater - absl::Seconds(1));
  EXPECT_TRUE(probe.IsNext(kLater - absl::Seconds(1), kPatience));
  EXPECT_FALSE(probe.IsNext(kLater, kPatience)) << "from the first silence on";
}

TEST(ProbePolicyTest, ACallThatIsSilentTooLeavesTheBrokerForAbsent) {
  ProbePolicy probe;
  probe.OnProbeSilent(kNow);
  ASSERT_FALSE(probe.IsNext(kLater, kPatience));
  probe.OnCallSilent();
  EXPECT_TRUE(probe.IsNext(kLater, kPatience));
  probe.OnProbeSilent(kLater);
  EXPECT_TRUE(probe.IsNext(kLater + absl::Seconds(1), kPatience));
}

TEST(ProbePolicyTest, ABrokerThatIgnoresProbesIsCalledEverySecondTime) {
  ProbePolicy probe;
  probe.OnProbeSilent(kNow);
  probe.OnCallAnswered();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(probe.IsNext(kNow, kPatience));
    probe.OnProbeSilent(kNow);
    EXPECT_FALSE(probe.IsNext(kNow, kPatience));
    i == 1 ? probe.OnCallSilent() : probe.OnCallAnswered();
  }
}

TEST(ProbePolicyTest, OneThatHasAnsweredProbesIsGivenMoreTime) {
  ProbePolicy learned;
  learned.OnProbeSilent(kNow);
  learned.OnCallAnswered();
  learned.OnProbeAnswered();
  ProbePolicy known(true);
  for (ProbePolicy* probe : {&learned, &known}) {
    probe->OnProbeSilent(kNow);
    EXPECT_TRUE(probe->IsNext(kLater, kPatience));
    const absl::Duration last = kNow + ProbePolicy::kPatienceOfOld * kPatience;
    EXPECT_FALSE(probe->IsNext(last, kPatience)) << "it may have changed";
    probe->OnCallAnswered();
    probe->OnProbeSilent(last);
    EXPECT_FALSE(probe->IsNext(last, kPatience)) << "it has";
  }
}

}  // namespace
}  // namespace mqttpush
