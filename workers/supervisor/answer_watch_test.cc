#include "workers/supervisor/answer_watch.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

// What it says to each tick; "." for a tick, "h" for a word of the worker's.
std::string Verdicts(const std::string& story) {
  AnswerWatch watch;
  std::string verdicts;
  for (char event : story) {
    if (event == 'h') {
      watch.OnHeard();
    } else {
      verdicts += watch.OnTick() ? "a" : "H";  // ask, hangs
    }
  }
  return verdicts;
}

TEST(AnswerWatchTest, HangsWhenItWasAskedFourTimesInVain) {
  EXPECT_EQ(Verdicts("...."), "aaaa");
  EXPECT_EQ(Verdicts("....."), "aaaaH");
  EXPECT_EQ(Verdicts("......"), "aaaaHH");
}

TEST(AnswerWatchTest, AnyWordWillDo) {
  EXPECT_EQ(Verdicts("....h...."), "aaaaaaaa");
  EXPECT_EQ(Verdicts("...h.hh...."), "aaaaaaaa");
  EXPECT_EQ(Verdicts(".h....."), "aaaaaH");
}

}  // namespace
}  // namespace mqttpush
