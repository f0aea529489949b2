#include "workers/worker/suspect.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

TEST(SuspectTest, ThreeConnectionsInARowOnOneMessage) {
  Suspect suspect;
  EXPECT_FALSE(suspect.Blame({7, 1}, false));
  EXPECT_FALSE(suspect.Blame({7, 1}, false));
  EXPECT_TRUE(suspect.Blame({7, 1}, false));
  EXPECT_FALSE(suspect.Blame({7, 1}, false));  // counts anew
}

TEST(SuspectTest, AnotherMessageOrAnAnswerCountsAnew) {
  Suspect suspect;
  EXPECT_FALSE(suspect.Blame({7, 1}, false));
  EXPECT_FALSE(suspect.Blame({7, 1}, false));
  EXPECT_FALSE(suspect.Blame({7, 2}, false));
  EXPECT_FALSE(suspect.Blame({7, 2}, false));
  suspect.Clear({7, 1});
  suspect.Clear({7, 2});
  EXPECT_FALSE(suspect.Blame({7, 2}, false));
}

TEST(SuspectTest, OnceIsEnoughWhenItIsAlone) {
  Suspect suspect;
  EXPECT_TRUE(suspect.Blame({7, 1}, true));
}

TEST(JudgeLossTest, ByTheTable) {
  const LostMessage kUnanswered = {.qos = 1, .written = true};
  const LostMessage kQos0 = {.qos = 0, .written = true};
  const LostMessage kNotWritten = {.qos = 1};
  const LostMessage kReceived = {.qos = 2, .written = true, .received = true};
  const LostMessage kAlone = {.qos = 1, .written = true, .alone = true};
  const LostMessage kNotAlone = {
      .qos = 1, .written = true, .alone = true, .in_flight = 2};
  struct Case {
    LossBy by;
    LostMessage message;
    Blame blame;
  };
  const Case kCases[] = {
      {LossBy::kBroker, kUnanswered, Blame::kSuspect},
      {LossBy::kBroker, kQos0, Blame::kNone},
      {LossBy::kBroker, kNotWritten, Blame::kNone},
      {LossBy::kBroker, kReceived, Blame::kNone},
      {LossBy::kBroker, kAlone, Blame::kSuspect},
      {LossBy::kBroker, kNotAlone, Blame::kUnclear},
      {LossBy::kTimeout, kUnanswered, Blame::kTimedOut},
      {LossBy::kTimeout, kReceived, Blame::kTimedOut},
      {LossBy::kTimeout, kAlone, Blame::kSuspect},
      {LossBy::kTimeout, kNotAlone, Blame::kTimedOut},
      {LossBy::kOvertaken, kUnanswered, Blame::kSuspect},
      {LossBy::kOvertaken, kReceived, Blame::kTimedOut},
      {LossBy::kOvertaken, kNotAlone, Blame::kUnclear},
      {LossBy::kUs, kUnanswered, Blame::kNone},
      {LossBy::kUs, kAlone, Blame::kNone},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(JudgeLoss(c.by, c.message), c.blame)
        << static_cast<int>(c.by) << " " << (&c - kCases);
  }
}

}  // namespace
}  // namespace mqttpush
