#include "server/conservation_watch.h"

#include <deque>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr absl::Duration kAtOnce = absl::Milliseconds(1);

using StepResult = absl::StatusOr<std::optional<ConservationReport>>;

// Plays the steps, then repeats the last.
class PlayedAudit : public ConservationAudit {
 public:
  explicit PlayedAudit(std::deque<StepResult> steps)
      : steps_(std::move(steps)) {}
  StepResult Step() override {
    StepResult step = steps_.front();
    if (steps_.size() > 1) steps_.pop_front();
    return step;
  }

 private:
  std::deque<StepResult> steps_;
};

ConservationReport Sound() { return {.subscriptions = 1, .events = 10}; }

ConservationReport Broken(int64_t stated, int64_t counted) {
  ConservationReport report = Sound();
  report.differences.push_back({.subscription_uid = 7,
                                .tenant_uid = 1,
                                .subscription_id = "sub",
                                .count = "delivered",
                                .stated = stated,
                                .counted = counted});
  return report;
}

struct Outcome {
  ConservationCounters counters;
  std::string said;
};

// Runs until `audits` are complete.
Outcome Watch(std::deque<StepResult> steps, int audits) {
  testing::internal::CaptureStderr();
  Outcome outcome;
  {
    ConservationWatch watch(std::make_unique<PlayedAudit>(std::move(steps)),
                            kAtOnce, Clock::Real());
    EXPECT_TRUE(WaitUntil(kPatience, [&] {
      outcome.counters = watch.counters();
      return outcome.counters.audits >= audits;
    }));
  }
  outcome.said = testing::internal::GetCapturedStderr();
  return outcome;
}

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string::npos;
       at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST(ConservationWatchTest, ASoundLogIsSummedUpOnce) {
  const Outcome outcome = Watch({std::nullopt, std::nullopt, Sound()}, 5);
  EXPECT_EQ(outcome.counters.violations, 0);
  EXPECT_EQ(outcome.counters.differences, 0);
  EXPECT_NE(outcome.counters.audit_time, absl::InfinitePast());
  EXPECT_EQ(Count(outcome.said, "conservation_audited"), 1);
  EXPECT_THAT(outcome.said, HasSubstr("subscriptions=1 events=10"));
  EXPECT_THAT(outcome.said, Not(HasSubstr("conservation_violated")));
}

TEST(ConservationWatchTest, ADifferenceIsLoggedOncePerChange) {
  const Outcome outcome =
      Watch({Broken(5, 4), Broken(5, 4), Broken(8, 7), Broken(9, 7)}, 6);
  EXPECT_EQ(Count(outcome.said, "conservation_violated"), 2);
  EXPECT_THAT(outcome.said,
              HasSubstr("subscription=sub subscription_uid=7 tenant_uid=1 "
                        "count=delivered stated=5 counted=4"));
  EXPECT_THAT(outcome.said, HasSubstr("stated=9 counted=7"));
  EXPECT_EQ(outcome.counters.violations, 2);
  EXPECT_EQ(outcome.counters.differences, 1);
}

TEST(ConservationWatchTest, TheEndOfADifferenceIsLogged) {
  const Outcome outcome =
      Watch({Broken(5, 4), Sound(), Broken(5, 4), Sound()}, 6);
  EXPECT_EQ(Count(outcome.said, "conservation_violated"), 2);
  EXPECT_EQ(Count(outcome.said, "conservation_restored"), 2);
  EXPECT_EQ(outcome.counters.violations, 2);
  EXPECT_EQ(outcome.counters.differences, 0);
}

TEST(ConservationWatchTest, GoesOnAfterALogThatCouldNotBeRead) {
  const Outcome outcome =
      Watch({absl::UnavailableError("disk I/O error"), Sound()}, 1);
  EXPECT_EQ(Count(outcome.said, "conservation_audit_failed"), 1);
  EXPECT_THAT(outcome.said, HasSubstr("disk I/O error"));
}

TEST(ConservationWatchTest, StopsWithinALongInterval) {
  ConservationWatch watch(
      std::make_unique<PlayedAudit>(std::deque<StepResult>{Sound()}),
      absl::Hours(1), Clock::Real());
  EXPECT_TRUE(
      WaitUntil(kPatience, [&] { return watch.counters().audits == 1; }));
}

}  // namespace
}  // namespace mqttpush
