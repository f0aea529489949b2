#include "services/history/stream_turn.h"

#include <functional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using Step = StreamTurn::Step;
using Found = StreamTurn::Found;

// What happens, and the step that follows.
struct Event {
  std::function<Step(StreamTurn&)> happen;
  Step next;
};

Event Reads(Found found, Step next) {
  return {[=](StreamTurn& turn) { return turn.ReadDone(found); }, next};
}
Event Writes(bool ok, Step next) {
  return {[=](StreamTurn& turn) { return turn.WriteDone(ok); }, next};
}
Event Wakes(Step next) {
  return {[](StreamTurn& turn) { return turn.Wake(); }, next};
}
Event Ends(Step next) {
  return {
      [](StreamTurn& turn) { return turn.End(absl::UnavailableError("stop")); },
      next};
}

constexpr Found kSome = {.send = true};
constexpr Found kNothing = {};
constexpr Found kAtEnd = {.at_end = true};
constexpr Found kLast = {.at_end = true, .last = true};
constexpr Found kLastOnes = {.send = true, .at_end = true, .last = true};

struct Case {
  std::string name;
  std::vector<Event> events;                      // after Begin
  absl::StatusCode code = absl::StatusCode::kOk;  // when it has finished
};

class StreamTurnTest : public ::testing::TestWithParam<Case> {};

TEST_P(StreamTurnTest, OneStepFollowsFromAnother) {
  StreamTurn turn;
  Step step = turn.Begin();
  EXPECT_EQ(step, Step::kRead);
  for (size_t i = 0; i < GetParam().events.size(); ++i) {
    step = GetParam().events[i].happen(turn);
    EXPECT_EQ(step, GetParam().events[i].next) << "event " << i;
  }
  if (step == Step::kFinish) {
    EXPECT_EQ(turn.status().code(), GetParam().code);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, StreamTurnTest,
    ::testing::Values(
        Case{"WritesWhatItRead",
             {Reads(kSome, Step::kWrite), Writes(true, Step::kRead),
              Reads(kSome, Step::kWrite)}},
        Case{"ReadsOnOverWhatDoesNotMatch",
             {Reads(kNothing, Step::kRead), Reads(kNothing, Step::kRead)}},
        Case{"WaitsAtTheEnd",
             {Reads(kAtEnd, Step::kNone), Wakes(Step::kRead),
              Reads(kAtEnd, Step::kNone)}},
        Case{"AWakeDuringAReadIsNotLost",
             {Wakes(Step::kNone), Reads(kAtEnd, Step::kRead),
              Reads(kAtEnd, Step::kNone)}},
        Case{"AWakeDuringAWriteIsFollowedByAReadAnyway",
             {Reads(kSome, Step::kWrite), Wakes(Step::kNone),
              Writes(true, Step::kRead), Reads(kAtEnd, Step::kNone)}},
        Case{"EndsAfterTheLast", {Reads(kLast, Step::kFinish)}},
        Case{"EndsOnceTheLastIsWritten",
             {Reads(kLastOnes, Step::kWrite), Writes(true, Step::kFinish)}},
        Case{"AFailedReadEndsIt",
             {{[](StreamTurn& turn) {
                 return turn.ReadDone(absl::DataLossError("disk"));
               },
               Step::kFinish}},
             absl::StatusCode::kDataLoss},
        Case{"AReaderThatIsGoneEndsIt",
             {Reads(kSome, Step::kWrite), Writes(false, Step::kFinish)},
             absl::StatusCode::kCancelled},
        Case{"EndedWhileItReads",
             {Ends(Step::kNone), Reads(kSome, Step::kFinish)},
             absl::StatusCode::kUnavailable},
        Case{"EndedWhileItWrites",
             {Reads(kSome, Step::kWrite), Ends(Step::kNone),
              Writes(true, Step::kFinish)},
             absl::StatusCode::kUnavailable},
        Case{"EndedWhileItWaits",
             {Reads(kAtEnd, Step::kNone), Ends(Step::kFinish)},
             absl::StatusCode::kUnavailable},
        Case{"NothingFollowsTheEnd",
             {Reads(kLast, Step::kFinish), Wakes(Step::kNone),
              Ends(Step::kNone)}}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace mqttpush
