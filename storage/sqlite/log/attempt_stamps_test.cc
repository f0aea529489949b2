#include "storage/sqlite/log/attempt_stamps.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

class TicksClock : public Clock {
 public:
  absl::Time Now() const override { return FromTicks(ticks); }
  int64_t ticks = 1000;
};

class AttemptStampsTest : public ::testing::Test {
 protected:
  TicksClock clock_;
  AttemptStamps stamps_{&clock_, 0};
};

TEST_F(AttemptStampsTest, AreTheTimeOfTheirCommitAndRise) {
  stamps_.BeginCommit();
  clock_.ticks = 5000;  // a commit that takes long
  EXPECT_EQ(stamps_.Next(), 1000);
  EXPECT_EQ(stamps_.Next(), 1001);
  stamps_.EndCommit();
  EXPECT_EQ(stamps_.last(), 1001);
  stamps_.BeginCommit();
  EXPECT_EQ(stamps_.Next(), 5000);
  stamps_.EndCommit();
}

TEST_F(AttemptStampsTest, RiseWhenTheClockStandsStillOrGoesBack) {
  for (int64_t expected = 1000; expected < 1003; ++expected) {
    stamps_.BeginCommit();
    EXPECT_EQ(stamps_.Next(), expected);
    stamps_.EndCommit();
    clock_.ticks = expected == 1001 ? 3 : clock_.ticks;
  }
  AttemptStamps later(&clock_, stamps_.last());
  later.BeginCommit();
  EXPECT_EQ(later.Next(), 1003);
}

TEST_F(AttemptStampsTest, AreSettledWhenNothingIsUnderWay) {
  EXPECT_EQ(stamps_.SettledBefore(), 1000);
  clock_.ticks = 2000;
  EXPECT_EQ(stamps_.SettledBefore(), 2000);
  stamps_.BeginCommit();
  EXPECT_EQ(stamps_.Next(), 2000);
  clock_.ticks = 9000;
  EXPECT_EQ(stamps_.SettledBefore(), 2000) << "it can still become visible";
  stamps_.EndCommit();
  EXPECT_EQ(stamps_.SettledBefore(), 9000);
}

TEST_F(AttemptStampsTest, NothingComesBeforeTheLastEvenIfTheClockIs) {
  stamps_.BeginCommit();
  stamps_.Next();
  stamps_.EndCommit();
  clock_.ticks = 10;
  EXPECT_EQ(stamps_.SettledBefore(), 1001);
}

}  // namespace
}  // namespace mqttpush
