#include "workers/worker/wire_log.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

absl::Time At(int seconds) { return absl::FromUnixSeconds(seconds); }

absl::Duration Steady(int seconds) { return absl::Seconds(1000 + seconds); }

PacketHead Publish(int packet_id, bool duplicate = false) {
  return {PacketType::kPublish, 2, duplicate, packet_id};
}

TEST(WireLogTest, FollowsAMessageThroughQos2) {
  WireLog log;
  EXPECT_FALSE(log.Get(1).written());
  log.OnWrite(Publish(1), At(1), Steady(1));
  EXPECT_TRUE(log.Get(1).written());
  EXPECT_FALSE(log.Get(1).received());
  log.OnAck({PacketType::kPubrec, 1, 0x10, "nobody listens"}, Steady(2));
  EXPECT_TRUE(log.Get(1).received());
  log.OnWrite({PacketType::kPubrel, 0, false, 1}, At(3), Steady(3));
  log.OnAck({PacketType::kPubcomp, 1, 0, ""}, Steady(4));
  const WireEvidence seen = log.Get(1);
  EXPECT_EQ(seen.publish_time, At(1));
  EXPECT_EQ(seen.pubrec_time, At(2));
  EXPECT_EQ(seen.ack_time, At(4));
  EXPECT_EQ(seen.reason_code, 0x10);
  EXPECT_EQ(seen.reason_string, "nobody listens");
  EXPECT_FALSE(seen.duplicate_flag);
  EXPECT_FALSE(seen.rejected);
  log.Erase(1);
  EXPECT_FALSE(log.Get(1).written());
}

TEST(WireLogTest, OnlyPubackAndPubrecRefuse) {
  struct Case {
    PacketType type;
    int reason_code;
    bool rejected;
  };
  for (const Case& c : {Case{PacketType::kPuback, 0x87, true},
                        Case{PacketType::kPubrec, 0x97, true},
                        Case{PacketType::kPuback, 0x10, false},
                        Case{PacketType::kPubcomp, 0x92, false}}) {
    WireLog log;
    log.OnWrite(Publish(1), At(1), Steady(1));
    log.OnAck({c.type, 1, c.reason_code, ""}, Steady(2));
    EXPECT_EQ(log.Get(1).rejected, c.rejected);
    EXPECT_EQ(log.Get(1).reason_code, c.reason_code);
  }
}

TEST(WireLogTest, TimesAreInOrderThoughTheTimeOfDayIsSet) {
  WireLog log;
  log.OnWrite(Publish(1), At(50), Steady(1));
  log.OnWrite(Publish(2), At(10), Steady(2));  // set back
  log.OnAck({PacketType::kPubrec, 1, 0, ""}, Steady(3));
  log.OnAck({PacketType::kPubrec, 2, 0, ""}, Steady(3));
  EXPECT_EQ(log.Get(1).pubrec_time, At(52));
  EXPECT_EQ(log.Get(2).pubrec_time, At(11));
}

TEST(WireLogTest, PubrecComesInTheOrderOfPublish) {
  WireLog log;
  // Packet ids wrap around; the order of writing counts.
  log.OnWrite(Publish(65535), At(1), Steady(1));
  log.OnWrite({PacketType::kPublish, 1, false, 1}, At(1), Steady(1));
  log.OnWrite({PacketType::kPubrel, 0, false, 9}, At(1), Steady(1));
  log.OnWrite(Publish(2), At(1), Steady(1));
  log.OnWrite(Publish(3), At(1), Steady(1));
  EXPECT_TRUE(log.OnAck({PacketType::kPubrec, 65535, 0, ""}, Steady(2)));
  EXPECT_TRUE(log.OnAck({PacketType::kPuback, 1, 0, ""}, Steady(2)));
  EXPECT_FALSE(log.OnAck({PacketType::kPubrec, 3, 0, ""}, Steady(2)));
  EXPECT_TRUE(log.OnAck({PacketType::kPubrec, 2, 0, ""}, Steady(2)));
  EXPECT_TRUE(log.OnAck({PacketType::kPubrec, 77, 0, ""}, Steady(2)));
  EXPECT_TRUE(log.OnAck({PacketType::kPubcomp, 9, 0, ""}, Steady(2)));
}

TEST(WireLogTest, ARefusalMayPassOverOlderMessages) {
  WireLog log;
  for (int id : {1, 2, 3}) log.OnWrite(Publish(id), At(1), Steady(1));
  EXPECT_TRUE(log.OnAck({PacketType::kPubrec, 2, 0x87, ""}, Steady(2)));
  EXPECT_FALSE(log.OnAck({PacketType::kPubrec, 3, 0, ""}, Steady(2)));
}

TEST(WireLogTest, APubackForQos2IsADowngrade) {
  WireLog log;
  log.OnWrite(Publish(1), At(1), Steady(1));
  log.OnWrite({PacketType::kPublish, 1, false, 2}, At(1), Steady(1));
  log.OnAck({PacketType::kPuback, 1, 0, ""}, Steady(2));
  log.OnAck({PacketType::kPuback, 2, 0, ""}, Steady(2));
  EXPECT_TRUE(log.Get(1).downgraded);
  EXPECT_FALSE(log.Get(2).downgraded);
}

TEST(WireLogTest, WhatWasSentBeforeIsADuplicate) {
  WireLog log;
  log.OnWrite(Publish(1, /*duplicate=*/true), At(1), Steady(1));
  EXPECT_TRUE(log.Get(1).duplicate_flag);
  // The session goes on at PUBREL.
  log.OnWrite({PacketType::kPubrel, 0, false, 2}, At(2), Steady(2));
  EXPECT_TRUE(log.Get(2).duplicate_flag);
  EXPECT_EQ(log.Get(2).publish_time, At(2));
  // A repetition on the same connection, which the guard swallows, is none.
  log.OnWrite(Publish(3), At(3), Steady(3));
  log.OnWrite(Publish(3, true), At(4), Steady(4));
  EXPECT_FALSE(log.Get(3).duplicate_flag);
  EXPECT_EQ(log.Get(3).publish_time, At(3));
}

TEST(WireLogTest, ANumberUsedAnewIsANewMessage) {
  WireLog log;
  log.OnWrite(Publish(1), At(1), Steady(1));
  log.OnAck({PacketType::kPuback, 1, 0x87, ""}, Steady(2));
  log.OnWrite(Publish(1), At(3), Steady(3));
  EXPECT_FALSE(log.Get(1).rejected);
  EXPECT_EQ(log.Get(1).publish_time, At(3));
}

}  // namespace
}  // namespace mqttpush
