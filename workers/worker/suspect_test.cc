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

}  // namespace
}  // namespace mqttpush
