#include "common/reason_codes.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

TEST(ReasonCodesTest, OnlyAPersonMendsThese) {
  for (int code : {1, 2, 4, 5, 0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C}) {
    EXPECT_TRUE(IsConnackPermanent(code)) << code;
  }
  for (int code : {0, 3, 6, 0x80, 0x88, 0x89, 0x97, 0x9F, 0xFE}) {
    EXPECT_FALSE(IsConnackPermanent(code)) << code;
  }
}

TEST(ReasonCodesTest, NamesCodes) {
  EXPECT_EQ(ReasonCodeName(0x99), "0x99 payload format invalid");
  EXPECT_EQ(ReasonCodeName(0xFE), "0xFE unknown reason");
  EXPECT_EQ(ConnackName(5), "CONNACK 5: not authorized");
  EXPECT_EQ(ConnackName(0x87), "CONNACK 0x87 not authorized");
  EXPECT_EQ(ConnackName(77), "CONNACK 77: unknown return code");
}

}  // namespace
}  // namespace mqttpush
