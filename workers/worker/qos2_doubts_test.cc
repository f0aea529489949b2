#include "workers/worker/qos2_doubts.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr DeliveryKey kFirst{7, 1};
constexpr DeliveryKey kSecond{7, 2};

TEST(Qos2DoubtsTest, OneMessageMayBeTheCulprit) {
  Qos2Doubts doubts;
  EXPECT_THAT(doubts.hint(), IsEmpty());
  for (int i = 0; i < 10; ++i) doubts.Cut(kFirst, 1);
  EXPECT_EQ(doubts.maximum_qos(), 2);
  EXPECT_THAT(doubts.hint(), HasSubstr("may not allow QoS 2"));
}

TEST(Qos2DoubtsTest, TwoWithoutAnyAnswerAreNot) {
  Qos2Doubts doubts;
  doubts.Cut(kFirst, 1);
  doubts.Cut(kSecond, 1);
  EXPECT_EQ(doubts.maximum_qos(), 1);
  doubts.GiveAnotherChance();
  doubts.Cut(kFirst, 1);
  EXPECT_EQ(doubts.maximum_qos(), 2);
  doubts.Cut(kSecond, 1);
  EXPECT_EQ(doubts.maximum_qos(), 1);
}

TEST(Qos2DoubtsTest, ABrokerThatEverAnsweredTakesQos2) {
  Qos2Doubts doubts;
  doubts.Cut(kFirst, 1);
  doubts.Answered();
  EXPECT_THAT(doubts.hint(), IsEmpty());
  doubts.Cut(kFirst, 1);
  doubts.Cut(kSecond, 1);
  EXPECT_EQ(doubts.maximum_qos(), 2);
}

TEST(Qos2DoubtsTest, TheWindowShrinksToWhatTheBrokerBears) {
  Qos2Doubts doubts;
  EXPECT_EQ(doubts.window(), 20);
  doubts.Cut(kFirst, 11);
  EXPECT_EQ(doubts.window(), 5);
  for (int i = 0; i < 10; ++i) doubts.Cut(kFirst, 2);
  EXPECT_EQ(doubts.window(), 1);
}

void Answer(Qos2Doubts& doubts, int times = Qos2Doubts::kReassuringAnswers) {
  for (int i = 0; i < times; ++i) doubts.Answered();
}

TEST(Qos2DoubtsTest, AWindowThatShrankByChanceGrowsBack) {
  Qos2Doubts doubts;
  for (int restart = 0; restart < 10; ++restart) {
    doubts.Cut(kFirst, 20);
    EXPECT_EQ(doubts.window(), 10) << restart;
    Answer(doubts, 1);
    EXPECT_THAT(doubts.hint(), IsEmpty());
    Answer(doubts, Qos2Doubts::kReassuringAnswers - 1);
    EXPECT_EQ(doubts.window(), 20) << restart;
    Answer(doubts);
    doubts.Cut(kFirst, 20);
    EXPECT_EQ(doubts.window(), 20) << "after so many answers it is chance";
  }
}

TEST(Qos2DoubtsTest, AWindowThatDoesNotHoldIsTriedAFewTimesOnly) {
  Qos2Doubts doubts;
  doubts.Cut(kFirst, 11);
  for (int trial = 0; trial < Qos2Doubts::kTrials; ++trial) {
    Answer(doubts);
    EXPECT_EQ(doubts.window(), 20) << trial;
    doubts.Cut(kFirst, 11);
    EXPECT_EQ(doubts.window(), 5) << trial;
  }
  Answer(doubts, 10 * Qos2Doubts::kReassuringAnswers);
  EXPECT_EQ(doubts.window(), 5);
  EXPECT_THAT(doubts.hint(), HasSubstr("max_in_flight"));
}

}  // namespace
}  // namespace mqttpush
