#include "services/history/replay_policy.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

TEST(ReplayPolicyTest, BatchesAreSmallAndTheirPausesKeepTheRate) {
  struct Case {
    int max_per_second;
    int batch_size;
    absl::Duration pause;
  };
  const Case kCases[] = {
      {1, 1, absl::Seconds(1)},           {2, 1, absl::Milliseconds(500)},
      {10, 1, absl::Milliseconds(100)},   {19, 1, absl::Seconds(1) / 19},
      {20, 2, absl::Milliseconds(100)},   {100, 10, absl::Milliseconds(100)},
      {200, 20, absl::Milliseconds(100)}, {500, 20, absl::Milliseconds(40)},
      {1000, 20, absl::Milliseconds(20)},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(ReplayBatchSize(c.max_per_second), c.batch_size)
        << c.max_per_second;
    EXPECT_EQ(ReplayPause(c.batch_size, c.max_per_second), c.pause)
        << c.max_per_second;
  }
  // What is left of the last page.
  EXPECT_EQ(ReplayPause(3, 100), absl::Milliseconds(30));
}

TEST(ReplayPolicyTest, AnswersSayWhatHadItsTurnAndWhatIsInTheWay) {
  const absl::Status ok;
  const absl::Status changed = absl::AbortedError("it has not ended");
  const absl::Status gone = absl::NotFoundError("no such delivery");
  const absl::Status full = absl::ResourceExhaustedError("full");
  const absl::Status unread = absl::UnavailableError("no log");
  struct Case {
    std::vector<absl::Status> answers;
    int requested;
    int skipped;
    size_t passed;
    absl::Status hold;
  };
  const Case kCases[] = {
      {{}, 0, 0, 0, ok},
      {{ok, ok}, 2, 0, 2, ok},
      {{ok, changed, gone, ok}, 2, 2, 4, ok},
      {{changed, changed}, 0, 2, 2, ok},
      // What follows of another subscription may have been taken.
      {{ok, full, ok, changed}, 2, 0, 1, full},
      {{full, full}, 0, 0, 0, full},
      {{ok, gone, unread, full}, 1, 1, 2, unread},
  };
  for (const Case& c : kCases) {
    const ReplayBatchOutcome outcome = JudgeReplayBatch(c.answers);
    EXPECT_EQ(outcome.requested, c.requested);
    EXPECT_EQ(outcome.skipped, c.skipped);
    EXPECT_EQ(outcome.passed, c.passed);
    EXPECT_EQ(outcome.hold, c.hold);
  }
}

TEST(ReplayPolicyTest, WaitsLongerForWhatAPersonMustMend) {
  EXPECT_EQ(ReplayHoldDelay(absl::ResourceExhaustedError("full")),
            absl::Seconds(1));
  EXPECT_EQ(ReplayHoldDelay(absl::UnavailableError("no log")),
            absl::Seconds(5));
}

}  // namespace
}  // namespace mqttpush
