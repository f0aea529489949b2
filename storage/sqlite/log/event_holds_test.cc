#include "storage/sqlite/log/event_holds.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

class EventHoldsTest : public ::testing::Test {
 protected:
  std::shared_ptr<EventHolds> holds_ = std::make_shared<EventHolds>();
};

TEST_F(EventHoldsTest, WhatIsHeldIsNotDropped) {
  EventHold hold = holds_->Hold(7);
  ASSERT_NE(hold, nullptr);
  EXPECT_FALSE(holds_->BeginDropping({1, 7}));
  EXPECT_FALSE(holds_->BeginDropping({7, 9}));
  EXPECT_TRUE(holds_->BeginDropping({1, 6}));
  EXPECT_TRUE(holds_->BeginDropping({8, 9}));
  hold = nullptr;
  EXPECT_TRUE(holds_->BeginDropping({7, 7}));
}

TEST_F(EventHoldsTest, IsHeldUntilTheLastHasLetGo) {
  EventHold one = holds_->Hold(7);
  EventHold other = holds_->Hold(7);
  const EventHold copy = other;
  one = nullptr;
  other = nullptr;
  EXPECT_FALSE(holds_->BeginDropping({7, 7}));
}

TEST_F(EventHoldsTest, WhatIsBeingDroppedCannotBeHeld) {
  EXPECT_TRUE(holds_->BeginDropping({1, 3}));
  EXPECT_TRUE(holds_->BeginDropping({7, 8}));
  EXPECT_EQ(holds_->Hold(3), nullptr);
  EXPECT_EQ(holds_->Hold(7), nullptr);
  EXPECT_NE(holds_->Hold(5), nullptr);
  holds_->EndDropping();
  EXPECT_NE(holds_->Hold(3), nullptr);
}

TEST_F(EventHoldsTest, MayGoBeforeWhatItGave) {
  const EventHold hold = holds_->Hold(7);
  holds_ = nullptr;
}

TEST_F(EventHoldsTest, ASegmentWithoutEventsIsNotHeld) {
  const EventHold hold = holds_->Hold(7);
  EXPECT_TRUE(holds_->BeginDropping({7, 6}));
}

}  // namespace
}  // namespace mqttpush
