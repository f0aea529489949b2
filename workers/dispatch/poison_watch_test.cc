#include "workers/dispatch/poison_watch.h"

#include <string>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

const PoisonWatch::Delivery kMessage = {7, 1};
const PoisonWatch::Delivery kOther = {8, 2};

// Sends kMessage as the watch wants it and lets the broker cut the connection.
bool Cut(PoisonWatch& watch, PoisonWatch::Delivery delivery = kMessage) {
  return watch.Lost(delivery, /*suspect=*/true, watch.MustBeAlone(delivery));
}

// Each letter is what becomes of kMessage: c the broker cuts the connection on
// it, l its connection is lost by other means, o the broker cuts it on another
// message while kMessage is in flight, a it is acknowledged, x another message
// is. The result has a letter for each: R refused, - not.
struct Row {
  const char* fate;
  const char* refusals;
  bool alone_at_the_end;
};

TEST(PoisonWatchTest, Table) {
  const Row kTable[] = {
      {"c", "-", false},
      {"cc", "--", true},
      {"cccc", "----", true},
      {"ccccc", "----R", true},
      {"cccccc", "----RR", true},  // each further loss is one more refusal
      {"clc", "---", true},        // other losses say nothing about the message
      {"llllll", "------", false},
      {"coc", "---", true},  // another suspect does not absolve it
      {"oooooo", "------", false},
      {"ca", "--", false},  // any answer clears it
      {"cac", "---", false},
      {"cccca", "-----", false},
      {"ccccccac", "----RR--", false},
      {"cxc", "---", true},  // an answer to another one does not
      {"ccccxc", "-----R", true},
      {"cccclc", "------", true},  // alone, the losses must be in a row
      {"cccclccc", "-------R", true},
      {"ccccclc", "----R-R", true},  // refused before: only an answer helps
  };
  for (const Row& row : kTable) {
    SCOPED_TRACE(row.fate);
    PoisonWatch watch;
    std::string refusals;
    for (const char* fate = row.fate; *fate != '\0'; ++fate) {
      const bool alone = watch.MustBeAlone(kMessage);
      bool refused = false;
      if (*fate == 'c') refused = Cut(watch);
      if (*fate == 'l') refused = watch.Lost(kMessage, false, alone);
      if (*fate == 'o') {
        Cut(watch, kOther);
        watch.Acknowledged(kOther);
        refused = watch.Lost(kMessage, false, false);
      }
      if (*fate == 'a') watch.Acknowledged(kMessage);
      if (*fate == 'x') watch.Acknowledged(kOther);
      refusals += refused ? 'R' : '-';
    }
    EXPECT_EQ(refusals, row.refusals);
    EXPECT_EQ(watch.MustBeAlone(kMessage), row.alone_at_the_end);
  }
}

TEST(PoisonWatchTest, BrokerThatDropsEverythingRefusesAtMostTen) {
  PoisonWatch watch;
  int refused = 0;
  for (int64_t seq = 1; seq <= 20; ++seq) {
    for (int loss = 0; loss < 5; ++loss) refused += Cut(watch, {7, seq});
  }
  EXPECT_EQ(refused, PoisonWatch::kMaxRefused);
  EXPECT_TRUE(Cut(watch, {7, 1}));    // was set aside before
  EXPECT_FALSE(Cut(watch, {7, 20}));  // the head of the line stays
  watch.Acknowledged(kOther);
  EXPECT_TRUE(Cut(watch, {7, 20}));
}

TEST(PoisonWatchTest, ForgetsWhatIsNotSentAnyMore) {
  PoisonWatch watch;
  Cut(watch);
  Cut(watch);
  watch.Ended(kMessage);
  EXPECT_FALSE(watch.MustBeAlone(kMessage));
}

TEST(PoisonWatchTest, RemembersABoundedNumber) {
  PoisonWatch watch;
  for (int64_t seq = 1; seq <= 5000; ++seq) {
    Cut(watch, {7, seq});
    Cut(watch, {7, seq});
    EXPECT_TRUE(watch.MustBeAlone({7, seq}));
  }
  EXPECT_FALSE(watch.MustBeAlone({7, 1}));
}

TEST(PoisonWatchTest, WhatWasRefusedBeforeIsSentAloneAgain) {
  PoisonWatch watch;
  watch.Suspect({7, 1});
  EXPECT_TRUE(watch.MustBeAlone({7, 1}));
  EXPECT_FALSE(watch.MustBeAlone({7, 2}));
  watch.Acknowledged({7, 1});
  EXPECT_FALSE(watch.MustBeAlone({7, 1}));
}

}  // namespace
}  // namespace mqttpush
