// A process that writes a log is killed at any moment: what it was told is
// durable is there, whole, and everything else agrees with it. A longer run:
// mqttpush-crash --kills 500.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/crash/crash_run.h"

namespace mqttpush::crash {
namespace {

TEST(LogCrashTest, KeepsWhatWasAcknowledgedAndHalfOfNothing) {
  constexpr uint32_t kSeed = 1;
  const CrashResult result = KillWriters(kSeed, 40, /*verbose=*/true);
  EXPECT_THAT(result.findings, ::testing::IsEmpty());
  EXPECT_GE(result.kills, 40);
}

}  // namespace
}  // namespace mqttpush::crash
