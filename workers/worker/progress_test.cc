#include "workers/worker/progress.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

constexpr char kNoAck[] = "no acknowledgement within 30s";
constexpr char kNoPing[] =
    "the broker has sent nothing, not even PINGRESP, for 1m30s";

TEST(ProgressTest, StallsByTheTable) {
  struct Case {
    bool in_flight;
    int since_progress, oldest, silence;  // seconds
    const char* stalled;
    int next_look;  // seconds
  };
  const Case kCases[] = {
      // Idle: only silence counts.
      {false, 1000, 0, 0, "", 90},
      {false, 1000, 0, 89, "", 1},
      {false, 1000, 0, 90, kNoPing, 0},
      // In flight: acknowledgements must come.
      {true, 0, 0, 0, "", 30},
      {true, 29, 29, 29, "", 1},
      {true, 30, 30, 0, kNoAck, 0},
      {true, 30, 30, 30, kNoAck, 0},
      // Others are acknowledged, one is not.
      {true, 0, 119, 0, "", 1},
      {true, 0, 120, 0, kNoAck, 0},
      {true, 0, 0, 90, kNoPing, 0},
      {true, 0, 0, 80, "", 10},
  };
  for (const Case& c : kCases) {
    Progress progress;
    progress.ack_timeout = absl::Seconds(30);
    progress.keep_alive = absl::Seconds(60);
    progress.in_flight = c.in_flight;
    progress.since_progress = absl::Seconds(c.since_progress);
    progress.oldest = absl::Seconds(c.oldest);
    progress.silence = absl::Seconds(c.silence);
    const ProgressVerdict verdict = JudgeProgress(progress);
    EXPECT_EQ(verdict.stalled, c.stalled) << c.since_progress;
    if (*c.stalled != '\0') continue;
    EXPECT_EQ(verdict.next_look, absl::Seconds(c.next_look)) << c.silence;
  }
}

TEST(ProgressTest, AMessageThatIsPassedOverIsStuckAfterTheAckTimeout) {
  Progress progress;
  progress.ack_timeout = absl::Seconds(30);
  progress.keep_alive = absl::Seconds(60);
  progress.in_flight = true;
  progress.overtaken = true;
  progress.oldest = absl::Seconds(29);
  progress.since_progress = absl::Seconds(1);
  EXPECT_EQ(JudgeProgress(progress).stalled, "");
  EXPECT_EQ(JudgeProgress(progress).next_look, absl::Seconds(1));
  progress.oldest = absl::Seconds(30);
  EXPECT_EQ(
      JudgeProgress(progress).stalled,
      "a message was not acknowledged within 30s, though later ones were");
  EXPECT_TRUE(JudgeProgress(progress).one_is_stuck);
  // When nothing else comes either, it is the connection.
  progress.since_progress = absl::Seconds(30);
  EXPECT_EQ(JudgeProgress(progress).stalled, kNoAck);
  EXPECT_FALSE(JudgeProgress(progress).one_is_stuck);
}

TEST(ProgressTest, AShortKeepAliveLeavesTimeForThePing) {
  Progress progress;
  progress.ack_timeout = absl::Seconds(30);
  progress.keep_alive = absl::Seconds(1);
  progress.silence = absl::Seconds(5);
  EXPECT_EQ(JudgeProgress(progress).stalled, "");
  progress.silence = absl::Seconds(6);
  EXPECT_NE(JudgeProgress(progress).stalled, "");
}

}  // namespace
}  // namespace mqttpush
