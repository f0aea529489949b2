#include "services/ingest/outbox_level.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

TEST(OutboxLevelTest, RisesAtEachLevel) {
  EXPECT_EQ(OutboxLevel(0, 0), 0);
  EXPECT_EQ(OutboxLevel(79, 0), 0);
  EXPECT_EQ(OutboxLevel(80, 0), 80);
  EXPECT_EQ(OutboxLevel(94, 80), 80);
  EXPECT_EQ(OutboxLevel(95, 80), 95);
  EXPECT_EQ(OutboxLevel(99, 95), 95);
  EXPECT_EQ(OutboxLevel(100, 95), 100);
  EXPECT_EQ(OutboxLevel(1000, 0), 100);
}

TEST(OutboxLevelTest, FallsWhenItIsClearlyBelow) {
  EXPECT_EQ(OutboxLevel(99, 100), 100);
  EXPECT_EQ(OutboxLevel(95, 100), 100);
  EXPECT_EQ(OutboxLevel(94, 100), 95);
  EXPECT_EQ(OutboxLevel(89, 95), 80);
  EXPECT_EQ(OutboxLevel(75, 80), 80);
  EXPECT_EQ(OutboxLevel(74, 80), 0);
  EXPECT_EQ(OutboxLevel(0, 100), 0);
}

}  // namespace
}  // namespace mqttpush
