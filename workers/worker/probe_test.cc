#include "workers/worker/probe.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr absl::Duration kNow = absl::Hours(7);
const absl::Duration kLater = kNow + kPatience;

TEST(ProbeTest, GoesFirstForAsLongAsItsSilenceIsNew) {
  Probe probe;
  EXPECT_TRUE(probe.IsNext(kNow, kPatience));
  probe.OnSilence(kNow);
  EXPECT_TRUE(probe.IsNext(kNow, kPatience));
  probe.OnSilence(kLater - absl::Seconds(1));
  EXPECT_TRUE(probe.IsNext(kLater - absl::Seconds(1), kPatience));
  EXPECT_FALSE(probe.IsNext(kLater, kPatience)) << "from the first silence on";
}

TEST(ProbeTest, ACallThatIsSilentTooLeavesTheBrokerForAbsent) {
  Probe probe;
  probe.OnSilence(kNow);
  ASSERT_FALSE(probe.IsNext(kLater, kPatience));
  probe.OnCallSilence();
  EXPECT_TRUE(probe.IsNext(kLater, kPatience));
  probe.OnSilence(kLater);
  EXPECT_TRUE(probe.IsNext(kLater + absl::Seconds(1), kPatience));
}

TEST(ProbeTest, ABrokerThatIgnoresProbesIsCalledEverySecondTime) {
  Probe probe;
  probe.OnSilence(kNow);
  probe.OnCallAnswered();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(probe.IsNext(kNow, kPatience));
    probe.OnSilence(kNow);
    EXPECT_FALSE(probe.IsNext(kNow, kPatience));
    i == 1 ? probe.OnCallSilence() : probe.OnCallAnswered();
  }
}

TEST(ProbeTest, ABrokerThatAnswersProbesIsCalledOnlyAfterAnAnswer) {
  Probe learned;
  learned.OnSilence(kNow);
  learned.OnCallAnswered();
  learned.OnAnswered();
  Probe known(true);
  for (Probe* probe : {&learned, &known}) {
    probe->OnSilence(kNow);
    EXPECT_TRUE(probe->IsNext(kLater, kPatience));
  }
}

}  // namespace
}  // namespace mqttpush
