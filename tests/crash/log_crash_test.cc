// A process that writes a log is killed at any moment: what it was told is
// durable is there, whole, and everything else agrees with it. A longer run:
// ./dev crash.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/crash/crash_run.h"

namespace mqttpush::crash {
namespace {

// As many as a minute has room for, also where a sanitizer slows everything.
#ifdef __SANITIZE_ADDRESS__
constexpr int kKills = 40;
#else
constexpr int kKills = 200;
#endif

TEST(LogCrashTest, KeepsWhatWasAcknowledgedAndHalfOfNothing) {
  constexpr uint32_t kSeed = 1;
  CrashResult result = KillWriters(kSeed, kKills, /*verbose=*/true);
  EXPECT_THAT(result.findings, ::testing::IsEmpty());
  EXPECT_GE(result.kills, kKills);
  EXPECT_GT(result.places["drop unlink"], 0);
}

}  // namespace
}  // namespace mqttpush::crash
